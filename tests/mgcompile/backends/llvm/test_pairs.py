"""A tile's vectors are worked on in pairs: without a loop where there are two, without one left."""

import random

import numpy as np
import pytest

import mgcompile
from mgcompile.backends.llvm.ir.target import host_target
from mgcompile.backends.llvm.lower import lower
from mgcore import ops


def circular(xs):
    """Return the sums of products of a ring of numbers with itself turned by every distance."""
    return [ops.dot(*xs, *xs[turn:], *xs[:turn]) for turn in range(len(xs))]


def many(xs):
    return ops.sum(*(ops.tanh(each * 0.1) for each in circular(xs)))


def irregular(xs):
    """Return sums as above, and a long tape of nodes that are hardly alike."""
    rng, nodes = random.Random(3), list(xs)
    for _ in range(400):
        a, b = nodes[-1 - rng.randrange(min(len(nodes), 9))], rng.choice(nodes[-40:])
        nodes.append(ops.tanh(a + 0.3 * b) if rng.random() < 0.5 else 0.7 * a - 0.4 * a * b)
    return ops.sum(*nodes[-12:], *circular(xs))


def text_of(kernel):
    lowered = lower(kernel._built.program, "float64")
    inside, lines = False, []
    for line in lowered.text.splitlines():
        inside = (inside and line != "}") or line.startswith("define internal void @tile0")
        lines += [line] * inside
    return lowered.loops, lines


def test_a_tile_of_two_vectors_has_no_loop_over_pairs():
    loops, lines = text_of(mgcompile.trace(many, ([0.1] * 200,)))
    assert loops.tile.samples == 2 * loops.width
    assert not loops.interpreted
    pair = 2 * loops.width * 8
    assert any(f"icmp eq i64 %lane_bytes, {pair}" in line for line in lines)
    assert not any(f"and i64 %lane_bytes, {-pair}" in line for line in lines)


def test_beside_a_long_tape_no_vector_is_left_of_the_pairs():
    loops, lines = text_of(mgcompile.trace(irregular, ([0.1] * 8,)))
    assert loops.interpreted
    pair = 2 * loops.width * 8
    assert any(f", {pair}" in line and "add nuw nsw i64" in line for line in lines)
    assert not any(f"and i64 %lane_bytes, {-pair}" in line for line in lines)


@pytest.mark.parametrize(("function", "inputs"), [(many, 200), (irregular, 8)])
def test_any_number_of_samples_has_the_values_of_each_alone(function, inputs):
    kernel = mgcompile.trace(function, ([0.1] * inputs,))
    most = 5 * host_target().lanes("float64")
    X = np.random.default_rng(0).uniform(-0.4, 0.4, size=(most, inputs))
    truth = [float(function(row.tolist())) for row in X]
    for count in range(1, most + 1):
        np.testing.assert_allclose(kernel(X[:count]), truth[:count], rtol=1e-11, atol=1e-12)

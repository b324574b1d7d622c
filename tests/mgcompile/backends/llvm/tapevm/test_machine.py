"""Graphs without structure run on the machine for tapes, with the values of the engine."""

from __future__ import annotations

import random

import numpy as np
import pytest

import mgcompile
from mgcompile.program.ir import Tape
from mgcompile.schedule.live_outs import is_long
from mgcore import Value, grad, ops

UNARY = ["tanh", "sin", "cos", "sigmoid", "relu", "abs", "neg", "erf", "softplus", "gelu"]


def irregular(size, seed, inputs=3, params=4):
    """Return a function that builds a random graph of ops of one, two and many operands."""
    generator = random.Random(seed)
    choices = []
    count = inputs + params
    for _ in range(size):
        width = generator.choice([1, 1, 2, 2, 2, 2, 3, 6, 9])
        low = max(0, count - 300)
        places = [
            generator.randrange(low if generator.random() < 0.8 else 0, count) for _ in range(width)
        ]
        if width == 1:
            choices.append((generator.choice(UNARY), places))
        elif width == 2:
            choices.append((generator.choice(["add", "sub", "mul", "maximum", "minimum"]), places))
        else:
            choices.append((generator.choice(["sum", "dot", "logsumexp"]), places))
        count += 1

    def build(xs, ps):
        pool = [*xs, *ps]
        for name, places in choices:
            operands = [pool[place] for place in places]
            if name == "dot":
                operands = operands[: len(operands) // 2 * 2]
            out = getattr(ops, name)(*operands)
            # Keeps numbers of size 1, so that gradients neither vanish nor overflow.
            pool.append(out * 0.5 if name in {"sum", "dot", "mul"} else out)
            if name in {"sum", "dot"}:
                pool[-1] = ops.tanh(pool[-1])
        return ops.tanh(ops.sum(*pool[-40:]) * 0.05)

    return build


def longest_tape(kernel):
    return max((len(s.code) for s in kernel.program.statements if isinstance(s, Tape)), default=0)


def leaves(values, letter):
    return [Value(float(value), f"{letter}{i}") for i, value in enumerate(values)]


@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-9), ("float32", 2e-3)])
@pytest.mark.parametrize("seed", [1, 2])
def test_values_and_gradients_are_those_of_the_engine(seed, dtype, tolerance):
    build = irregular(600, seed)
    generator = np.random.default_rng(seed)
    p = generator.uniform(-1, 1, 4)
    xs, ps = leaves(np.zeros(3), "x"), leaves(p, "p")
    kernel = mgcompile.compile(build(xs, ps), inputs=xs, params=ps, dtype=dtype, cache=False)
    assert longest_tape(kernel) > 300
    X = generator.uniform(-1, 1, (11, 3))
    values, slopes = kernel.value_and_grad(X)
    loss, gradient = kernel.loss_and_grad(X)
    np.testing.assert_array_equal(values, kernel(X))
    expected, total = [], np.zeros(4)
    for row in X:
        xs, ps = leaves(row, "x"), leaves(p, "p")
        out = build(xs, ps)
        found = np.array(grad(out, [*xs, *ps]))
        expected.append((out.data, *found[:3]))
        total += found[3:] / len(X)
    expected = np.array(expected)
    np.testing.assert_allclose(values, expected[:, 0], rtol=tolerance, atol=tolerance)
    np.testing.assert_allclose(slopes, expected[:, 1:], rtol=tolerance, atol=tolerance)
    np.testing.assert_allclose(gradient, total, rtol=tolerance, atol=tolerance)
    assert loss == pytest.approx(expected[:, 0].mean(), rel=tolerance, abs=tolerance)


def test_a_graph_of_parameters_alone_runs_on_single_numbers():
    build = irregular(600, seed=8)
    p = np.linspace(-1, 1, 7)
    ps = leaves(p, "p")
    kernel = mgcompile.compile(build(ps[:3], ps[3:]), inputs=[], params=ps, cache=False)
    assert longest_tape(kernel) > 300
    loss, gradient = kernel.loss_and_grad()
    out = build(ps[:3], ps[3:])
    assert loss == pytest.approx(out.data, rel=1e-12)
    np.testing.assert_allclose(gradient, grad(out, ps), rtol=1e-9, atol=1e-12)


@pytest.fixture(scope="module")
def kernel():
    build = irregular(500, seed=4)
    xs, ps = leaves(np.zeros(3), "x"), leaves(np.ones(4), "p")
    return mgcompile.compile(build(xs, ps), inputs=xs, params=ps, cache=False)


@pytest.mark.parametrize("count", [0, 1, 7, 64, 1000])
def test_any_number_of_samples_gives_each_its_own_value(kernel, count):
    X = np.random.default_rng(0).uniform(-1, 1, (count, 3))
    one_by_one = [kernel(row) for row in X[:5]]
    np.testing.assert_array_equal(kernel(X)[:5], one_by_one)


def test_only_long_tapes_need_the_machine():
    def tape(count):
        numbers = np.arange(count)
        return Tape(9, (), (), (ops.neg,), numbers * 0, np.arange(count + 1), numbers * 0)

    assert is_long(tape(10_000))
    assert not is_long(tape(10))

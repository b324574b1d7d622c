"""Elementwise bundles are cut into loops that functions and arithmetic can share a core in."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest

import mgcompile
from mgcompile.program.builder import Builder, affine
from mgcompile.program.ir import INPUTS
from mgcompile.schedule.costs import weight
from mgcompile.schedule.fission import LONGEST_BODY, LONGEST_OF_CHAINS, bodies_of
from mgcore import Value, ops


def bundles(*steps):
    """Return bundles of one element: (op, operands), which are earlier steps or "x", "y"."""
    builder = Builder(2, 0)
    names = {"x": affine(INPUTS, 0), "y": affine(INPUTS, 1)}
    for name, op, *operands in steps:
        reads = [names[operand] for operand in operands]
        names[name] = affine(builder.bundle(op, (), reads))
    return builder.statements()


def names_of(bodies):
    return [[bundle.op.name for bundle in body] for body in bodies]


def test_a_function_and_a_little_arithmetic_are_one_body():
    made = bundles(("a", ops.mul, "x", "y"), ("b", ops.tanh, "a"), ("c", ops.mul, "b", "b"))
    assert names_of(bodies_of(made)) == [["mul", "tanh", "mul"]]


@pytest.mark.parametrize(("before", "longest"), [(1, LONGEST_OF_CHAINS), (8, LONGEST_BODY)])
def test_long_arithmetic_is_cut_and_chains_of_steps_into_shorter_bodies(before, longest):
    # Each step reads the result that is `before` steps back.
    count = 3 * LONGEST_BODY
    names = ["x", *(f"s{k}" for k in range(count))]
    steps = [(f"s{k}", ops.add, names[max(0, k + 1 - before)], "y") for k in range(count)]
    made = bundles(*steps)
    bodies = bodies_of(made)
    assert [bundle for body in bodies for bundle in body] == list(made)
    assert [sum(map(weight, body)) for body in bodies[:-1]] == [longest] * (len(bodies) - 1)
    assert sum(map(weight, bodies[-1])) <= longest


def crossing(body, others):
    """Return how many results of a body are read by others."""
    made = {bundle.result for bundle in body}
    return len(made & {access.array for bundle in others for access in bundle.operands})


def test_arithmetic_is_cut_where_few_numbers_pass():
    # A waist of one number every few steps, which no body's greatest length hits.
    names, steps = ["x"] * 9, []
    for turn in range(20):
        wide = [f"w{turn}.{k}" for k in range(9)]
        steps += [(name, ops.mul, names[k], "y") for k, name in enumerate(wide)]
        steps.append((f"t{turn}", ops.sum, *wide))
        names = [f"t{turn}"] * 9
    made = bundles(*steps)
    bodies = bodies_of(made)
    assert [bundle for body in bodies for bundle in body] == list(made)
    assert len(bodies) > 2
    for place, body in enumerate(bodies[:-1]):
        assert crossing(body, [bundle for rest in bodies[place + 1 :] for bundle in rest]) == 1
        assert sum(map(weight, body)) > LONGEST_OF_CHAINS / 2


def test_functions_of_one_number_share_a_body_and_others_have_their_own():
    made = bundles(
        ("a", ops.erf, "x"),
        ("b", ops.mul, "x", "x"),
        ("c", ops.neg, "b"),
        ("d", ops.exp, "c"),
        ("e", ops.log, "y"),
        ("f", ops.mul, "a", "d"),
        ("g", ops.mul, "f", "e"),
    )
    assert names_of(bodies_of(made)) == [["erf", "mul", "neg", "exp"], ["log"], ["mul", "mul"]]


def test_every_body_comes_after_what_it_reads():
    made = bundles(
        ("a", ops.div, "x", "y"),
        ("b", ops.log, "a"),
        ("c", ops.sqrt, "y"),
        ("d", ops.div, "b", "c"),
        ("e", ops.exp, "d"),
        ("f", ops.erf, "c"),
        ("g", ops.div, "e", "f"),
        ("h", ops.div, "g", "a"),
        ("i", ops.div, "h", "d"),
    )
    bodies = bodies_of(made)
    assert sorted(b.result for body in bodies for b in body) == [b.result for b in made]
    done = {INPUTS}
    for body in bodies:
        for bundle in body:
            assert {access.array for access in bundle.operands} <= done
            done.add(bundle.result)


@pytest.mark.parametrize("count", [1, 7, 16, 40, 64, 300])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_special_lanes_among_usual_ones_are_right_and_leave_the_others_alone(dtype, count):
    x = Value(0.5)
    kernel = mgcompile.compile(
        [ops.exp(x), ops.log(x), ops.erf(x)], inputs=[x], params=[], dtype=dtype
    )
    numbers = np.linspace(0.1, 5.0, count).astype(dtype)
    for special in (-np.inf, -800.0, 0.0, 1e-310, 40.0, 1000.0, np.inf, np.nan):
        with np.errstate(all="ignore"):
            numbers[count // 2] = special
            wide = numbers.astype("float64")
            erf = [float(mpmath.erf(number)) for number in wide.tolist()]
            expected = [np.exp(wide), np.log(wide), np.array(erf)]
            rounded = [values.astype(dtype) for values in expected]
        for got, want in zip(kernel([numbers]), rounded, strict=True):
            np.testing.assert_allclose(got, want, rtol=4 * np.finfo(dtype).eps)


def test_an_error_function_and_its_derivative_have_the_values_of_mpmath():
    x = Value(0.5)
    kernel = mgcompile.compile(ops.erf(x), inputs=[x], params=[])
    numbers = np.linspace(-6.0, 6.0, 301)
    value, gradient = kernel.value_and_grad([numbers])
    root = 2 / mpmath.sqrt(mpmath.pi)
    for at, number in enumerate(numbers.tolist()):
        assert value[at] == pytest.approx(float(mpmath.erf(number)), rel=1e-15, abs=0.0)
        expected = float(root * mpmath.exp(-(mpmath.mpf(number) ** 2)))
        assert gradient[0][at] == pytest.approx(expected, rel=2e-14)

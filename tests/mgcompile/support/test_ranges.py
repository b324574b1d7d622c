"""The interval analysis: what ops give lies in the ranges that are said of it."""

from __future__ import annotations

import math
import random

import pytest

from mgcompile.program.value_ranges import range_of_op
from mgcompile.support.op_traits import traits_of
from mgcompile.support.ranges import FINITE, Doubt, Range, ends_below, of_number, widened
from mgcore import Op, ops, plugins

SHIPPED = sorted(
    i.name for i in plugins() if traits_of(getattr(ops, i.name)).range is not None
)  # fmt: skip
BOUNDS = [-math.inf, -20.0, -1.0, -1e-3, 0.0, 1e-3, 0.5, 1.0, 3.0, 20.0, math.inf]


def within(low, high, rng):
    low, high = max(low, -50.0), min(high, 50.0)
    return rng.choice([low, high, rng.uniform(low, high)])


@pytest.mark.parametrize("name", SHIPPED)
def test_results_lie_in_the_range_and_are_finite_where_it_says_so(name):
    rng, op = random.Random(name), getattr(ops, name)
    for _ in range(400):
        count = op.arity or 4
        ends = [sorted(rng.sample(BOUNDS, 2)) for _ in range(count)]
        if name == "pow" and rng.random() < 0.7:
            ends[1] = [rng.choice([-2.0, -0.5, 0.0, 0.5, 1.0, 2.0, 3.0])] * 2
        found = range_of_op(op, tuple(Range(*pair) for pair in ends))
        numbers = [within(*pair, rng) for pair in ends]
        result = op(*numbers)
        place = f"{name}({numbers}) in {ends}: {found}"
        if found.finite:
            assert math.isfinite(result), place
        if math.isfinite(result):
            slack = 1e-12 * max(1.0, abs(result))
            assert found.low - slack <= result <= found.high + slack, place


def test_an_unknown_op_is_followed_through_its_rule():
    softsign = Op(
        "softsign", lambda x: x / (1.0 + abs(x)), (lambda out, x: (1.0 + abs(x)) ** -2.0,)
    )
    assert range_of_op(softsign, (FINITE,)).finite
    pole = Op("pole", lambda x: 1.0 / x, (lambda out, x: -out / x,))
    assert range_of_op(pole, (FINITE,)).doubt is Doubt.EDGE
    blind = Op("blind", lambda x: math.exp(float(x)), (lambda out, x: out,))
    assert range_of_op(blind, (FINITE,)).doubt is Doubt.EDGE


def test_a_doubt_matters_below_what_can_be_zero():
    edge = Range(doubt=Doubt.EDGE)
    far = Range(doubt=Doubt.FAR)
    assert ends_below(FINITE, edge)
    assert not ends_below(Range(1.0, 2.0), edge)
    assert not ends_below(FINITE, FINITE)
    assert ends_below(FINITE, far)
    assert ends_below(FINITE, Range(doubt=Doubt.HUGE))
    assert not ends_below(Range(1.0, 2.0), far)


def test_widening_ends():
    state, steps = of_number(1.0), 0
    while True:
        after = widened(state, Range(state.low * 0.5 - 0.1, state.high * 2.0))
        steps += 1
        if after == state:
            break
        state = after
    assert steps <= 5
    assert (state.low, state.high) == (-math.inf, math.inf)

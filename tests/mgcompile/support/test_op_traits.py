"""The table of ops: what it says of them is what the engine gives."""

from __future__ import annotations

import math
import random

import pytest

from mgcompile.support.op_traits import is_known, traits_of
from mgcore import Value, grad, ops, plugins

KNOWN = sorted(each.name for each in plugins() if is_known(getattr(ops, each.name)))
POINTS = 200


@pytest.mark.parametrize("name", KNOWN)
def test_those_called_flat_have_a_result_or_slope_of_0_at_many_points_and_others_at_none(name):
    rng, op = random.Random(name), getattr(ops, name)
    zeros = 0
    for _ in range(POINTS):
        operands = [Value(rng.uniform(-4.0, 4.0)) for _ in range(op.arity or 4)]
        out = op(*operands)
        numbers = [out.data, *grad(out, operands)]
        zeros += 0.0 in numbers and not any(map(math.isnan, numbers))
    assert zeros > POINTS / 20 if traits_of(op).flat else zeros == 0


@pytest.mark.parametrize("name", KNOWN)
def test_those_called_steps_have_slopes_of_0_everywhere_and_others_have_not(name):
    rng, op = random.Random(name), getattr(ops, name)
    slopes = []
    for _ in range(POINTS):
        operands = [Value(rng.uniform(-4.0, 4.0)) for _ in range(op.arity or 4)]
        slopes += grad(op(*operands), operands)
    assert all(slope == 0.0 for slope in slopes) == traits_of(op).steps

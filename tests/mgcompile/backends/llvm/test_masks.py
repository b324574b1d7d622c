"""Masks: opposite comparisons, and special lanes noticed wherever they are among many."""

import math

import numpy as np
import pytest

from mgcompile.backends.llvm.ir.target import Target, host_target
from mgcompile.backends.llvm.math.emit import emit
from mgcompile.testing.array_functions import over_arrays
from mgcore import ops

TARGETS = [host_target(), Target(128, fma=False), Target(64, fma=True)]
LEFT = np.repeat([-1.0, 0.0, 2.0, math.inf, math.nan], 5)
RIGHT = np.tile([-1.0, 0.0, 2.0, math.inf, math.nan], 5)
COMPARISONS = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "==": lambda a, b: a.same(b),
    "nan": lambda a, _: a.is_nan(),
    "both": lambda a, b: (a < b) & (a >= 0.0),
    "either": lambda a, b: (a < b) | (b <= 0.0),
    "one": lambda a, b: (a < b) ^ (b <= 0.0),
}


@pytest.mark.parametrize("name", COMPARISONS)
def test_an_inverse_is_set_exactly_where_the_mask_is_not(name):
    def truth(block, a, b, *, inverted):
        mask = COMPARISONS[name](a, b)
        return block.select(block.inverse(mask) if inverted else mask, 1.0, block.constant(0.0))

    there = over_arrays(lambda *xs: truth(*xs, inverted=False), 2)(LEFT, RIGHT)
    not_there = over_arrays(lambda *xs: truth(*xs, inverted=True), 2)(LEFT, RIGHT)
    assert set(there) <= {0.0, 1.0}
    assert (there + not_there == 1.0).all()


@pytest.mark.parametrize("target", TARGETS, ids=["host", "without_fma", "one_lane"])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(
    ("name", "usual", "special", "exact"),
    [
        ("log", 2.0, 0.0, -math.inf),
        ("log", 2.0, -1.0, math.nan),
        ("log", 2.0, math.nan, math.nan),
        ("exp2", 2.0, math.nan, math.nan),
        ("exp2", 2.0, -math.inf, 0.0),
        ("sin", 2.0, math.inf, math.nan),
        ("cosh", 2.0, -math.inf, math.inf),
    ],
)
def test_a_special_lane_is_noticed_wherever_it_is(name, usual, special, exact, dtype, target):
    op = getattr(ops, name)
    function = over_arrays(lambda block, x: emit(block, op, [x]), 1, dtype, target)
    size = 8 * function.lanes
    for place in range(size):
        x = np.full(size, usual, dtype)
        x[place] = special
        found = function(x)
        assert np.array_equal(found[place], exact, equal_nan=True)
        others = np.delete(found, place)
        assert np.isfinite(others).all()
        assert (others == others[0]).all()

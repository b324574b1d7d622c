"""Every op at extreme numbers: native code gives what the reference backend gives."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

import mgcompile
from mgcompile.backends.llvm.math.op_table import LOWERINGS
from mgcore import Value, ops

NUMBERS = [0.0, 1.0, 0.5, 2.5, 3.0, 1e-310, 5e-324, 2.0**-1022, 1e-45, 1e-40, 1e30, 1e308, 88.9]
NUMBERS += [710.0, math.inf]
NUMBERS = [*NUMBERS, *(-x for x in NUMBERS), math.nan]
TOLERANCE = {"float64": 1e-13, "float32": 3e-6}


def corners(dtype, columns):
    with np.errstate(all="ignore"):
        rounded = np.array(NUMBERS, dtype)
    return np.array(list(itertools.product(rounded.tolist(), repeat=columns)), dtype)


def application(name):
    """Return an op applied to as few inputs as it takes, and these."""
    x = [Value(0.5, "x"), Value(0.7, "y"), Value(0.2, "z")]
    op = getattr(ops, name)
    inputs = x[: op.arity or 2]
    return op(*inputs), inputs


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("name", sorted(LOWERINGS))
def test_values_and_derivatives_at_the_corners_are_the_references(name, dtype):
    output, inputs = application(name)
    X = corners(dtype, min(len(inputs), 2))
    if len(inputs) == 3:  # select: the third operand is as the second, turned round
        X = np.column_stack([X, X[::-1, 1]])
    native, reference = (
        mgcompile.compile(output, inputs, dtype=dtype, backend=backend, cache=False)
        for backend in ("llvm", "numpy")
    )
    with np.errstate(all="ignore"):
        values, slopes = native.value_and_grad(X)
        expected, expected_slopes = reference.value_and_grad(X)
        assert_same(values, expected, X, name, dtype)
        assert_same(slopes, expected_slopes, X, f"derivative of {name}", dtype)
        np.testing.assert_array_equal(native(X), values)
    signed = ~np.isnan(expected) & (values == expected)
    assert np.all(np.signbit(values[signed]) == np.signbit(expected[signed]))


def assert_same(found, expected, X, what, dtype):
    """Compare with NaN for NaN and infinity for infinity, and no subnormal flushed to zero."""
    limits = np.finfo(dtype)
    scale = np.abs(expected)
    near = np.abs(found - expected) <= TOLERANCE[dtype] * scale + 10 * limits.smallest_subnormal
    same = (found == expected) | (np.isnan(found) & np.isnan(expected)) | near
    wrong = np.argwhere(~same)
    first = f"{found[~same][:1]}, not {expected[~same][:1]}"
    assert not len(wrong), f"{what} at {X[wrong[0][0]]}: {first}"

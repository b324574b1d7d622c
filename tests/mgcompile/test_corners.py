"""Every op at extreme numbers: each backend gives what the engine gives, which shares none of it.

The engine runs an op's rules on Python's floats, one number at a time; the backends have functions,
derivatives and reciprocals of their own, and the reference backend has those of the compiler.
"""

from __future__ import annotations

import functools
import itertools
import math

import mpmath
import numpy as np
import pytest

import mgcompile
from mgcompile.backends.llvm.math.op_table import LOWERINGS
from mgcore import Value, grad, ops

NUMBERS = [0.0, 1.0, 0.5, 2.5, 3.0, 1e-310, 5e-324, 2.0**-1022, 1e-45, 1e-40, 1e30, 1e308, 88.9]
NUMBERS += [710.0, math.inf]
NUMBERS = [*NUMBERS, *(-x for x in NUMBERS), math.nan]
BACKENDS = ("llvm", "numpy")
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


def points(name, dtype):
    """Return where an op is tried: all combinations of the numbers."""
    operands = getattr(ops, name).arity or 2
    X = corners(dtype, min(operands, 2))
    # select: the third operand is as the second, turned round
    return np.column_stack([X, X[::-1, 1]]) if operands == 3 else X


@functools.cache
def by_the_engine(name, dtype):
    """Return the op's values and slopes at its points, recorded number by number, then rounded."""
    op, values, slopes = getattr(ops, name), [], []
    for row in points(name, dtype).tolist():
        leaves = [Value(x) for x in row]
        out = op(*leaves)
        values.append(out.data)
        slopes.append(grad(out, leaves))
    with np.errstate(all="ignore"):
        return np.array(values).astype(dtype), np.array(slopes, dtype=float).astype(dtype)


def unsettled(name, X):
    """Tell at which points the slopes are left to the tests below."""
    if name == "hypot":  # a length of one subnormal unit is rounded by half of itself
        return (np.abs(X) < 1e-40).all(axis=1)
    if name == "pow":  # the engine, which knows the exponent, gives 0
        return (X[:, 1] == 0.0) & np.isnan(X[:, 0])
    if name == "logsumexp":  # the shares of infinite terms have no limit
        return np.isinf(X).any(axis=1)
    return np.zeros(len(X), dtype=bool)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("name", sorted(LOWERINGS))
def test_values_and_derivatives_at_the_corners_are_the_engines(name, dtype, backend):
    output, inputs = application(name)
    X = points(name, dtype)
    kernel = mgcompile.compile(output, inputs, dtype=dtype, backend=backend, cache=False)
    wanted, wanted_slopes = by_the_engine(name, dtype)
    with np.errstate(all="ignore"):
        values, slopes = kernel.value_and_grad(X)
        assert_same(values, wanted, X, name, dtype)
        settled = ~unsettled(name, X)
        where = f"derivative of {name}"
        assert_same(slopes[settled], wanted_slopes[settled], X[settled], where, dtype)
        np.testing.assert_array_equal(kernel(X), values)
    # Sums in Python start from 0, which takes the sign of -0; so may a logarithm that rounds to 0.
    if name in ("sum", "dot", "logsigmoid"):
        return
    signed = ~np.isnan(wanted) & (values == wanted)
    assert np.all(np.signbit(values[signed]) == np.signbit(wanted[signed]))


def assert_same(found, expected, X, what, dtype):
    """Compare with NaN for NaN and infinity for infinity, and no subnormal flushed to zero."""
    # A subnormal factor is off by half the smallest number, its product by so many more.
    factor = np.clip(np.abs(X).max(axis=1), 10, 1000).reshape(-1, *[1] * (found.ndim - 1))
    least = factor * np.finfo(dtype).smallest_subnormal
    near = np.abs(found - expected) <= TOLERANCE[dtype] * np.abs(expected) + least
    same = (found == expected) | (np.isnan(found) & np.isnan(expected)) | near
    wrong = np.argwhere(~same)
    first = f"{found[~same][:1]}, not {expected[~same][:1]}"
    assert not len(wrong), f"{what} at {X[wrong[0][0]]}: {first}"


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_slope_of_a_quotient_of_subnormals_is_finite(backend):
    x, y = 5e-324, 1e-310
    right = float(-mpmath.mpf(x) / mpmath.mpf(y) ** 2)
    assert slope_of("div", backend, x, y, 1) == pytest.approx(right, rel=1e-13)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("x", [1e-310, -5e-324])
def test_the_slope_of_a_power_is_0_where_its_exponent_is(x, backend):
    assert slope_of("pow", backend, x, 0.0, 0) == 0.0


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(("x", "y"), [(1e-310, 1e-320), (5e-324, -1e-310), (3e-320, 0.03)])
def test_the_slope_of_a_power_of_tiny_numbers(x, y, backend):
    with mpmath.workdps(40):
        right = float(mpmath.mpf(y) * mpmath.mpf(x) ** (mpmath.mpf(y) - 1))
    assert slope_of("pow", backend, x, y, 0) == pytest.approx(right, rel=1e-13)
    leaves = [Value(x), Value(y)]
    out = leaves[0] ** leaves[1]
    assert grad(out, leaves[0]) == pytest.approx(right, rel=1e-13)
    assert grad(out, leaves[0], create_graph=True).data == pytest.approx(right, rel=1e-13)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("wrt", [0, 1])
@pytest.mark.parametrize(("x", "y"), [(5e-324, 1e-310), (0.0, 3e-320), (1e-300, -2e-309)])
def test_second_derivatives_of_a_quotient_by_a_subnormal_number(x, y, wrt, backend):
    """Of w x/y by w and x, or by w and y: the slopes of the quotient, by way of a Hessian."""
    w, a, b = Value(1.0, "w"), Value(1.0, "x"), Value(2.0, "y")
    kernel = mgcompile.compile(w * (a / b), [w, a, b], backend=backend, cache=False)
    with np.errstate(all="ignore"), mpmath.workdps(40):
        found = kernel.hessian(np.array([[1.0, x, y]]))[0, 0, 1 + wrt]
        exact_x, exact_y = mpmath.mpf(x), mpmath.mpf(y)
        right = float(1 / exact_y if wrt == 0 else -exact_x / exact_y**2)
    assert found == pytest.approx(right, rel=1e-13)


def slope_of(name, backend, x, y, which):
    output, inputs = application(name)
    kernel = mgcompile.compile(output, inputs, backend=backend, cache=False)
    with np.errstate(all="ignore"):
        return kernel.value_and_grad(np.array([[x, y]]))[1][0, which]

"""The slope of tanh in kernels keeps its digits near 0 and in the tails; mpmath has the numbers."""

import mpmath
import numpy as np
import pytest

import mgcompile
from mgcompile.support.slopes import TANH_SLOPE
from mgcore import Value, ops

BACKENDS = ["numpy", "llvm"]
POINTS = {
    "float64": [0.0, 1e-300, 1e-9, 0.002, 0.1, 0.5, 1.3, 4.0, 18.0, 26.5, 177.5, 318.0, 353.0],
    "float32": [0.0, 1e-30, 1e-6, 0.002, 0.1, 0.5, 1.3, 4.0, 9.0, 12.0, 22.5, 39.5, 41.0, 43.0],
}


def tanh_kernel(dtype, backend, count=1):
    xs = [Value(0.1, f"x{i}") for i in range(count)]
    output = ops.sum(*(ops.tanh(x) for x in xs))
    return mgcompile.compile(output, xs, dtype=dtype, backend=backend, cache=False)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(("dtype", "rtol"), [("float64", 2e-15), ("float32", 1e-6)])
def test_first_and_second_derivatives(dtype, rtol, backend):
    one_side = np.array(POINTS[dtype], dtype=dtype)
    X = np.concatenate([one_side, -one_side, np.linspace(-3.0, 3.0, 200).astype(dtype)])[:, None]
    kernel = tanh_kernel(dtype, backend)
    with mpmath.workdps(400):
        slopes = [1 / mpmath.cosh(x) ** 2 for x in X[:, 0].tolist()]
        bends = [-2 * mpmath.tanh(x) * s for x, s in zip(X[:, 0].tolist(), slopes, strict=True)]
    tiny = float(np.finfo(dtype).tiny)
    found = kernel.value_and_grad(X)[1][:, 0]
    np.testing.assert_allclose(found, np.array(slopes, float), rtol=rtol, atol=4 * rtol * tiny)
    bent = kernel.hessian(X)[:, 0, 0]
    np.testing.assert_allclose(bent, np.array(bends, float), rtol=2 * rtol, atol=8 * rtol * tiny)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(("dtype", "ends"), [("float64", 360.0), ("float32", 46.0)])
def test_slopes_that_underflow_and_ends(dtype, ends, backend):
    X = np.array([[ends], [-ends], [1e4], [-1e30], [np.inf], [-np.inf], [np.nan]], dtype=dtype)
    with np.errstate(all="ignore"):
        found = tanh_kernel(dtype, backend).value_and_grad(X)[1][:, 0]
    with mpmath.workdps(400):
        right = float(1 / mpmath.cosh(ends) ** 2)
    smallest = float(np.finfo(dtype).smallest_subnormal)
    np.testing.assert_allclose(found[:2], right, rtol=0, atol=4 * smallest)
    np.testing.assert_array_equal(found[2:6], 0.0)
    assert np.isnan(found[6])


def test_many_lanes_have_what_one_has():
    X = np.random.default_rng(4).normal(size=(203, 7)) * [0.01, 0.1, 1.0, 3.0, 10.0, 100.0, 400.0]
    kernel = tanh_kernel("float64", "llvm", 7)
    with mpmath.workdps(400):
        right = [[float(1 / mpmath.cosh(x) ** 2) for x in row] for row in X.tolist()]
    np.testing.assert_allclose(kernel.value_and_grad(X)[1], right, rtol=2e-15, atol=1e-322)


def test_a_strict_kernel_follows_the_rule_as_written():
    x = Value(0.1)
    loose, strict = (
        mgcompile.compile(ops.tanh(x), [x], strict=strict, cache=False) for strict in (False, True)
    )
    used = [
        any(getattr(s, "op", None) is TANH_SLOPE for s in k._built.derived("inputs").statements)
        for k in (loose, strict)
    ]
    assert used == [True, False]

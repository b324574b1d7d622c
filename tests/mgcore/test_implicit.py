"""Implicit functions: values and derivatives to second order against mpmath, JAX and SciPy."""

from __future__ import annotations

import math

import mpmath
import numpy as np
import pytest

import mgcompile
from mgcore import Value, grad, hessian, implicit, newton, ops
from mgcore.errors import NotGenericError, OpDefinitionError, RuleError

BACKENDS = ["numpy", "llvm"]


def kepler(E, M, e):
    return E - e * ops.sin(E) - M


def cubic(y, p, q):
    """A cubic that rises, so that it has one root."""
    return y**3 + p * y - q


def black_scholes(volatility, price, spot, strike, years):
    """The price of a call at a volatility, without interest, less the price that was paid."""
    spread = volatility * ops.sqrt(years)
    d1 = ops.log(spot / strike) / spread + 0.5 * spread
    below = 0.5 * (1.0 + ops.erf(d1 * math.sqrt(0.5)))
    above = 0.5 * (1.0 + ops.erf((d1 - spread) * math.sqrt(0.5)))
    return spot * below - strike * above - price


ANOMALY = implicit(newton(kepler, start=lambda M, e: M + e * ops.sin(M)), kepler, name="anomaly")
ROOT = implicit(newton(cubic, start=lambda p, q: q / (p + 1.0)), cubic)
VOLATILITY = implicit(
    newton(black_scholes, start=lambda price, spot, *_: price / spot * 2.5 + 0.1), black_scholes
)

CASES = {
    "kepler": (ANOMALY, kepler, (0.9, 0.4)),
    "cubic": (ROOT, cubic, (1.5, 2.25)),
    "volatility": (VOLATILITY, black_scholes, (9.5, 100.0, 105.0, 0.75)),
}

_PRECISE = {
    kepler: lambda E, M, e: E - e * mpmath.sin(E) - M,
    cubic: lambda y, p, q: y**3 + p * y - q,
}


def _precise_call(volatility, price, spot, strike, years):
    spread = volatility * mpmath.sqrt(years)
    d1 = mpmath.log(spot / strike) / spread + spread / 2
    return spot * mpmath.ncdf(d1) - strike * mpmath.ncdf(d1 - spread) - price


_PRECISE[black_scholes] = _precise_call


def precise(residual, y, point):
    """Return root, gradient and Hessian by mpmath: differences of the root in 60 digits."""
    with mpmath.workdps(60):

        def root(*x):
            return mpmath.findroot(lambda y: _PRECISE[residual](y, *x), mpmath.mpf(y))

        point = [mpmath.mpf(x) for x in point]
        count, h = len(point), mpmath.mpf(10) ** -15

        def moved(*places):
            x = list(point)
            for place, sign in places:
                x[place] += sign * h
            return root(*x)

        first = [(moved((i, 1)) - moved((i, -1))) / (2 * h) for i in range(count)]
        second = [
            [
                sum(a * b * moved((i, a), (j, b)) for a in (1, -1) for b in (1, -1)) / (4 * h * h)
                for j in range(count)
            ]
            for i in range(count)
        ]
        return float(root(*point)), np.array(first, float), np.array(second, float)


@pytest.mark.parametrize("name", CASES)
def test_the_engine_is_right_to_second_order(name):
    op, residual, point = CASES[name]
    values = [Value(x) for x in point]
    y = op(*values)
    root, first, second = precise(residual, y.data, point)
    assert y.data == pytest.approx(root, rel=1e-13)
    np.testing.assert_allclose(grad(y, values), first, rtol=1e-10)
    np.testing.assert_allclose(hessian(y, values), second, rtol=1e-8, atol=1e-12)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", CASES)
def test_kernels_are_right_to_second_order(name, backend):
    op, residual, point = CASES[name]
    values = [Value(x) for x in point]
    out = op(*values)
    kernel = mgcompile.compile(out, values, backend=backend, cache=False)
    root, first, second = precise(residual, out.data, point)
    found, slopes = kernel.value_and_grad(np.array([point] * 3))
    np.testing.assert_allclose(found, root, rtol=1e-13)
    np.testing.assert_allclose(slopes, [first] * 3, rtol=1e-10)
    np.testing.assert_allclose(kernel.hessian(np.array(point)), second, rtol=1e-8, atol=1e-12)
    assert not any(check.undecided for check in kernel.verified.checks)


def test_a_third_derivative_is_that_of_the_closed_form():
    square = implicit(newton(lambda y, x: y * y - x, start=lambda x: x), lambda y, x: y * y - x)
    x = Value(2.0)
    y = square(x)
    first = grad(y, x, create_graph=True)
    second = grad(first, x, create_graph=True)
    assert grad(second, x) == pytest.approx(3 / 8 * 2.0 ** (-2.5), rel=1e-12)


def test_kernels_agree_with_jax():
    jax = pytest.importorskip("jax")
    jnp = jax.numpy
    with jax.enable_x64(True):

        def solved(M, e):
            E = M + e * jnp.sin(M)
            for _ in range(12):
                E = E - (E - e * jnp.sin(E) - M) / (1 - e * jnp.cos(E))
            return E

        points = np.random.default_rng(2).uniform([-3.0, 0.0], [3.0, 0.8], (40, 2))
        wanted = jax.vmap(lambda x: solved(*x))(points)
        slopes = jax.vmap(jax.grad(lambda x: solved(*x)))(points)
        curves = jax.vmap(jax.hessian(lambda x: solved(*x)))(points)
        M, e = Value(0.9, "M"), Value(0.4, "e")
        kernel = mgcompile.compile(ANOMALY(M, e), [M, e], cache=False)
        found, gradient = kernel.value_and_grad(points)
        np.testing.assert_allclose(found, wanted, rtol=1e-12)
        np.testing.assert_allclose(gradient, slopes, rtol=1e-10)
        np.testing.assert_allclose(kernel.hessian(points), curves, rtol=1e-8, atol=1e-10)


def test_what_a_sample_gets_does_not_depend_on_its_neighbours():
    M, e = Value(0.9, "M"), Value(0.4, "e")
    kernel = mgcompile.compile(ANOMALY(M, e), [M, e], cache=False)
    points = np.random.default_rng(3).uniform([-3.0, 0.0], [3.0, 0.95], (37, 2))
    together = kernel(points)
    assert [kernel(point) for point in points] == together.tolist()


def test_float32_kernels_solve_to_their_own_digits():
    M, e = Value(0.9, "M"), Value(0.4, "e")
    kernel = mgcompile.compile(ANOMALY(M, e), [M, e], dtype="float32", cache=False)
    points = np.random.default_rng(3).uniform([-3.0, 0.0], [3.0, 0.8], (37, 2))
    wanted = [ANOMALY(*point) for point in points.tolist()]
    np.testing.assert_allclose(kernel(points), wanted, rtol=2e-6, atol=2e-7)


def test_any_solver_will_do():
    scipy = pytest.importorskip("scipy.optimize")

    def solve(p, q):
        return scipy.brentq(lambda y: y**3 + p * y - q, -10.0, 10.0, xtol=1e-15)

    op = implicit(solve, cubic, name="by_brent")
    p, q = Value(1.5), Value(2.25)
    y = op(p, q)
    assert grad(y, [p, q]) == pytest.approx(grad(ROOT(p, q), [p, q]), rel=1e-12)
    with pytest.warns(mgcompile.errors.PythonCallbackWarning, match="by_brent"):
        kernel = mgcompile.compile(y, [p, q], cache=False)
    value, slopes = kernel.value_and_grad(np.array([1.5, 2.25]))
    assert value == pytest.approx(y.data, rel=1e-14)
    np.testing.assert_allclose(slopes, grad(y, [p, q]), rtol=1e-12)


def test_a_closed_form_becomes_machine_code(recwarn):
    op = implicit(lambda x: ops.sqrt(x), lambda y, x: y * y - x, name="by_root")
    x = Value(2.0)
    kernel = mgcompile.compile(op(x), [x], cache=False)
    _, slope = kernel.value_and_grad(np.array([2.0]))
    assert slope[0] == pytest.approx(0.5 / math.sqrt(2.0), rel=1e-15)
    assert not recwarn.list


@pytest.mark.filterwarnings("ignore::mgcompile.errors.UndefinedResultWarning")
@pytest.mark.parametrize("backend", BACKENDS)
def test_no_root_is_nan(backend):
    def no_root(y, x):
        return y * y + x

    op = implicit(newton(no_root, start=lambda x: x, steps=20), no_root)
    assert math.isnan(op(1.0))
    x = Value(-1.0)
    kernel = mgcompile.compile(op(x), [x], backend=backend, cache=False)
    found = kernel(np.array([[-4.0], [1.0], [-9.0]]))
    np.testing.assert_allclose(found, [-2.0, np.nan, -3.0], rtol=1e-15)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_root_at_zero_and_a_double_root_are_found(backend):
    values = [Value(0.5), Value(0.1)]
    kernel = mgcompile.compile(ANOMALY(*values), values, backend=backend, cache=False)
    assert kernel([0.0, 0.3]) == 0.0
    double = implicit(
        newton(lambda y, x: y * y * x, start=lambda x: 0.0 * x), lambda y, x: y * y * x
    )
    assert double(3.0) == 0.0


def test_operands_have_the_names_of_the_residual():
    assert ANOMALY.operand_names == ("M", "e")
    assert ROOT.name == "cubic"


def test_what_cannot_be_is_named():
    with pytest.raises(OpDefinitionError, match="residual must take y and a fixed number"):
        implicit(lambda x: x, lambda y: y)
    with pytest.raises(OpDefinitionError, match="residual must take y and a fixed number"):
        implicit(lambda x: x, lambda y, *x: y)
    with pytest.raises(OpDefinitionError, match="solve must be a function"):
        implicit(3.0, cubic)
    with pytest.raises(OpDefinitionError, match="steps is 0"):
        newton(cubic, start=lambda p, q: p, steps=0)
    constant = implicit(lambda x: x, lambda y, x: x * 2.0, name="constant")
    x = Value(1.0)
    with pytest.raises(RuleError, match="does not depend on its first argument 'y'"):
        grad(constant(x), x)
    with pytest.raises(NotGenericError, match="runs on floats alone"):
        newton(cubic, start=lambda p, q: p)(x, 1.0)
    looks = implicit(lambda x: x, lambda y, x: y - x if x > 0 else y + x, name="looks")
    with pytest.raises(NotGenericError):
        grad(looks(x), x)

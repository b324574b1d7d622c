"""Hold the ops against mpmath, to third order, and use them the way a user does."""

import math
from collections.abc import Callable
from importlib.metadata import entry_points

import mpmath
import pytest

import mgcore
from mgcore import Value, check_gradient, grad, ops
from mgops_special.bessel import bessel_j

REFERENCES: dict[str, Callable[[float], float]] = {
    "norm_cdf": mpmath.ncdf,
    "lambert_w": mpmath.lambertw,
    "bessel_j0": lambda x: mpmath.besselj(0, x),
    "bessel_j1": lambda x: mpmath.besselj(1, x),
}
POINTS = {
    "norm_cdf": [-6.0, -1.5, 0.0, 0.3, 5.0],
    "lambert_w": [-0.36, -0.1, 0.0, 1.0, 30.0, 1e6],
    "bessel_j0": [-8.0, -0.5, 0.0, 1.0, 2.404825557695773, 40.0],
    "bessel_j1": [-8.0, -0.5, 0.0, 1.0, 3.8317, 40.0],
}
CASES = [(name, x) for name, points in POINTS.items() for x in points]


def test_every_op_of_the_package_has_a_reference() -> None:
    """A new op needs a reference above."""
    ours = entry_points(group="mgcore.ops")
    assert {e.name for e in ours if e.dist and e.dist.name == "mgops-special"} == set(REFERENCES)


@pytest.mark.parametrize(("name", "x"), CASES)
def test_forward_agrees_with_mpmath(name: str, x: float) -> None:
    """Compare with 40 digits."""
    with mpmath.workdps(40):
        expected = float(REFERENCES[name](x).real)
    assert getattr(ops, name)(x) == pytest.approx(expected, rel=1e-13, abs=2e-16)


@pytest.mark.parametrize(("name", "x"), CASES)
def test_three_derivatives_agree_with_mpmath(name: str, x: float) -> None:
    """Compare with numerical differentiation in 60 digits."""
    v = Value(x)
    derivative = getattr(ops, name)(v)
    for order in (1, 2, 3):
        (derivative,) = grad(derivative, [v], create_graph=True)
        with mpmath.workdps(60):
            expected = float(mpmath.diff(REFERENCES[name], x, order).real)
        assert derivative.data == pytest.approx(expected, rel=1e-10, abs=1e-14), order


@pytest.mark.parametrize(("name", "x"), CASES)
def test_gradient_check_passes(name: str, x: float) -> None:
    """Use the tool that mgcore gives to authors."""
    check_gradient(getattr(ops, name), [x])


@pytest.mark.parametrize("x", [-0.5, -1e9, float("-inf")])
def test_lambert_w_says_where_it_is_real(x: float) -> None:
    """A complex result is NaN, or an error where it is wanted."""
    assert math.isnan(ops.lambert_w(x))
    with (
        mgcore.raise_nonfinite(),
        pytest.raises(mgcore.errors.DomainError, match=r"lambert_w.*-1/e"),
    ):
        ops.lambert_w(x)


def test_a_bessel_function_of_negative_order_is_refused() -> None:
    """J_-n is (-1)^n J_n; nobody needs it as an op."""
    with pytest.raises(ValueError, match="at least 0, not -1"):
        bessel_j(-1)


@pytest.mark.parametrize("name", sorted(REFERENCES))
def test_an_mlp_takes_the_op_by_name(name: str) -> None:
    """The activation is looked up in the registry, wherever it came from."""
    mgnn = pytest.importorskip("mgnn", reason="needs mgcore[nn]")
    model = mgnn.MLP(2, [3, 1], activation=name, seed=7)
    out = model([0.05, -0.02])
    out.backward()
    assert any(p.grad != 0.0 for p in model.parameters())

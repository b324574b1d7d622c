"""Wrong derivatives that were reported to other systems, tried here: each in every mode.

The right numbers are by hand, or by mpmath's numerical derivatives with 40 digits.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import attrs
import mpmath
import numpy as np
import pytest

import mgcompile
from mgcore import Op, Value, grad, hessian, hvp, jvp, ops

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

KERNELS: list[dict[str, Any]] = [{"backend": "numpy"}, {"backend": "llvm"}, {"strict": True}]


@attrs.frozen
class Report:
    """A function with its right slopes and second derivatives at a point."""

    where: str
    f: Callable[..., Any]
    at: Sequence[float]
    slopes: Sequence[float] | None = None
    second: Sequence[Sequence[float]] | None = None

    def __str__(self) -> str:
        return self.where


def by_mpmath(f: Callable[[Any], Any], x: float, n: int) -> float:
    with mpmath.workdps(40):
        return float(mpmath.diff(f, mpmath.mpf(x), n))


def sinc_slope(x: float) -> float:
    """Return the slope of sin(pi x) / (pi x) near 0, by its series."""
    return math.pi * (-(math.pi * x) / 3.0 + (math.pi * x) ** 3 / 30.0)


def cumulated(t: Any) -> Any:
    """Two rows of cumulated products, weighted; one factor is 0 at t = 1."""
    rows = [[t, t + 1.0, 2.0 - t], [t - 1.0, 2.0 * t + 1.0, t + 3.0]]
    total, weight = 0.0, 1.0
    for row in rows:
        product: Any = 1.0
        for factor in row:
            product = product * factor
            total, weight = total + weight * product, weight + 1.0
    return total


def by_loop(x: Any) -> Any:
    product: Any = 1.0
    for _ in range(9):
        product = product * x
    return product


def distances(*x: Any) -> Any:
    """Sum of squares in which the first point stands beside itself."""
    points, shifts = [x[0:3], x[3:6]], x[6:8]
    return ops.sum(
        *[
            (points[0][k] - (points[j][k] + shifts[j])) ** 2
            for j in range(2)
            for k in range(3)
        ]
    )  # fmt: skip


def distances_second() -> list[list[float]]:
    """By hand: 2 v v' summed, v the slope of each difference."""
    total = np.zeros((8, 8))
    for j in range(2):
        for k in range(3):
            v = np.zeros(8)
            v[k] += 1.0
            v[3 * j + k] -= 1.0
            v[6 + j] -= 1.0
            total += 2.0 * np.outer(v, v)
    return total.tolist()


squared = Op("squared_by_rule", lambda x: x * x, (lambda out, x: 2.0 * x,))
SMALL = -37.42994775023705
E3 = math.exp(-3.0)

REPORTS = [
    Report("jax 2107: softplus at 0", ops.softplus, [0.0], [0.5], [[0.25]]),
    Report("jax 2140: log_sigmoid at 0", ops.logsigmoid, [0.0], [0.5], [[-0.25]]),
    Report(
        "jax 40383: log_sigmoid bends far out", ops.logsigmoid, [SMALL], [1.0],
        [[by_mpmath(lambda x: -mpmath.log1p(mpmath.exp(-x)), SMALL, 2)]],
    ),
    Report("jax 5054: sinc at 0", ops.sinc, [0.0], [0.0], [[-(math.pi**2) / 3.0]]),
    *[
        Report(f"jax 40629: sinc at {x}", ops.sinc, [x], [sinc_slope(x)])
        for x in (-1.1102230246251565e-16, 1e-8, 1e-6, 1e-4)
    ],
    Report("jax 15709: entropy at 0", lambda p: ops.xlogy(p, p), [0.0], [-math.inf]),
    Report("xlogy at 0, by both", ops.xlogy, [0.0, 2.0], [math.log(2), 0.0], [[0, 0.5], [0.5, 0]]),
    Report("pytorch 196701: a factor of 0", cumulated, [1.0], None, [[144.0]]),
    Report("pytorch 196696: det", lambda t: (t + 2.0) * (2.0 * t + 3.0) - 1.0, [0.7], [9.8], [[4]]),
    Report("pytorch 197867: a rule twice", lambda x: squared(squared(x)), [3.0], [108.0], [[108]]),
    Report(
        "FastDifferentiation, DI.jl 1014", lambda x, y: ops.exp(x - y) * y, [-0.7, 2.3],
        [2.3 * E3, -1.3 * E3], [[2.3 * E3, -1.3 * E3], [-1.3 * E3, 0.3 * E3]],
    ),
    Report(
        "autodiff 178: Rosenbrock by powers", lambda x, y: (1 - x) ** 2 + 100 * (y - x**2) ** 2,
        [0.0, 0.0], [-2.0, 0.0], [[2.0, 0.0], [0.0, 200.0]],
    ),
    Report("nx 1747: a loop of products", by_loop, [0.5], [9 * 0.5**8], [[72 * 0.5**7]]),
    Report("casadi 1522: a point beside itself", distances, [0.3] * 8, None, distances_second()),
    Report("paradox 3: a - a", lambda x, y: (x - x) * y + (y - y) * x, [1.0, 2.0], [0.0, 0.0]),
    Report("tinygrad 9597: two of one number", lambda x, y: x + y * 2.0, [3.0, 3.0], [1.0, 2.0]),
]  # fmt: skip


def close(found: Any, right: Any) -> bool:
    return bool(np.allclose(np.asarray(found, dtype=float), right, rtol=1e-12, atol=0.0))


@pytest.mark.parametrize("report", REPORTS, ids=str)
def test_a_reported_slope_is_right_in_every_mode(report):
    if report.slopes is None:
        pytest.skip("the report is of second derivatives")
    x = [Value(number) for number in report.at]
    y, n = report.f(*x), len(x)
    assert close(grad(y, x), report.slopes)
    assert close([d.data for d in grad(y, x, create_graph=True)], report.slopes)
    assert close([jvp(y, x, np.eye(n)[i].tolist()) for i in range(n)], report.slopes)
    for chosen in KERNELS:
        kernel = mgcompile.compile(y, x, cache=False, **chosen)
        assert close(kernel.value_and_grad(np.array([report.at] * 9))[1][7], report.slopes)


@pytest.mark.parametrize("report", REPORTS, ids=str)
def test_a_reported_second_derivative_is_right_in_every_mode(report):
    if report.second is None:
        pytest.skip("the report is of slopes")
    x = [Value(number) for number in report.at]
    y, n = report.f(*x), len(x)
    assert close(hessian(y, x), report.second)
    assert close([hvp(y, x, np.eye(n)[i].tolist()) for i in range(n)], report.second)
    for chosen in KERNELS:
        kernel = mgcompile.compile(y, x, cache=False, **chosen)
        assert close(kernel.hessian(np.array([report.at] * 9))[7], report.second)


def test_the_third_derivative_goes_through_a_rule_too():
    """Reported as pytorch 197867: x**4 at 3 gave 108, 0, 0."""
    x = Value(3.0)
    y, found = squared(squared(x)), []
    for _ in range(3):
        (y,) = grad(y, [x], create_graph=True)
        found.append(y.data)
    assert found == [108.0, 108.0, 72.0]


@pytest.mark.parametrize("op", [ops.xlogy, ops.xlog1py], ids=lambda op: op.name)
def test_no_zero_hides_what_is_no_number(op):
    """Reported as jax 37751 and 38260; SciPy gives NaN, and 0 for every number."""
    x, y = Value(0.0), Value(0.5)
    assert math.isnan(op(0.0, math.nan))
    assert op(0.0, -3.0) == op(0.0, math.inf) == op(0.0, 0.0) == 0.0
    for chosen in KERNELS:
        kernel = mgcompile.compile(op(x, y), [x, y], cache=False, **chosen)
        found = kernel(np.array([[0.0, math.nan], [0.0, -3.0], [0.0, math.inf], [0.0, 0.0]]))
        assert math.isnan(found[0])
        assert found[1:].tolist() == [0.0, 0.0, 0.0]


@pytest.mark.parametrize("n", [4, 5, 6, 7, 8, 9, 12, 40])
@pytest.mark.parametrize("x", [0.0, 0.3])
def test_a_series_of_chebyshev_by_clenshaw(n, x):
    """Reported as Enzyme.jl 1734: the slope by the k-th coefficient is T_k(x)."""
    coefficients = [Value(1.0) for _ in range(n)]
    point = Value(x)
    first: Any = 0.0
    second: Any = 0.0
    for c in reversed(coefficients[1:]):
        first, second = c + 2.0 * point * first - second, first
    y = coefficients[0] + point * first - second
    right = [math.cos(k * math.acos(x)) for k in range(n)]
    np.testing.assert_allclose(grad(y, coefficients), right, atol=1e-13)
    for chosen in KERNELS:
        kernel = mgcompile.compile(y, [point], coefficients, cache=False, **chosen)
        found = kernel.loss_and_grad(np.full((5, 1), x))[1]
        np.testing.assert_allclose(found, right, atol=1e-13)

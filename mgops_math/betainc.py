"""Regularised incomplete beta function I_x(a, b), a, b > 0, 0 <= x <= 1 (DLMF 8.17.2). By SciPy.

The distribution function of a beta variable. Partial by x: its density
x**(a-1) (1-x)**(b-1)/B(a, b). By a and b there is no closed form: these are NaN; keep them numbers.
"""

from typing import Any

from mgcore import Op, no_derivative, ops
from mgops_math.scipy_special import scipy_function

_HUGE = 1e300
_scipy = scipy_function("betainc")


def _forward(a: Any, b: Any, x: Any) -> Any:
    # SciPy loses digits where x is tiny: there it is the first two terms of its series.
    tiny = ops.lt(x * (b + 1.0), 1e-8)
    near, c, d = ops.select(tiny, x, 1e-8), ops.select(tiny, a, 1.0), ops.select(tiny, b, 1.0)
    series = ops.pow(near, c) / (c * ops.beta(c, d)) * (1.0 - (d - 1.0) * near * (c / (c + 1.0)))
    return ops.select(tiny, series, _scipy(a, b, x))


def _density(_out: Any, a: Any, b: Any, x: Any) -> Any:
    a, b = ops.minimum(a, _HUGE), ops.minimum(b, _HUGE)
    # 1/B(a, b) by way of B(a + 1, b + 1), which keeps its digits where a or b is tiny.
    share = a / (a + b) * (b / (a + b + 1.0))
    bell = ops.xlogy(a - 1.0, x) + ops.xlog1py(b - 1.0, -x) - ops.betaln(a + 1.0, b + 1.0)
    return ops.select(_is_modest(a, b, x), _product(a, b, x), share * ops.exp(bell))


def _is_modest(a: Any, b: Any, x: Any) -> Any:
    """Tell whether no factor of the density overflows or underflows."""
    powers = ops.minimum(ops.xlogy(a, x), ops.xlog1py(b, -x))
    small = ops.logical_and(ops.lt(ops.maximum(a, b), 60.0), ops.gt(ops.minimum(a, b), 1e-3))
    return ops.logical_and(small, ops.gt(powers, -600.0))


def _product(a: Any, b: Any, x: Any) -> Any:
    """Return the density as a product: the exponential of a sum would magnify its rounding."""
    a, b = ops.minimum(a, 60.0), ops.minimum(b, 60.0)
    rest = 1.0 - x
    lost = (1.0 - rest) - x  # of that difference; its share of a power is b times its own
    powers = ops.pow(x, a) * ops.pow(rest, b) * (1.0 + b * (lost / rest))
    return powers / ops.beta(a, b) / (x * rest)


betainc = Op(
    "betainc",
    forward=_forward,
    partials=(no_derivative, no_derivative, _density),
    domain=("(0, inf)", "(0, inf)", "(0, 1)"),
    doc="integral of t**(a-1) * (1-t)**(b-1) / B(a, b) from 0 to x",
)

"""Regularised lower incomplete gamma function P(a, x), a > 0, x >= 0 (DLMF 8.2.4). By SciPy.

The distribution function of a gamma variable. Partial by x: its density x**(a-1) e**-x/Gamma(a). By
a there is no closed form: it is NaN; keep a a number.
"""

import math
from typing import Any

from mgcore import Op, no_derivative, ops
from mgops_math.scipy_special import scipy_function

_OVER_TWO_PI = 0.5 / math.pi
_LARGE = 20.0
_HUGE = 1e299
_STIRLING = (
    *(1.0 / 156.0, -691.0 / 360360.0, 1.0 / 1188.0, -1.0 / 1680.0, 1.0 / 1260.0),
    *(-1.0 / 360.0, 1.0 / 12.0),
)


_scipy, _complement = scipy_function("gammainc"), scipy_function("gammaincc")


def _forward(a: Any, x: Any) -> Any:
    # SciPy loses digits where a is tiny: there 1 - Q is right, since nearly all lies below any x;
    # and where x is tiny: there the power series is (DLMF 8.7.1).
    tiny = ops.lt(a, 1e-3)
    low = ops.maximum(ops.select(tiny, a, 1.0), 1e-300)
    few = 1.0 - _complement(low, ops.select(tiny, x, 1.0))
    many = _scipy(ops.select(tiny, 1.0, a), ops.select(tiny, 1.0, x))
    near = ops.minimum(x, 1e-8)
    scale = ops.exp(-ops.lgamma(ops.minimum(a, 1e299) + 1.0))
    series = ops.pow(near, a) * scale * (1.0 - near * (a / (a + 1.0)))
    return ops.select(ops.lt(x, 1e-8), series, ops.select(tiny, few, many))


def _density(_out: Any, a: Any, x: Any) -> Any:
    a, x = ops.minimum(a, _HUGE), ops.minimum(x, _HUGE)
    large = ops.gt(a, _LARGE)
    # A product of powers: an exponential of their logarithms' sum would magnify its rounding.
    low = ops.minimum(a, _LARGE)
    few = ops.pow(x, low) / x * ops.exp(-x) / ops.gamma(low)
    # For large a Stirling's series, and a (log(x/a) - x/a + 1) in one, so that nothing cancels.
    high = ops.maximum(a, _LARGE)
    ratio = ops.select(large, x, high) / high
    gap = ratio - 1.0
    near = ops.gt(gap, -0.5)
    log = ops.select(near, ops.log1p(ops.maximum(gap, -0.5)), ops.log(ratio))
    r = 1.0 / high
    rest = high * (log - gap) - r * ops.polyval(r * r, *_STIRLING)
    return ops.select(large, ops.exp(rest) * ops.sqrt(high * _OVER_TWO_PI) / x, few)


gammainc = Op(
    "gammainc",
    forward=_forward,
    partials=(no_derivative, _density),
    domain=("(0, inf)", "(0, inf)"),
    doc="integral of t**(a-1) * e**-t / Gamma(a) from 0 to x",
)

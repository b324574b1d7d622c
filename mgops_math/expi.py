"""Exponential integral Ei(x): the principal value of the integral of e**t/t to x (DLMF 6.2.5).

By SciPy; from 38 on by its asymptotic series (DLMF 6.12.2), of which SciPy takes too few terms.
Partial e**x/x; at 0 it is minus infinite.
"""

from typing import Any

from mgcore import Op, ops
from mgops_math.scipy_special import scipy_function

_FAR = 38.0
_TERMS = 36
_scipy = scipy_function("expi")


def _forward(x: Any) -> Any:
    large = ops.maximum(x, _FAR)
    r = 1.0 / large
    half = ops.exp(0.5 * large)  # twice, so that only the result overflows
    series = 1.0
    for k in range(_TERMS, 0, -1):
        series = 1.0 + (float(k) * r) * series
    far = r * half * series * half
    return ops.select(ops.ge(x, _FAR), far, _scipy(ops.minimum(x, _FAR)))


expi = Op(
    "expi",
    forward=_forward,
    partials=(lambda out, x: ops.exp(x) / x,),
    symbol="Ei",
    domain="(-inf, 0) | (0, inf)",
    robust="(-inf, 700)",  # beyond, e**x is too large for a float64 and e**x / x is not
    doc="integral of e**t / t from -inf to x",
)

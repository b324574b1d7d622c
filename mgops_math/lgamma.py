"""Logarithm of the gamma function: log(Gamma(x)) for x > 0 (DLMF 5.2.1). Partial digamma(x).

Below 0, beyond its domain, it is log(|Gamma(x)|), as in the C library and SciPy.
"""

import math

from mgcore import Op, ops


def _forward(x: float) -> float:
    try:
        return math.lgamma(x)
    except (OverflowError, ValueError):  # too large, or 0 or a negative whole number
        return math.inf


lgamma = Op(
    "lgamma",
    forward=_forward,
    partials=(lambda out, x: ops.digamma(x),),
    domain="(0, inf)",
    doc="log(Gamma(x))",
)

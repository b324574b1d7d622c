"""Logarithm to base 10: log10(x) for x > 0. Partial 1/(x log(10))."""

import math

from mgcore import Op

_SLOPE_AT_1 = 1.0 / math.log(10.0)


def _forward(x: float) -> float:
    try:
        return math.log10(x)
    except ValueError:
        if x == 0.0:
            return -math.inf  # the limit, which Python's function does not give
        raise


log10 = Op(
    "log10",
    _forward,
    partials=(lambda out, x: _SLOPE_AT_1 / x,),
    domain="(0, inf)",
    doc="logarithm of x to base 10",
)

"""Logarithm to base 2: log2(x) for x > 0. Partial 1/(x log(2))."""

import math

from mgcore import Op

_SLOPE_AT_1 = 1.0 / math.log(2.0)


def _forward(x: float) -> float:
    try:
        return math.log2(x)
    except ValueError:
        if x == 0.0:
            return -math.inf  # the limit, which Python's function does not give
        raise


log2 = Op(
    "log2",
    _forward,
    partials=(lambda out, x: _SLOPE_AT_1 / x,),
    domain="(0, inf)",
    doc="logarithm of x to base 2",
)

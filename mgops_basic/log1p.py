"""Logarithm of one more: log(1 + x) for x > -1, without rounding 1 + x. Partial 1/(1 + x)."""

import math

from mgcore import Op


def _forward(x: float) -> float:
    try:
        return math.log1p(x)
    except ValueError:
        if x == -1.0:
            return -math.inf  # the limit, which Python's function does not give
        raise


log1p = Op(
    "log1p",
    _forward,
    partials=(lambda out, x: 1.0 / (1.0 + x),),
    domain="(-1, inf)",
    doc="log(1 + x)",
)

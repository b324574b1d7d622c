"""Inverse hyperbolic tangent: atanh(x) for -1 < x < 1. Partial 1/((1 - x)(1 + x))."""

import math

from mgcore import Op


def _forward(x: float) -> float:
    try:
        return math.atanh(x)
    except ValueError:
        if abs(x) == 1.0:
            return math.copysign(math.inf, x)  # the limit, which Python's function does not give
        raise


atanh = Op(
    "atanh",
    _forward,
    partials=(lambda out, x: 1.0 / ((1.0 - x) * (1.0 + x)),),
    domain="(-1, 1)",
    doc="inverse hyperbolic tangent of x",
)

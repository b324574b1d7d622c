"""Reciprocal of the square root: 1/sqrt(x) for x > 0. Partial -rsqrt(x)/(2x)."""

import math

from mgcore import Op


def _forward(x: float) -> float:
    return 1.0 / math.sqrt(x) if x != 0.0 else math.inf


rsqrt = Op(
    "rsqrt",
    _forward,
    partials=(lambda out, x: -0.5 * out / x,),
    domain="(0, inf)",
    doc="1 / sqrt(x)",
)

"""Whole part: x rounded toward 0 (IEEE 754, 5.9).

Partial 0, also at the steps.
"""

import math

from mgcore import Op, ops


def _forward(x: float) -> float:
    return math.copysign(float(math.trunc(x)), x) if math.isfinite(x) else x  # -0.0 stays


trunc = Op(
    "trunc",
    forward=_forward,
    partials=(lambda out, x: 0.0,),
    kink=lambda x: x - ops.round(x) if abs(x) >= 0.5 else 1.0,
    doc="whole part of x",
)

"""Floor: the largest whole number that is not above x (IEEE 754, 5.9).

Partial 0, also at the steps.
"""

import math

from mgcore import Op, ops


def _forward(x: float) -> float:
    return math.copysign(float(math.floor(x)), x) if math.isfinite(x) else x  # -0.0 stays


floor = Op(
    "floor",
    forward=_forward,
    partials=(lambda out, x: 0.0,),
    kink=lambda x: x - ops.round(x),
    doc="largest whole number <= x",
)

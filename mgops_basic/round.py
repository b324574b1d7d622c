"""Nearest whole number; halfway between two, the even one (IEEE 754, 5.9).

Partial 0, also at the steps. `mgops_activations.ste_round` has the slope 1 instead.
"""

import builtins
import math

from mgcore import Op, ops


def _forward(x: float) -> float:
    return math.copysign(float(builtins.round(x)), x) if math.isfinite(x) else x  # -0.0 stays


round = Op(
    "round",
    forward=_forward,
    partials=(lambda out, x: 0.0,),
    kink=lambda x: x - ops.floor(x) - 0.5,
    doc="nearest whole number to x, the even one of two",
)

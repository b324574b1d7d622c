"""Logistic function: 1 / (1 + e**-x), without overflow for any x.

Partial sigmoid(x) sigmoid(-x), which keeps its accuracy where 1 - sigmoid(x) would cancel.
"""

import math

from mgcore import Op, ops


def _forward(x: float) -> float:
    if x >= 0.0:
        return 1.0 / (1.0 + math.exp(-x))
    e = math.exp(x)
    return e / (1.0 + e)


sigmoid = Op(
    "sigmoid",
    _forward,
    partials=(lambda out, x: out * ops.sigmoid(-x),),
    doc="1 / (1 + e**-x)",
)

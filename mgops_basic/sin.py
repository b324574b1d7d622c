"""Sine of x in radians. Partial cos(x)."""

import math

from mgcore import Op, ops

sin = Op(
    "sin",
    forward=math.sin,
    partials=(lambda out, x: ops.cos(x),),
    doc="sine of x radians",
)

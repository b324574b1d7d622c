"""Cosine of x in radians. Partial -sin(x)."""

import math

from mgcore import Op, ops

cos = Op(
    "cos",
    forward=math.cos,
    partials=(lambda out, x: -ops.sin(x),),
    doc="cosine of x radians",
)

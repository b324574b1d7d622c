"""Tangent of x in radians. Partial 1 + tan(x)**2."""

import math

from mgcore import Op

tan = Op(
    "tan",
    forward=math.tan,
    partials=(lambda out, x: 1.0 + out * out,),
    doc="tangent of x radians",
)

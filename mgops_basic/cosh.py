"""Hyperbolic cosine. Partial sinh(x)."""

import math

from mgcore import Op, ops

cosh = Op(
    "cosh",
    forward=math.cosh,
    partials=(lambda out, x: ops.sinh(x),),
    doc="hyperbolic cosine of x",
)

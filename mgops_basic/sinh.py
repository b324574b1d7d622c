"""Hyperbolic sine. Partial cosh(x)."""

import math

from mgcore import Op, ops

sinh = Op(
    "sinh",
    forward=math.sinh,
    partials=(lambda out, x: ops.cosh(x),),
    doc="hyperbolic sine of x",
)

"""Inverse hyperbolic cosine: acosh(x) for x >= 1. Partial 1/(sqrt(x - 1) sqrt(x + 1))."""

import math

from mgcore import Op, ops

acosh = Op(
    "acosh",
    forward=math.acosh,
    partials=(lambda out, x: 1.0 / (ops.sqrt(x - 1.0) * ops.sqrt(x + 1.0)),),
    domain="[1, inf)",
    doc="inverse hyperbolic cosine of x",
)

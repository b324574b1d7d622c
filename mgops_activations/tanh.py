"""Hyperbolic tangent. Partial 1 - tanh(x)**2."""

import math

from mgcore import Op

tanh = Op(
    "tanh",
    forward=math.tanh,
    partials=(lambda out, x: 1.0 - out * out,),
    doc="hyperbolic tangent of x",
)

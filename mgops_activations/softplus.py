"""Softplus: log(1 + e**x), as max(x, 0) + log1p(e**-|x|), without overflow for any x.

Partial sigmoid(x).
"""

import math

from mgcore import Op, ops

softplus = Op(
    "softplus",
    forward=lambda x: max(x, 0.0) + math.log1p(math.exp(-abs(x))),
    partials=(lambda out, x: ops.sigmoid(x),),
    doc="log(1 + e**x)",
)

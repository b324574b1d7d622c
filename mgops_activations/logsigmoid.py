"""Logarithm of the logistic function: min(x, 0) - log1p(e**-|x|), without overflow for any x.

Partial sigmoid(-x).
"""

import math

from mgcore import Op, ops

logsigmoid = Op(
    "logsigmoid",
    forward=lambda x: min(x, 0.0) - math.log1p(math.exp(-abs(x))),
    partials=(lambda out, x: ops.sigmoid(-x),),
    doc="log(sigmoid(x))",
)

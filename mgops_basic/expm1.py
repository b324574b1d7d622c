"""Exponential less one: e**x - 1, without the loss of digits of that difference near 0.

Partial e**x, which 1 + out would round away where x is far below 0.
"""

import math

from mgcore import Op, ops

expm1 = Op(
    "expm1",
    forward=math.expm1,
    partials=(lambda out, x: ops.exp(x),),
    doc="e**x - 1",
)

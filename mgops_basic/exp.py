"""Exponential: e**x. Partial: the result itself."""

import math

from mgcore import Op

exp = Op(
    "exp",
    forward=math.exp,
    partials=(lambda out, x: out,),
    doc="e ** x",
)

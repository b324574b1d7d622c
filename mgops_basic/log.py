"""Natural logarithm: log(x) for x > 0. Partial 1/x."""

import math

from mgcore import Op

log = Op(
    "log",
    forward=math.log,
    partials=(lambda out, x: 1.0 / x,),
    domain="(0, inf)",
    doc="natural logarithm of x",
)

"""Square root: sqrt(x) for x >= 0. Partial 1/(2 sqrt(x)), which does not exist at 0."""

import math

from mgcore import Op

sqrt = Op(
    "sqrt",
    forward=math.sqrt,
    partials=(lambda out, x: 0.5 / out,),
    domain="[0, inf)",
    doc="square root of x",
)

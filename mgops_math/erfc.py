"""Complementary error function: 1 - erf(x) without its cancellation (DLMF 7.2.2).

Partial -2/sqrt(pi) e**(-x**2).
"""

import math

from mgcore import Op, ops

_SLOPE = -2.0 / math.sqrt(math.pi)

erfc = Op(
    "erfc",
    forward=math.erfc,
    partials=(lambda out, x: _SLOPE * ops.gaussian(x),),
    doc="1 - erf(x)",
)

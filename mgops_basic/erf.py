"""Error function: 2/sqrt(pi) times the integral of e**(-t**2) from 0 to x (DLMF 7.2.1).

Partial 2/sqrt(pi) e**(-x**2).
"""

import math

from mgcore import Op, ops

_TWO_OVER_ROOT_PI = 2.0 / math.sqrt(math.pi)

erf = Op(
    "erf",
    forward=math.erf,
    partials=(lambda out, x: _TWO_OVER_ROOT_PI * ops.gaussian(x),),
    doc="2/sqrt(pi) * integral of e**(-t**2) from 0 to x",
)

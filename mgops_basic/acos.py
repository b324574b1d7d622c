"""Inverse cosine: the angle in [0, pi] whose cosine is x, for -1 <= x <= 1.

Partial -1/sqrt((1 - x)(1 + x)), which does not exist at -1 and 1.
"""

import math

from mgcore import Op, ops

acos = Op(
    "acos",
    forward=math.acos,
    partials=(lambda out, x: -1.0 / ops.sqrt((1.0 - x) * (1.0 + x)),),
    domain="[-1, 1]",
    doc="angle in radians whose cosine is x",
)

"""Inverse sine: the angle in [-pi/2, pi/2] whose sine is x, for -1 <= x <= 1.

Partial 1/sqrt((1 - x)(1 + x)), which does not exist at -1 and 1.
"""

import math

from mgcore import Op, ops

asin = Op(
    "asin",
    forward=math.asin,
    partials=(lambda out, x: 1.0 / ops.sqrt((1.0 - x) * (1.0 + x)),),
    domain="[-1, 1]",
    doc="angle in radians whose sine is x",
)

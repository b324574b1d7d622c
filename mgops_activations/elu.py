"""Exponential linear unit with alpha = 1: x where x > 0, else e**x - 1 (Clevert et al., 2016).

Partial 1 where x > 0, else e**x. The first derivative is continuous at 0, the second is not.
"""

import math

from mgcore import Op, ops

elu = Op(
    "elu",
    forward=lambda x: x if x > 0.0 else math.expm1(x),
    # The minimum keeps e**x from overflowing where it is not wanted.
    partials=(lambda out, x: ops.exp(ops.minimum(x, 0.0)),),
    kink=lambda x: x,
    doc="x if x > 0 else e**x - 1",
)

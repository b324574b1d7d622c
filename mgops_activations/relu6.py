"""Rectified linear unit up to 6: x between 0 and 6, else the nearer of them; NaN stays NaN.

Partial 1 between 0 and 6, else 0, also at both kinks (Krizhevsky, 2010).
"""

from mgcore import Op, ops

relu6 = Op(
    "relu6",
    forward=lambda x: 0.0 if x < 0.0 else min(x, 6.0),
    partials=(lambda out, x: ops.gt(x, 0.0) * ops.lt(x, 6.0),),
    kink=lambda x: x * (6.0 - x),
    doc="x brought between 0 and 6",
)

"""Rectified linear unit: x where x > 0, else 0; NaN stays NaN.

Partial 1 where x > 0, else 0; the convention at the kink is relu'(0) = 0.
"""

from mgcore import Op, ops

relu = Op(
    "relu",
    forward=lambda x: max(x, 0.0),
    partials=(lambda out, x: ops.gt(x, 0.0),),
    kink=lambda x: x,
    doc="x if x > 0 else 0",
)

"""Soft shrinkage: x moved toward 0 by 1/2, and 0 on the way (Donoho, 1995; PyTorch's threshold).

Partial 1 where |x| > 1/2, else 0, also at both kinks.
"""

from mgcore import Op, ops

THRESHOLD = 0.5

softshrink = Op(
    "softshrink",
    forward=lambda x: x - ops.minimum(ops.maximum(x, -THRESHOLD), THRESHOLD),
    partials=(lambda out, x: ops.gt(abs(x), THRESHOLD),),
    kink=lambda x: abs(x) - THRESHOLD,
    doc="x - 0.5 if x > 0.5, x + 0.5 if x < -0.5, else 0",
)

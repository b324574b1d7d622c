"""Hard shrinkage: x where |x| > 1/2, else 0 (Donoho, 1995; PyTorch's threshold).

Partial 1 where |x| > 1/2, else 0, also at both steps.
"""

from mgcore import Op, ops

THRESHOLD = 0.5

hardshrink = Op(
    "hardshrink",
    forward=lambda x: ops.select(ops.le(abs(x), THRESHOLD), 0.0, x),
    partials=(lambda out, x: ops.gt(abs(x), THRESHOLD),),
    kink=lambda x: abs(x) - THRESHOLD,
    doc="x if |x| > 0.5 else 0",
)

"""Leaky rectified linear unit: x where x > 0, else 0.01 x.

Partial 1 where x > 0, else 0.01, also at the kink.
"""

from mgcore import Op, ops

SLOPE = 0.01

leaky_relu = Op(
    "leaky_relu",
    forward=lambda x: x if x > 0.0 else SLOPE * x,
    partials=(lambda out, x: ops.select(ops.gt(x, 0.0), 1.0, SLOPE),),
    kink=lambda x: x,
    doc="x if x > 0 else 0.01 * x",
)

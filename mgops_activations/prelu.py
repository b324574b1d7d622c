"""Rectifier with a slope that is an operand, to be learnt: x where x > 0, else slope x (He, 2015).

Partials 1 where x > 0, else the slope, also at the kink; and x where x < 0, else 0.
"""

from mgcore import Op, ops

prelu = Op(
    "prelu",
    forward=lambda x, slope: ops.select(ops.gt(x, 0.0), x, slope * x),
    partials=(
        lambda out, x, slope: ops.select(ops.gt(x, 0.0), 1.0, slope),
        lambda out, x, slope: ops.minimum(x, 0.0),
    ),
    kink=lambda x, slope: x,
    doc="x if x > 0 else slope * x",
)

"""Piecewise linear tanh: x between -1 and 1, else the nearer of them; NaN stays NaN.

Partial 1 between -1 and 1, else 0, also at both kinks (Collobert, 2004).
"""

from mgcore import Op, ops

hardtanh = Op(
    "hardtanh",
    forward=lambda x: -1.0 if x < -1.0 else min(x, 1.0),
    partials=(lambda out, x: ops.gt(x, -1.0) * ops.lt(x, 1.0),),
    kink=lambda x: (x + 1.0) * (1.0 - x),
    doc="x brought between -1 and 1",
)

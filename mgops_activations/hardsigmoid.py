"""Piecewise linear sigmoid: (x + 3)/6 between -3 and 3, else 0 or 1; NaN stays NaN.

Partial 1/6 between -3 and 3, else 0, also at both kinks (Howard et al., 2019).
"""

from mgcore import Op, ops

_SLOPE = 1.0 / 6.0

hardsigmoid = Op(
    "hardsigmoid",
    forward=lambda x: 0.0 if x < -3.0 else 1.0 if x > 3.0 else (x + 3.0) / 6.0,
    partials=(lambda out, x: _SLOPE * (ops.gt(x, -3.0) * ops.lt(x, 3.0)),),
    kink=lambda x: (x + 3.0) * (3.0 - x),
    doc="(x + 3) / 6 brought between 0 and 1",
)

"""Piecewise silu: 0 up to -3, x from 3 on, x (x + 3)/6 between (Howard et al., 2019).

Partial (2x + 3)/6 between -3 and 3; the convention at the kinks is 0 at -3 and 1 at 3.
"""

from mgcore import Op, ops

hardswish = Op(
    "hardswish",
    forward=lambda x: 0.0 if x <= -3.0 else x if x >= 3.0 else x * (x + 3.0) / 6.0,
    partials=(
        lambda out, x: ops.select(
            ops.ge(x, 3.0), 1.0, ops.select(ops.gt(x, -3.0), (2.0 * x + 3.0) / 6.0, 0.0)
        ),
    ),
    kink=lambda x: (x + 3.0) * (3.0 - x),
    doc="x * hardsigmoid(x)",
)

"""Choice: x where the condition is not 0 (NaN counts as not 0), else y.

Partials: 0 for the condition, 1 for the operand chosen, 0 for the other.
"""

from mgcore import Op, ops

select = Op(
    "select",
    forward=lambda condition, x, y: x if condition != 0.0 else y,
    partials=(
        lambda out, condition, x, y: 0.0,
        lambda out, condition, x, y: ops.select(condition, 1.0, 0.0),
        lambda out, condition, x, y: ops.select(condition, 0.0, 1.0),
    ),
    symbol="?:",
    kink=lambda condition, x, y: condition,
    doc="x if condition != 0 else y",
)

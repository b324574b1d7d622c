"""Choice, by the name that NumPy and PyTorch have for `select`: a composite of it.

Partials are those of `select`: 0 for the condition, 1 for the operand chosen, 0 for the other.
"""

from mgcore import Op, ops

where = Op(
    "where",
    forward=lambda condition, x, y: ops.select(condition, x, y),
    partials=(
        lambda out, condition, x, y: 0.0,
        lambda out, condition, x, y: ops.select(condition, 1.0, 0.0),
        lambda out, condition, x, y: ops.select(condition, 0.0, 1.0),
    ),
    symbol="?:",
    kink=lambda condition, x, y: condition,
    doc="x if condition != 0 else y",
)

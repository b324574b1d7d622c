"""The larger of x and y; NaN if either is NaN.

Partials 1 for the larger and 0 for the other; the convention at a tie is a half for each.
"""

from mgcore import Op, ops

maximum = Op(
    "maximum",
    forward=lambda x, y: x if x > y or x != x else y,
    partials=(
        lambda out, x, y: 0.5 * (ops.gt(x, y) + ops.ge(x, y)),
        lambda out, x, y: 0.5 * (ops.gt(y, x) + ops.ge(y, x)),
    ),
    symbol="max",
    kink=lambda x, y: x - y,
    doc="the larger of x and y",
)

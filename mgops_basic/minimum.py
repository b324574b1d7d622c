"""The smaller of x and y; NaN if either is NaN.

Partials 1 for the smaller and 0 for the other; the convention at a tie is a half for each.
"""

from mgcore import Op, ops

minimum = Op(
    "minimum",
    forward=lambda x, y: x if x < y or x != x else y,
    partials=(
        lambda out, x, y: 0.5 * (ops.lt(x, y) + ops.le(x, y)),
        lambda out, x, y: 0.5 * (ops.lt(y, x) + ops.le(y, x)),
    ),
    symbol="min",
    kink=lambda x, y: x - y,
    doc="the smaller of x and y",
)

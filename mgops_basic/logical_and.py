"""Both: 1 where neither x nor y is 0 (NaN counts as not 0), else 0. Both partials are 0."""

from mgcore import Op

logical_and = Op(
    "logical_and",
    forward=lambda x, y: 1.0 if x != 0.0 and y != 0.0 else 0.0,
    partials=(lambda out, x, y: 0.0, lambda out, x, y: 0.0),
    symbol="and",
    kink=lambda x, y: 0.0 if x == 0.0 or y == 0.0 else 1.0,
    doc="1 if x != 0 and y != 0 else 0",
)

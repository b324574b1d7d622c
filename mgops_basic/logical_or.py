"""Either: 1 where x or y is not 0 (NaN counts as not 0), else 0. Both partials are 0."""

from mgcore import Op

logical_or = Op(
    "logical_or",
    forward=lambda x, y: 1.0 if x != 0.0 or y != 0.0 else 0.0,
    partials=(lambda out, x, y: 0.0, lambda out, x, y: 0.0),
    symbol="or",
    kink=lambda x, y: 0.0 if x == 0.0 or y == 0.0 else 1.0,
    doc="1 if x != 0 or y != 0 else 0",
)

"""Comparison: 1 where x and y are different, else 0. Both partials are 0, also at a tie.

NaN is different from everything, also from itself.
"""

from mgcore import Op

ne = Op(
    "ne",
    forward=lambda x, y: 1.0 if x != y else 0.0,
    partials=(lambda out, x, y: 0.0, lambda out, x, y: 0.0),
    symbol="!=",
    kink=lambda x, y: x - y,
    doc="1 if x != y else 0",
)

"""Comparison: 1 where x is greater than y, else 0. Both partials are 0, also at the step."""

from mgcore import Op

gt = Op(
    "gt",
    forward=lambda x, y: 1.0 if x > y else 0.0,
    partials=(lambda out, x, y: 0.0, lambda out, x, y: 0.0),
    symbol=">",
    kink=lambda x, y: x - y,
    doc="1 if x > y else 0",
)

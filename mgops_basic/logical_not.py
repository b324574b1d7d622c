"""Not: 1 where x is 0, else 0 (NaN counts as not 0). Partial 0, also at the step."""

from mgcore import Op

logical_not = Op(
    "logical_not",
    forward=lambda x: 1.0 if x == 0.0 else 0.0,
    partials=(lambda out, x: 0.0,),
    symbol="not",
    kink=lambda x: x,
    doc="1 if x = 0 else 0",
)

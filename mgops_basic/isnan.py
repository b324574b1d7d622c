"""Test: 1 where x is not a number, else 0. Partial 0."""

from mgcore import Op

isnan = Op(
    "isnan",
    forward=lambda x: 1.0 if x != x else 0.0,
    partials=(lambda out, x: 0.0,),
    doc="1 if x is NaN else 0",
)

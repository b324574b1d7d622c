"""Reciprocal: 1/x for x other than 0. Partial -(1/x)/x."""

from mgcore import Op

reciprocal = Op(
    "reciprocal",
    forward=lambda x: 1.0 / x,
    partials=(lambda out, x: -out / x,),
    domain="(-inf, 0) | (0, inf)",
    doc="1 / x",
)

"""Negation: -x. Partial -1."""

from mgcore import Op

neg = Op(
    "neg",
    forward=lambda x: -x,
    partials=(lambda out, x: -1.0,),
    symbol="-",
    doc="-x",
)

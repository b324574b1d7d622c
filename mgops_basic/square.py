"""Square: x times itself. Partial 2x."""

from mgcore import Op

square = Op(
    "square",
    forward=lambda x: x * x,
    partials=(lambda out, x: 2.0 * x,),
    doc="x * x",
)

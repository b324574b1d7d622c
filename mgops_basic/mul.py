"""Multiplication: x y. Partials y and x."""

from mgcore import Op

mul = Op(
    "mul",
    forward=lambda x, y: x * y,
    partials=(lambda out, x, y: y, lambda out, x, y: x),
    symbol="*",
    doc="x * y",
)

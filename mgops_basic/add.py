"""Addition: x + y. Partials 1 and 1."""

from mgcore import Op

add = Op(
    "add",
    forward=lambda x, y: x + y,
    partials=(lambda out, x, y: 1.0, lambda out, x, y: 1.0),
    symbol="+",
    doc="x + y",
)

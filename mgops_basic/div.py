"""Division: x / y for y other than 0. Partials 1/y and -(x/y)/y."""

from mgcore import Op

div = Op(
    "div",
    forward=lambda x, y: x / y,
    partials=(lambda out, x, y: 1.0 / y, lambda out, x, y: -out / y),
    symbol="/",
    domain=("(-inf, inf)", "(-inf, 0) | (0, inf)"),
    doc="x / y",
)

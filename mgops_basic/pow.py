"""Power: x**y, real for x > 0, for x = 0 with y >= 0, and for x < 0 with an integer y.

Partials y x**(y-1) and x**y log(x). Conventions: at y = 0 the first is 0, also at x = 0 (where
x**-1 has no value); at x = 0 the second is 0, its limit for y > 0. For x < 0 the second does not
exist: an exponent there must be a plain number.
"""

from mgcore import Op, ops

pow = Op(
    "pow",
    forward=lambda x, y: x**y,
    partials=(
        # select(t, 1, 0) is 1 unless t is 0, and select(t, 0, 1) the reverse. The exponent is
        # y - 1 but for 0**0, so that the rule itself has the right derivative at y = 0.
        lambda out, x, y: y * x ** (y - ops.select(y, 1.0, ops.select(x, 1.0, 0.0))),
        lambda out, x, y: out * ops.log(x + ops.select(x, 0.0, 1.0)),
    ),
    symbol="**",
    domain=("(0, inf)", "(-inf, inf)"),
    doc="x ** y",
)

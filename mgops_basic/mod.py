"""Remainder of the floored quotient: x - y floor(x/y), with the sign of y, as Python's `x % y`.

Partials 1 and -floor(x/y), also at the steps. The result is exact (C99's fmod) but for one rounding
where the signs differ. From |x/y| = 2**53 on, neighbours of x have other quotients: there it is all
steps.
"""

import math

from mgcore import Op, ops


def _kink(x: float, y: float) -> float:
    """Return how far x is from a multiple of y, with another sign on either side of it."""
    if abs(x) >= 2.0**53 * abs(y):
        return 0.0
    turn = math.remainder(x, 2.0 * y)
    return math.copysign(min(abs(turn), abs(abs(y) - abs(turn))), turn)


mod = Op(
    "mod",
    forward=lambda x, y: x % y,
    partials=(lambda out, x, y: 1.0, lambda out, x, y: -ops.round((x - out) / y)),
    symbol="%",
    domain=("(-inf, inf)", "(-inf, 0) | (0, inf)"),
    kink=_kink,
    doc="x - y * floor(x / y)",
)

"""Remainder of the floored quotient: x - y floor(x/y), with the sign of y, as Python's `x % y`.

Partials 1 and -floor(x/y), also at the steps. The result is exact (C99's fmod) but for one rounding
where the signs differ. From |x/y| = 2**53 on, neighbours of x have other quotients: there it is all
steps.
"""

import math

from mgcore import Op, ops

mod = Op(
    "mod",
    forward=lambda x, y: x % y,
    partials=(lambda out, x, y: 1.0, lambda out, x, y: -ops.round((x - out) / y)),
    symbol="%",
    domain=("(-inf, inf)", "(-inf, 0) | (0, inf)"),
    kink=lambda x, y: math.remainder(x, y) if abs(x) < 2.0**53 * abs(y) else 0.0,
    doc="x - y * floor(x / y)",
)

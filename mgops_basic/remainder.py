"""Remainder of the rounded quotient: x - y n, n the whole number nearest to x/y (IEEE 754, 5.3.1).

It lies between -|y|/2 and |y|/2 and is exact; of two whole numbers as near, n is the even one. For
the sign of y or of x see `mod`. Partials 1 and -n, also at the steps;
from |x/y| = 2**53 on it is all steps, as for `mod`.
"""

import math

from mgcore import Op, ops


def _kink(x: float, y: float) -> float:
    return 0.5 * abs(y) - abs(math.remainder(x, y)) if abs(x) < 2.0**53 * abs(y) else 0.0


remainder = Op(
    "remainder",
    forward=math.remainder,
    partials=(lambda out, x, y: 1.0, lambda out, x, y: -ops.round((x - out) / y)),
    domain=("(-inf, inf)", "(-inf, 0) | (0, inf)"),
    kink=_kink,
    doc="x - y * round(x / y)",
)

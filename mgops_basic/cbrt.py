"""Cube root: the real number whose cube is x. Partial 1/(3 cbrt(x)**2), which does not exist at 0.

C libraries are up to 4 ulp off; a step of Newton's method brings that below 2.
"""

import math

from mgcore import Op


def _forward(x: float) -> float:
    y = math.cbrt(x)
    if y == 0.0 or not math.isfinite(y):
        return y
    return y - (y - x / (y * y)) / 3.0


cbrt = Op(
    "cbrt",
    _forward,
    partials=(lambda out, x: 1.0 / (3.0 * (out * out)),),
    domain="(-inf, 0] | [0, inf)",
    doc="cube root of x",
)

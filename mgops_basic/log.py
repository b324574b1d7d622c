"""Natural logarithm: log(x) for x > 0. Partial 1/x."""

import math

from mgcore import Op


def _forward(x: float) -> float:
    try:
        return math.log(x)
    except ValueError:
        if x == 0.0:
            return -math.inf  # the limit, which Python's function does not give
        raise


log = Op(
    "log",
    _forward,
    partials=(lambda out, x: 1.0 / x,),
    domain="(0, inf)",
    doc="natural logarithm of x",
)

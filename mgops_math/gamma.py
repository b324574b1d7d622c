"""Gamma function: the integral of t**(x-1) e**-t over t > 0; (x - 1)! for whole x (DLMF 5.2.1).

Partial Gamma(x) digamma(x). Below 0, beyond its domain, it is computed but at whole numbers.
"""

import math

from mgcore import Op, ops


def _forward(x: float) -> float:
    try:
        return math.gamma(x)
    except OverflowError:
        return math.copysign(math.inf, x)
    except ValueError:  # 0 and the negative whole numbers
        return math.copysign(math.inf, x) if x == 0.0 else math.nan


gamma = Op(
    "gamma",
    forward=_forward,
    partials=(lambda out, x: out * ops.digamma(x),),
    domain="(0, inf)",
    doc="Gamma(x), (x - 1)! for whole x",
)

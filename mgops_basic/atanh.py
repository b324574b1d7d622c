"""Inverse hyperbolic tangent: atanh(x) for -1 < x < 1.

Partial 1/((1 - x)(1 + x)); near 0, where the derivative of that product would cancel,
1/(1 - x**2).
"""

import math
from typing import Any

from mgcore import Op, ops


def _forward(x: float) -> float:
    try:
        return math.atanh(x)
    except ValueError:
        if abs(x) == 1.0:
            return math.copysign(math.inf, x)  # the limit, which Python's function does not give
        raise


def _partial(_out: Any, x: Any) -> Any:
    square = x * x
    return 1.0 / ops.select(ops.lt(square, 0.25), 1.0 - square, (1.0 - x) * (1.0 + x))


atanh = Op(
    "atanh",
    _forward,
    partials=(_partial,),
    domain="(-1, 1)",
    doc="inverse hyperbolic tangent of x",
)

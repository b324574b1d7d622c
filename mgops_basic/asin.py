"""Inverse sine: the angle in [-pi/2, pi/2] whose sine is x, for -1 <= x <= 1.

Partial 1/sqrt((1 - x)(1 + x)), which does not exist at -1 and 1; near 0, where the
derivative of that product would cancel, by 1 - x**2.
"""

import math
from typing import Any

from mgcore import Op, ops


def _partial(_out: Any, x: Any) -> Any:
    square = x * x
    left = ops.select(ops.lt(square, 0.25), 1.0 - square, (1.0 - x) * (1.0 + x))
    return 1.0 / ops.sqrt(left)


asin = Op(
    "asin",
    forward=math.asin,
    partials=(_partial,),
    domain="[-1, 1]",
    doc="angle in radians whose sine is x",
)

"""Angle of the point (x, y) to the positive x-axis, from -pi to pi; y comes first (C99, 7.12.4.4).

Partials x/(x**2 + y**2) and -y/(x**2 + y**2), of large and small operands by way of hypot, so that
no square overflows. It jumps where y = 0 and x < 0: there a 0 of either sign is 0, and at the
origin both partials are 0.
"""

import math
from typing import Any

from mgcore import Op, ops


def _share(a: Any, y: Any, x: Any) -> Any:
    """Return a/(x**2 + y**2), and 0 at the origin."""
    square = x * x + y * y
    modest = ops.logical_and(ops.gt(square, 1e-7), ops.lt(square, 1e7))
    size = ops.select(modest, 1.0, ops.hypot(x, y))
    size = ops.select(size, size, 1.0)
    return ops.select(modest, a / ops.select(modest, square, 1.0), a / size / size)


atan2 = Op(
    "atan2",
    forward=lambda y, x: math.atan2(y + 0.0, x + 0.0),
    partials=(lambda out, y, x: _share(x, y, x), lambda out, y, x: _share(-y, y, x)),
    kink=lambda y, x: y if x <= 0.0 else 1.0,
    doc="angle in radians of the point (x, y)",
)

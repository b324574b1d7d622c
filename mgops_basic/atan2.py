"""Angle of the point (x, y) to the positive x-axis, from -pi to pi; y comes first (C99, 7.12.4.4).

Partials x/(x**2 + y**2) and -y/(x**2 + y**2), by way of hypot, so that no square overflows. It
jumps where y = 0 and x < 0: there a 0 of either sign is 0, and at the origin both partials are 0.
"""

import math
from typing import Any

from mgcore import Op, ops


def _share(a: Any, y: Any, x: Any) -> Any:
    """Return a/(x**2 + y**2), and 0 at the origin."""
    size = ops.hypot(x, y)
    size = ops.select(size, size, 1.0)
    return a / size / size


atan2 = Op(
    "atan2",
    forward=lambda y, x: math.atan2(y + 0.0, x + 0.0),
    partials=(lambda out, y, x: _share(x, y, x), lambda out, y, x: _share(-y, y, x)),
    kink=lambda y, x: y if x <= 0.0 else 1.0,
    doc="angle in radians of the point (x, y)",
)

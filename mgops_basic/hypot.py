"""Length of the hypotenuse: sqrt(x**2 + y**2) without overflow on the way (C99, 7.12.7.3).

Partials x/hypot and y/hypot; at the origin 0.
"""

import math
from typing import Any

from mgcore import Op, ops


def _share(out: Any, x: Any) -> Any:
    return x / ops.select(out, out, 1.0)


hypot = Op(
    "hypot",
    forward=lambda x, y: math.hypot(x, y),
    partials=(lambda out, x, y: _share(out, x), lambda out, x, y: _share(out, y)),
    kink=lambda x, y: math.hypot(x, y),
    doc="sqrt(x**2 + y**2)",
)

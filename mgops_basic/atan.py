"""Inverse tangent: the angle in (-pi/2, pi/2) whose tangent is x. Partial 1/(1 + x**2).

Beyond 1 the partial is r/(x + r) with r = 1/x, so that no square overflows, in no order.
"""

import math
from typing import Any

from mgcore import Op, ops


def _partial(_out: Any, x: Any) -> Any:
    far = ops.gt(abs(x), 1.0)
    near, large = ops.select(far, 0.0, x), ops.select(far, x, 1.0)
    r = 1.0 / large
    return ops.select(far, r / (large + r), 1.0 / (1.0 + near * near))


atan = Op(
    "atan",
    forward=math.atan,
    partials=(_partial,),
    doc="angle in radians whose tangent is x",
)

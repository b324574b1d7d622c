"""Inverse hyperbolic sine. Partial 1/sqrt(1 + x**2).

Beyond 1 the partial is |r|/sqrt(1 + r**2) with r = 1/x, so that no square overflows, in no order.
"""

import math
from typing import Any

from mgcore import Op, ops


def _partial(_out: Any, x: Any) -> Any:
    far = ops.gt(abs(x), 1.0)
    near = ops.select(far, 0.0, x)
    r = 1.0 / ops.select(far, x, 1.0)
    return ops.select(far, abs(r) / ops.sqrt(1.0 + r * r), 1.0 / ops.sqrt(1.0 + near * near))


asinh = Op(
    "asinh",
    forward=math.asinh,
    partials=(_partial,),
    doc="inverse hyperbolic sine of x",
)

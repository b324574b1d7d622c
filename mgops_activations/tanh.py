"""Hyperbolic tangent. Partial 1/cosh(x)**2.

1 - tanh(x)**2 keeps no digit where tanh is almost 1 (at 19 it is twice too large, from 20 on it is
0), so the partial is e**(-2|x|) (1 + |tanh(x)|)**2, which cancels nowhere. On Values, which may be
differentiated any number of times, it is the same without the kink of |x|: 4 sigmoid(2x)
sigmoid(-2x).
"""

import math
from typing import Any

from mgcore import Op, Value, ops


def _partial(out: Any, x: Any) -> Any:
    if isinstance(x, Value):
        return 4.0 * (ops.sigmoid(2.0 * x) * ops.sigmoid(-2.0 * x))
    above = 1.0 + abs(out)
    return ops.exp(-2.0 * abs(x)) * (above * above)


tanh = Op(
    "tanh",
    forward=math.tanh,
    partials=(_partial,),
    doc="hyperbolic tangent of x",
)

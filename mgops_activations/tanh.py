"""Hyperbolic tangent. Partial 1/cosh(x)**2.

1 - tanh(x)**2 keeps no digit where tanh is almost 1 (at 19 it is twice too large, from 20 on it is
0), so there the partial is e**(-2|x|) (1 + |tanh(x)|)**2, which cancels nowhere. The derivative of
that would cancel near 0, where the other form's, -2 tanh(x)/cosh(x)**2, has all its digits.
"""

import math
from typing import Any

from mgcore import Op, ops

_NEAR = 0.5
"""Up to this |tanh(x)| the partial is 1 - tanh(x)**2."""


def _partial(out: Any, x: Any) -> Any:
    if isinstance(x, float):
        return 1.0 - out * out if abs(out) < _NEAR else _far(out, x)
    return ops.select(ops.lt(abs(out), _NEAR), 1.0 - out * out, _far(out, x))


def _far(out: Any, x: Any) -> Any:
    above = 1.0 + abs(out)
    return ops.exp(-2.0 * abs(x)) * (above * above)


tanh = Op(
    "tanh",
    forward=math.tanh,
    partials=(_partial,),
    doc="hyperbolic tangent of x",
)

"""gelu's approximation x (1 + tanh(c (x + 0.044715 x**3)))/2, c = sqrt(2/pi) (Hendrycks, 2016).

As x sigmoid(2 u) with u = c (x + 0.044715 x**3), which is the same and keeps its digits below 0. A
composite. Partial s + 2 x u' s (1 - s), s = sigmoid(2 u); beyond 40, where it is settled, u' stays.
"""

import math
from typing import Any

from mgcore import Op, ops

_CUBE = 0.044715
_SCALE = 2.0 * math.sqrt(2.0 / math.pi)


def _inner(x: Any) -> Any:
    return _SCALE * (x + _CUBE * (x * x * x))


def _partial(out: Any, x: Any) -> Any:
    u = _inner(x)
    near = ops.minimum(ops.maximum(x, -40.0), 40.0)
    slope = _SCALE * (1.0 + 3.0 * _CUBE * (near * near))
    return ops.sigmoid(u) + out * ops.sigmoid(-u) * slope


gelu_tanh = Op(
    "gelu_tanh",
    forward=lambda x: x * ops.sigmoid(_inner(x)),
    partials=(_partial,),
    doc="x * (1 + tanh(sqrt(2/pi) * (x + 0.044715 * x**3))) / 2",
)

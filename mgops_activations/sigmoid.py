"""Logistic function: 1 / (1 + e**-x), without overflow for any x.

Partial sigmoid(x) sigmoid(-x), which keeps its accuracy where 1 - sigmoid(x) would cancel. The
derivative of that cancels near 0, so there the partial is (1 - tanh(x/2)**2)/4, the same number.
"""

import math
from typing import Any

from mgcore import Op, ops

_NEAR = 1.0
"""Up to this |x| the partial is that of tanh."""


def _forward(x: float) -> float:
    if x >= 0.0:
        return 1.0 / (1.0 + math.exp(-x))
    e = math.exp(x)
    return e / (1.0 + e)


def _partial(out: Any, x: Any) -> Any:
    if isinstance(x, float):
        return _near(x) if abs(x) < _NEAR else out * ops.sigmoid(-x)
    return ops.select(ops.lt(abs(x), _NEAR), _near(x), out * ops.sigmoid(-x))


def _near(x: Any) -> Any:
    t = ops.tanh(0.5 * x)
    return 0.25 * (1.0 - t * t)


sigmoid = Op(
    "sigmoid",
    _forward,
    partials=(_partial,),
    doc="1 / (1 + e**-x)",
)

"""Lambert's W function, principal branch: the w >= -1 with w e**w = x, for x > -1/e (DLMF 4.13).

Three steps of Halley's method from a start that is good to two digits (Corless et al., 1996); a
composite: the rule is generic. Partial 1/(e**out (1 + out)).
"""

import math
from typing import Any

from mgcore import Op, ops

_STEPS = 3


def _start(x: Any) -> Any:
    """Return about W(x), to two digits or more, by three formulas."""
    p = ops.sqrt(ops.maximum(2.0 * (math.e * ops.minimum(x, 0.0) + 1.0), 0.0))
    low = -1.0 + p * (1.0 + p * (-1.0 / 3.0 + p * (11.0 / 72.0 - p * (43.0 / 540.0))))
    m = ops.minimum(ops.maximum(x, -0.25), 0.5)
    middle = m * (1.0 + m * (4.0 / 3.0)) / (1.0 + m * (7.0 / 3.0 + m * (5.0 / 6.0)))
    log = ops.log1p(ops.maximum(x, 0.0))
    high = log * (1.0 - ops.log1p(log) / (2.0 + log))
    return ops.select(ops.lt(x, -0.25), low, ops.select(ops.lt(x, 0.5), middle, high))


def _forward(x: Any) -> Any:
    w = _start(x)
    for _ in range(_STEPS):
        error, up = w - x * ops.exp(-w), 1.0 + w
        w = w - error / (up - 0.5 * (up + 1.0) * error / up)
    return w


def _partial(out: Any, x: Any) -> Any:
    # e**out is x/out, and for large x keeps its digits so.
    large = ops.gt(x, 1.0)
    usual = 1.0 / (ops.exp(ops.minimum(out, 1.0)) * (1.0 + out))
    far = ops.select(large, x, 1.0)
    return ops.select(large, ops.select(large, out, 1.0) / far / (1.0 + out), usual)


lambertw = Op(
    "lambertw",
    forward=_forward,
    partials=(_partial,),
    symbol="W",
    domain="(-1/e, inf)",
    doc="the w >= -1 with w * e**w = x",
)

"""Mish: x tanh(softplus(x)) (Misra, 2020). A composite: its forward rule is generic.

Partial e (4 (x + 1) + (4 x + 6) e + 4 e**2 + e**3)/(2 + 2 e + e**2)**2 with e = e**x; for x >= 0
1 + e**2 (4 x - 2 + 4 e (x - 1 - e))/(1 + 2 e + 2 e**2)**2 with e = e**-x, which is the same and
does not overflow. Hardly anything cancels.
"""

from typing import Any

from mgcore import Op, ops

_FAR = 800.0  # beyond, the partial is 0 or 1


def _partial(_out: Any, x: Any) -> Any:
    x = ops.minimum(ops.maximum(x, -_FAR), _FAR)
    below = ops.lt(x, 0.0)
    e = ops.exp(ops.select(below, x, -x))
    falling = e * (4.0 * (x + 1.0) + e * (4.0 * x + 6.0 + e * (4.0 + e)))
    beside_1 = e * e * (4.0 * x - 2.0 + 4.0 * e * (x - 1.0 - e))
    share = ops.select(below, 2.0 + e * (2.0 + e), 1.0 + e * (2.0 + 2.0 * e))
    return ops.select(below, 0.0, 1.0) + ops.select(below, falling, beside_1) / (share * share)


mish = Op(
    "mish",
    forward=lambda x: x * ops.tanh(ops.softplus(x)),
    partials=(_partial,),
    doc="x * tanh(softplus(x))",
)

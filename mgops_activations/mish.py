"""Mish: x tanh(softplus(x)) (Misra, 2020). A composite: its forward rule is generic.

Partial e (4 (x + 1) + (4 x + 6) e + 4 e**2 + e**3)/(2 + 2 e + e**2)**2 with e = e**x, for x >= 0
in powers of e**-x, which does not overflow; hardly anything cancels.
"""

from typing import Any

from mgcore import Op, ops

_FAR = 800.0  # beyond, the partial is 0 or 1


def _partial(_out: Any, x: Any) -> Any:
    x = ops.minimum(ops.maximum(x, -_FAR), _FAR)
    below = ops.lt(x, 0.0)
    e = ops.exp(ops.select(below, x, -x))
    a, b = 4.0 * (x + 1.0), 4.0 * x + 6.0
    falling = e * (a + e * (b + e * (4.0 + e)))
    rising = 1.0 + e * (4.0 + e * (b + e * a))
    share = ops.select(below, 2.0 + e * (2.0 + e), 1.0 + e * (2.0 + 2.0 * e))
    return ops.select(below, falling, rising) / (share * share)


mish = Op(
    "mish",
    forward=lambda x: x * ops.tanh(ops.softplus(x)),
    partials=(_partial,),
    doc="x * tanh(softplus(x))",
)

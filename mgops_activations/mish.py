"""Mish: x tanh(softplus(x)) (Misra, 2020). A composite: its forward rule is generic.

Partial tanh(softplus(x)) + x sigmoid(x) / cosh(softplus(x))**2, the last factor as
4 s**2 / (1 + s**2)**2 with s = sigmoid(-x), which neither cancels nor overflows.
"""

from typing import Any

from mgcore import Op, ops


def _partial(_out: Any, x: Any) -> Any:
    s = ops.sigmoid(-x)
    q = s / (1.0 + s * s)
    return ops.tanh(ops.softplus(x)) + x * (4.0 * (ops.sigmoid(x) * (q * q)))


mish = Op(
    "mish",
    forward=lambda x: x * ops.tanh(ops.softplus(x)),
    partials=(_partial,),
    doc="x * tanh(softplus(x))",
)

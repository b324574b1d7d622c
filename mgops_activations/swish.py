"""Swish with its parameter: x sigmoid(beta x) (Ramachandran et al., 2017); beta = 1 is `silu`.

Partials s + beta x s (1 - s) and x**2 s (1 - s) with s = sigmoid(beta x); 1 - s as
sigmoid(-beta x), which does not cancel. A composite: its forward rule is generic.
"""

from typing import Any

from mgcore import Op, ops


def _by_x(out: Any, x: Any, beta: Any) -> Any:
    u = beta * x
    return ops.sigmoid(u) + beta * (out * ops.sigmoid(-u))


swish = Op(
    "swish",
    forward=lambda x, beta: x * ops.sigmoid(beta * x),
    partials=(_by_x, lambda out, x, beta: out * (x * ops.sigmoid(-(beta * x)))),
    doc="x * sigmoid(beta * x)",
)

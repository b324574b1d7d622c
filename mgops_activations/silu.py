"""Sigmoid linear unit, also called swish: x sigmoid(x) (Elfwing et al., 2018).

Partial sigmoid(x) + x sigmoid(x) sigmoid(-x). A composite: its forward rule is generic.
"""

from mgcore import Op, ops

silu = Op(
    "silu",
    forward=lambda x: x * ops.sigmoid(x),
    partials=(lambda out, x: ops.sigmoid(x) + out * ops.sigmoid(-x),),
    doc="x * sigmoid(x)",
)

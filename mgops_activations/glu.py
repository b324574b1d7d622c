"""Gated linear unit: a sigmoid(b) (Dauphin et al., 2017). A composite.

Partials sigmoid(b) and a sigmoid(b) sigmoid(-b).
"""

from mgcore import Op, ops

glu = Op(
    "glu",
    forward=lambda a, b: a * ops.sigmoid(b),
    partials=(lambda out, a, b: ops.sigmoid(b), lambda out, a, b: out * ops.sigmoid(-b)),
    doc="a * sigmoid(b)",
)

"""Rows of different lengths as rows of one: what stands behind their ends counts for nothing."""

from __future__ import annotations

from mgcompile.support.internal_op import InternalOp
from mgcore import ops

__all__ = ["FILL"]

FILL = InternalOp(
    "fill",
    forward=lambda counts, x, filling: ops.select(counts, x, filling),
    partials=(
        lambda out, counts, x, filling: 0.0,  # noqa: ARG005 - as every partial
        lambda out, counts, x, filling: ops.select(counts, 1.0, 0.0),  # noqa: ARG005 - as every partial
        lambda out, counts, x, filling: ops.select(counts, 0.0, 1.0),  # noqa: ARG005 - as every partial
    ),
    doc="x where that is a member of its row, else a filling, below which nothing counts",
)

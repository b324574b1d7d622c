"""A quotient by way of a reciprocal that is there already, which is a product but for the ends."""

from __future__ import annotations

from typing import Any

from mgcompile.support.internal_op import InternalOp
from mgcore import ops

__all__ = ["QUOTIENT"]


def _forward(x: Any, y: Any, reciprocal: Any) -> Any:
    # Of a subnormal number the reciprocal is infinite (its difference to itself is NaN), but the
    # quotient need not be.
    return ops.select(reciprocal - reciprocal, x / y, x * reciprocal)


QUOTIENT = InternalOp(
    "quotient",
    forward=_forward,
    partials=(
        lambda out, x, y, reciprocal: reciprocal,  # noqa: ARG005 - as every partial
        lambda out, x, y, reciprocal: -out / y,  # noqa: ARG005 - as every partial
        lambda out, x, y, reciprocal: 0.0,  # noqa: ARG005 - told by y
    ),
    doc="x / y from x, y and 1 / y",
)

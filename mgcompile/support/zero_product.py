"""The products of the chain rule where the second factor may be infinite or NaN.

The convention for zeros (DESIGN.md): what lies below a factor of exactly 0 does not count. In plain
arithmetic 0 times infinity is NaN; these products are 0 wherever the first factor is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mgcompile.support.internal_op import InternalOp
from mgcore import ops

if TYPE_CHECKING:
    from mgcore import Op

__all__ = ["ZERO_BOTH", "ZERO_DOT", "ZERO_MUL", "adds_products", "adds_up"]


def _mul(x: Any, y: Any) -> Any:
    return x * ops.select(x, y, 0.0)


def _dot(*operands: Any) -> Any:
    half = len(operands) // 2
    return ops.sum(*map(_mul, operands[:half], operands[half:]))


def _both(x: Any, y: Any) -> Any:
    return ops.select(y, _mul(x, y), 0.0)


def _counted(_out: Any, x: Any, y: Any) -> Any:
    # y, but 0 where an infinity or NaN (whose difference to itself is NaN) lies below a 0.
    return ops.select(x, y, ops.select(y - y, 0.0, y))


def _partials_of_dot(_out: Any, *operands: Any) -> tuple[Any, ...]:
    half = len(operands) // 2
    return operands[half:] + operands[:half]


ZERO_MUL = InternalOp(
    "zero_mul",
    forward=_mul,
    # As those of a product: where the first factor is 0, it may be on its way through 0.
    partials=(_counted, lambda out, x, y: x),  # noqa: ARG005 - as every partial
    doc="x * y, and 0 where x is 0",
)

ZERO_BOTH = InternalOp(
    "zero_both",
    forward=_both,
    partials=(lambda out, x, y: y, lambda out, x, y: x),  # noqa: ARG005 - as every partial
    doc="x * y, and 0 where either is 0",
)

ZERO_DOT = InternalOp(
    "zero_dot",
    forward=_dot,
    partials=_partials_of_dot,
    doc="x1*y1 + x2*y2 + ..., of terms that are 0 where the x is 0",
)


def adds_products(op: Op) -> bool:
    """Tell whether an op adds up the products of two factors along axes and the batch."""
    return op is ops.dot or op is ZERO_DOT


def adds_up(op: Op) -> bool:
    """Tell whether an op adds up terms or products along axes and the batch."""
    return op is ops.sum or adds_products(op)

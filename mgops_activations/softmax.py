"""The share of x among others: softmax(x, x1, x2, ...) = e**x/(e**x1 + e**x2 + ...).

All shares of several numbers, one op for each: `mgcore.softmax(xs)`. The partial by the first
operand is the result, by x_i it is minus the result times the share of x_i. A composite.
"""

from typing import Any

from mgcore import Op, ops
from mgcore.errors import ArityError


def _shares(xs: tuple[Any, ...]) -> tuple[Any, list[Any], Any]:
    """Return the scale of the exponentials, these, and their sum, which is 1 but for rounding."""
    scale = ops.logsumexp(*xs)
    parts = [ops.exp(x - scale) for x in xs]
    return scale, parts, ops.sum(*parts)


def _forward(*operands: Any) -> Any:
    if len(operands) < 2:
        raise ArityError("softmax gets x and what it is a share of: softmax(x, x1, x2, ...)")
    x, *xs = operands
    scale, _, total = _shares(tuple(xs))
    return ops.exp(x - scale) / total


def _partials(out: Any, _x: Any, *xs: Any) -> tuple[Any, ...]:
    _, parts, total = _shares(xs)
    rate = -out / total
    return (out, *[rate * part for part in parts])


softmax = Op(
    "softmax",
    forward=_forward,
    partials=_partials,
    doc="e**x / (e**x1 + e**x2 + ...) of softmax(x, x1, x2, ...)",
)

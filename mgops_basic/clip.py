"""Clip: x brought between low and high, min(max(x, low), high). A composite; NaN stays NaN.

Where low >= high it is high, as in NumPy. Partials 1 for the operand that is the result and 0 for
the others; where x is low or high, a half for each of the two, as `maximum` and `minimum` have it.
"""

from typing import Any

from mgcore import Op, ops


def _below(low: Any, high: Any) -> Any:
    """Return 1 where low is below high, a half at a tie, else 0."""
    return 0.5 * (ops.lt(low, high) + ops.le(low, high))


clip = Op(
    "clip",
    forward=lambda x, low, high: ops.minimum(ops.maximum(x, low), high),
    partials=(
        lambda out, x, low, high: _below(low, x) * _below(x, high) * ops.lt(low, high),
        lambda out, x, low, high: _below(x, low) * ops.lt(low, high),
        lambda out, x, low, high: ops.select(ops.lt(low, high), _below(high, x), 1.0),
    ),
    kink=lambda x, low, high: (x - low) * (ops.maximum(x, low) - high),
    doc="min(max(x, low), high)",
)

"""Arithmetic mean of any number of operands, at least one: (x1 + x2 + ...)/n.

Every partial is 1/n.
"""

from typing import Any

from mgcore import Op, ops
from mgcore.errors import ArityError


def _forward(*xs: Any) -> Any:
    if not xs:
        raise ArityError("mean takes at least one operand, but got none")
    return ops.sum(*xs) / float(len(xs))


mean = Op(
    "mean",
    forward=_forward,
    partials=lambda out, *xs: (1.0 / len(xs),) * len(xs),
    doc="(x1 + x2 + ...) / n",
)

"""Euclidean norm of any number of operands, at least one: sqrt(x1**2 + x2**2 + ...).

Divided by the largest first, so that no square overflows or vanishes. Partials x/norm; where all
are 0, 0.
"""

import math
from typing import Any

from mgcore import Op, ops
from mgcore.errors import ArityError


def _forward(*xs: Any) -> Any:
    if not xs:
        raise ArityError("norm takes at least one operand, but got none")
    if all(type(x) is float for x in xs):
        return math.hypot(*xs)
    size = ops.max(*[abs(x) for x in xs])
    # Infinite or 0 the largest is the norm itself.
    scale = ops.select(ops.logical_and(size, ops.lt(size, math.inf)), size, 1.0)
    shares = [x / scale for x in xs]
    return ops.select(
        ops.lt(size, math.inf), scale * ops.sqrt(ops.sum(*[s * s for s in shares])), size
    )


def _partials(out: Any, *xs: Any) -> tuple[Any, ...]:
    size = ops.select(out, out, 1.0)
    return tuple(x / size for x in xs)


norm = Op(
    "norm",
    forward=_forward,
    partials=_partials,
    kink=lambda *xs: math.hypot(*xs),
    doc="sqrt(x1**2 + x2**2 + ...)",
)

"""The smallest of any number of operands, at least one; NaN if any is. `minimum` takes two.

Partials 1 for the smallest and 0 for the others; of several that are the
smallest, an equal share each.
"""

from functools import reduce
from typing import Any

from mgcore import Op, ops
from mgcore.errors import ArityError


def _forward(*xs: Any) -> Any:
    if not xs:
        raise ArityError("min takes at least one operand, but got none")
    return reduce(ops.minimum, xs)


def _partials(out: Any, *xs: Any) -> tuple[Any, ...]:
    ties = [ops.eq(x, out) for x in xs]
    count = ops.sum(*ties)
    return tuple(tie / count for tie in ties)


def _kink(*xs: float) -> float:
    """Return how far the smallest is from the next one, 0 at a tie."""
    first, *others = sorted(xs)
    return abs(first - others[0]) if others else 1.0


min = Op("min", _forward, _partials, kink=_kink, doc="smallest of x1, x2, ...")

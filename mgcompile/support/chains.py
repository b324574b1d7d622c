"""The largest or smallest of many numbers, found two at a time, as by `m = maximum(m, x)`.

It differs from `max` where several are the largest: at each step of the chain a tie gives half to
either side, so that of the largest ones the last gets 1/2, the one before 1/4, and so on; the first
gets what is left. Where a number is NaN the result is, and all partials are 0.
"""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING, Any

from mgcompile.support.internal_op import InternalOp
from mgcore import ops

if TYPE_CHECKING:
    from mgcore import Op

__all__ = ["CHAINS", "MAXIMUM_CHAIN", "MINIMUM_CHAIN", "following_share", "is_chain"]


def _shares(out: Any, *xs: Any) -> tuple[Any, ...]:
    ties = [ops.eq(x, out) for x in xs]
    shares, weight, left = [], 1.0, ops.sum(*ties)
    for tie in reversed(ties):
        share, weight, left = following_share(tie, weight, left)
        shares.append(share)
    return tuple(reversed(shares))


def following_share(tie: Any, weight: Any, left: Any) -> tuple[Any, Any, Any]:
    """Return what the chain gives to a number, and what it has for those before it.

    Args:
        tie: 1 if the number is equal to the result, else 0.
        weight: What the numbers behind it have left of 1.
        left: How many of the numbers up to this one are equal to the result.

    Returns:
        The number's share, and `weight` and `left` for the number before it.
    """
    half = 0.5 * weight
    share = ops.select(tie, ops.select(ops.gt(left, 1.0), half, weight), 0.0)
    return share, ops.select(tie, half, weight), left - tie


MAXIMUM_CHAIN = InternalOp(
    "maximum_chain",
    forward=lambda *xs: reduce(ops.maximum, xs),
    partials=_shares,
    doc="maximum(... maximum(maximum(x1, x2), x3) ...)",
)

MINIMUM_CHAIN = InternalOp(
    "minimum_chain",
    forward=lambda *xs: reduce(ops.minimum, xs),
    partials=_shares,
    doc="minimum(... minimum(minimum(x1, x2), x3) ...)",
)

CHAINS: dict[str, Op] = {"maximum": MAXIMUM_CHAIN, "minimum": MINIMUM_CHAIN}
"""The op of a chain, by the name of the shipped op that it repeats."""


def is_chain(op: Op) -> bool:
    """Tell whether an op is one of `CHAINS`."""
    return op is MAXIMUM_CHAIN or op is MINIMUM_CHAIN

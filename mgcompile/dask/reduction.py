"""Add up what partitions give in a tree that depends on their number alone."""

from __future__ import annotations

from functools import reduce
from operator import add
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["FAN_IN", "added", "tree"]

FAN_IN = 8
"""Parts that one task adds up."""

Part = TypeVar("Part")


def tree(parts: Sequence[Part], join: Callable[[list[Part]], Part]) -> list[Part]:
    """Join parts, neighbours first, until no more are left than one task adds up.

    Which parts meet, and in what order, follows from how many there are: not from who computes
    them, nor when. So sums have the same bits on any number of workers.

    Args:
        parts: At least one: delayed values, or futures.
        join: Makes a part of a list of at most `FAN_IN` of them.
    """
    level = list(parts)
    while len(level) > FAN_IN:
        groups = [level[i : i + FAN_IN] for i in range(0, len(level), FAN_IN)]
        level = [join(group) for group in groups]
    return level


def added(parts: Sequence[Any]) -> Any:
    """Return the sum of arrays, from first to last."""
    return reduce(add, parts)

"""What ops cost, about: instructions for a vector, and divisions that keep the divider busy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mgcompile.support.op_traits import is_known, traits_of

if TYPE_CHECKING:
    from mgcompile.program.ir import Bundle
    from mgcompile.schedule.ir import Group

__all__ = [
    "HEAVY",
    "TOGETHER",
    "cheap_group",
    "divisions",
    "is_cheap",
    "is_heavy",
    "weight",
]

HEAVY = 20
"""Instructions from which on an op is an elementary function."""

MOST_CHEAP = 8
"""Bundles of a group, all of them cheap, that is short beside the loop around it."""

TOGETHER = 4
"""Vectors that elementary functions work on side by side: each waits for the step before."""


def weight(bundle: Bundle) -> int:
    """Return about how many instructions a bundle takes for a vector."""
    known = traits_of(bundle.op).weight
    return max(1, len(bundle.operands) - 1) if known is None else known


def divisions(bundle: Bundle) -> int:
    """Return how many divisions a bundle keeps the divider busy with."""
    return traits_of(bundle.op).divisions


def is_cheap(bundle: Bundle) -> bool:
    """Tell whether a bundle's op takes a few instructions."""
    return traits_of(bundle.op).cheap


def cheap_group(group: Group) -> bool:
    """Tell whether a loop's own instructions, loads and stores count beside what it computes."""
    return len(group.bundles) <= MOST_CHEAP and all(is_cheap(b) for b in group.bundles)


def is_heavy(group: Group) -> bool:
    """Tell whether a group has an op of many instructions and none whose code is not our own."""
    return any(weight(b) >= HEAVY for b in group.bundles) and all(
        is_known(b.op) for b in group.bundles
    )

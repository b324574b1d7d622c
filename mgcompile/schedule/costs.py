"""What ops cost, about: instructions for a vector, and divisions that keep the divider busy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mgcompile.backends.llvm.math.op_table import lowering_of

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

_CHEAP = frozenset(
    [
        "add",
        "sub",
        "mul",
        "neg",
        "abs",
        "maximum",
        "minimum",
        "select",
        "relu",
        "leaky_relu",
        "gt",
        "ge",
        "lt",
        "le",
    ]
)

_WEIGHT = {
    "exp": 20,
    "log": 25,
    "tanh": 30,
    "sigmoid": 25,
    "softplus": 45,
    "erf": 40,
    "sin": 35,
    "cos": 35,
    "pow": 60,
    "gelu": 45,
    "silu": 28,
    "elu": 25,
    "div": 3,
    "sqrt": 4,
}

_DIVISIONS = {"div": 1, "sqrt": 2, "log": 1, "tanh": 1, "sigmoid": 1, "erf": 1, "gelu": 2}


def weight(bundle: Bundle) -> int:
    """Return about how many instructions a bundle takes for a vector."""
    return _WEIGHT.get(bundle.op.name, max(1, len(bundle.operands) - 1))


def divisions(bundle: Bundle) -> int:
    """Return how many divisions a bundle keeps the divider busy with."""
    return _DIVISIONS.get(bundle.op.name, 0)


def is_cheap(bundle: Bundle) -> bool:
    """Tell whether a bundle's op takes a few instructions."""
    return bundle.op.name in _CHEAP


def cheap_group(group: Group) -> bool:
    """Tell whether a loop's own instructions, loads and stores count beside what it computes."""
    return len(group.bundles) <= MOST_CHEAP and all(is_cheap(b) for b in group.bundles)


def is_heavy(group: Group) -> bool:
    """Tell whether a group has an op of many instructions and code written for all of its ops."""
    return any(weight(b) >= HEAVY for b in group.bundles) and all(
        lowering_of(b.op) is not None for b in group.bundles
    )

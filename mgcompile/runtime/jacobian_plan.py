"""Decide how a Jacobian is computed: along which directions, in which mode, at what cost.

A forward sweep costs at most 2.5 evaluations of the function and a reverse one at most 4 (Griewank
and Walther, Evaluating Derivatives, 2nd ed., SIAM 2008, chapter 3). A dense Jacobian of m outputs
to n leaves takes n forward or m reverse sweeps. In a sparse one, leaves that no output depends on
together share a forward sweep, and outputs that depend on no leaf together a reverse one. The few
outputs that depend on very many leaves (or leaves that very many outputs depend on) may be done in
the other mode than all the rest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import attrs
import numpy as np

from mgcompile.support.colouring import column_colours

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    Numbers = NDArray[np.int64]
    Pattern = NDArray[np.bool_]
    Mode = Literal["forward", "reverse"]

__all__ = ["FEW", "Part", "Plan", "dense_plan", "has_few_outputs", "sparse_plan"]

COST = {"forward": 2.5, "reverse": 4.0}
"""Of a sweep, in evaluations of the function."""

FEW = 4
"""Sweeps of a dense Jacobian that are so few that no pattern is looked for."""

_TOGETHER = 2.0
"""How many times less sweeps cost that are written out together."""

_APART = (0, 1, 2, 4, 8, 16)
"""How many of the fullest rows or columns are tried in the other mode."""


@attrs.frozen(slots=True, eq=False)
class Part:
    """The sweeps of one mode, and the entries that they give.

    Args:
        mode: Forward or reverse.
        directions: Shape (sweeps, leaves) in forward mode, (sweeps, outputs) in reverse: 0 or 1.
        rows: The outputs of the entries; None when the directions are the unit vectors, and give
            the whole matrix.
        columns: The leaves of the entries.
        sweep: For each entry the direction that gives it.
        leaves: How many leaves there are.
    """

    mode: Mode
    directions: NDArray[np.float64]
    leaves: int
    rows: Numbers | None = None
    columns: Numbers | None = None
    sweep: Numbers | None = None


@attrs.frozen(slots=True, eq=False)
class Plan:
    """How a Jacobian is computed.

    Args:
        shape: Outputs and leaves.
        parts: One, or one of each mode.
        together: Whether the sweeps are written out in one program, which runs once for every
            sample and computes what they have in common once.
    """

    shape: tuple[int, int]
    parts: tuple[Part, ...]
    together: bool = False

    @property
    def cost(self) -> float:
        """Return the cost per sample, in evaluations of the function."""
        return sum(COST[part.mode] * len(part.directions) for part in self.parts)

    def __str__(self) -> str:
        """Say how many sweeps of which mode there are, and what they cost."""
        sweeps = " and ".join(f"{len(part.directions)} {part.mode}" for part in self.parts)
        how = " in one program" if self.together else ""
        return f"{sweeps or 'no'} sweeps{how}, about {self.cost:g} evaluations"


def dense_plan(outputs: int, leaves: int, mode: Mode | None = None) -> Plan:
    """Return the plan of a Jacobian that may be full.

    Args:
        outputs: How many rows it has.
        leaves: How many columns.
        mode: The mode; None: the cheaper one.
    """
    if mode is None:
        cheaper = COST["forward"] * leaves <= COST["reverse"] * outputs
        mode = "forward" if cheaper else "reverse"
    directions = np.eye(leaves if mode == "forward" else outputs)
    return Plan((outputs, leaves), (Part(mode, directions, leaves),))


def has_few_outputs(plan: Plan, mode: Mode | None) -> bool:
    """Tell whether outputs are so few that their reverse sweeps are better written out together.

    Args:
        plan: Of a Jacobian that may be full.
        mode: The mode that was asked for.
    """
    outputs, _ = plan.shape
    if not 1 < outputs <= FEW or mode == "forward":
        return False
    return mode == "reverse" or COST["reverse"] * outputs <= _TOGETHER * plan.cost


def sparse_plan(pattern: Pattern, mode: Mode | None = None) -> Plan:
    """Return the cheapest plan that is found for a Jacobian.

    Args:
        pattern: Where it may differ from 0, shape (outputs, leaves).
        mode: The only mode that is used; None: whichever is cheaper, or both.
    """
    outputs, leaves = pattern.shape
    best = dense_plan(outputs, leaves, mode)
    for first, second in _divisions(pattern, mode):
        least = _least("forward", first) + _least("reverse", second)
        if least >= best.cost:
            continue
        parts = [_part("forward", first)] if first.any() else []
        parts += [_part("reverse", second)] if second.any() else []
        plan = Plan(pattern.shape, tuple(parts))
        if plan.cost < best.cost:
            best = plan
    return best


def _divisions(pattern: Pattern, mode: Mode | None) -> Iterator[tuple[Pattern, Pattern]]:
    """Yield which entries are got in forward and which in reverse mode."""
    nothing = np.zeros_like(pattern)
    if mode is not None:
        yield (pattern, nothing) if mode == "forward" else (nothing, pattern)
        return
    for count in _APART:
        rows = np.argsort(-pattern.sum(axis=1), kind="stable")[:count]
        columns = np.argsort(-pattern.sum(axis=0), kind="stable")[:count]
        full_rows, full_columns = nothing.copy(), nothing.copy()
        full_rows[rows] = pattern[rows]
        full_columns[:, columns] = pattern[:, columns]
        yield pattern & ~full_rows, full_rows
        yield full_columns, pattern & ~full_columns


def _least(mode: Mode, entries: Pattern) -> float:
    """Return what a part costs at least: its fullest row, or column, has no two in one sweep."""
    counts = entries.sum(axis=1 if mode == "forward" else 0)
    return COST[mode] * int(counts.max(initial=0))


def _part(mode: Mode, entries: Pattern) -> Part:
    """Return the sweeps that give some of the entries of a matrix."""
    along = entries if mode == "forward" else entries.T
    colours = column_colours(along)
    used = np.flatnonzero(along.any(axis=0))
    directions = np.zeros((int(colours.max()) + 1, along.shape[1]))
    directions[colours[used], used] = 1.0
    rows, columns = np.nonzero(entries)
    sweep = colours[columns if mode == "forward" else rows]
    return Part(mode, directions, entries.shape[1], rows, columns, sweep)

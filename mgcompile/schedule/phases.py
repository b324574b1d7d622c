"""Decide when the statements of a program run: in phases, each first once and then tile by tile.

A phase has statements on arrays that all samples share, run once, and statements on batched
arrays, run for one tile of samples after the other. Only a sum over the batch ends a phase: what
reads its result has to wait for the last tile.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from attrs import define, evolve, field

from mgcompile.program.ir import Bundle, Loop
from mgcompile.program.traversal import read, runs_by_tile, touched
from mgcompile.schedule.ir import LoopUnit, Phase

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mgcompile.program.ir import Access, Program, Statement
    from mgcompile.schedule.ir import LoopProgram, Unit

__all__ = ["as_unit", "moments", "split_phases"]


@define
class _Levels:
    """The phase in which each array is ready; shared statements may have to wait one longer."""

    destinations: Mapping[int, Access]
    ready: dict[int, int] = field(factory=lambda: defaultdict(int))
    ready_for_shared: dict[int, int] = field(factory=lambda: defaultdict(int))

    def place(self, statement: Statement, *, tiled: bool) -> int:
        known = self.ready if tiled else self.ready_for_shared
        level = max((known[array] for array in read(statement)), default=0)
        over_batch = isinstance(statement, Bundle) and statement.over_batch
        for array in touched(statement, self.destinations):
            self.ready[array] = max(self.ready[array], level + over_batch)
            self.ready_for_shared[array] = max(self.ready_for_shared[array], level + tiled)
        return level


def moments(
    program: Program, destinations: Mapping[int, Access]
) -> list[tuple[Statement, int, bool]]:
    """Return for each statement, in order, the number of its phase and whether it runs by tile."""
    levels = _Levels(destinations)
    found = []
    for statement in program.statements:
        tiled = runs_by_tile(program, statement)
        found.append((statement, levels.place(statement, tiled=tiled), tiled))
    return found


def split_phases(loops: LoopProgram) -> LoopProgram:
    """Decide in which phase each statement runs, and whether once or for every tile."""
    shared: dict[int, list[Unit]] = defaultdict(list)
    tiled: dict[int, list[Unit]] = defaultdict(list)
    for statement, level, by_tile in moments(loops.program, loops.destinations):
        (tiled if by_tile else shared)[level].append(as_unit(loops.program, statement))
    last = max([*shared, *tiled], default=0)
    phases = tuple(Phase(tuple(shared[k]), tuple(tiled[k])) for k in range(last + 1))
    return evolve(loops, phases=phases)


def as_unit(program: Program, statement: Statement) -> Unit:
    """Return a statement as a unit of its own."""
    if isinstance(statement, Loop):
        body = tuple(as_unit(program, inner) for inner in statement.body)
        return LoopUnit(statement, body, runs_by_tile(program, statement))
    return statement

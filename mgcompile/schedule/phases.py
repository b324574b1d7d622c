"""Decide when the statements of a program run: in phases, each first once and then tile by tile.

A phase has statements on arrays that all samples share, run once, and statements on batched
arrays, run for one tile of samples after the other. Only a sum over the batch ends a phase: what
reads its result has to wait for the last tile.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from attrs import define, field, frozen

from mgcompile.program.ir import Bundle, Loop, Program, Scatter, Statement, Tape

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mgcompile.program.ir import Access

__all__ = ["Phase", "made", "phases", "read", "runs_by_tile", "touched"]


@frozen
class Phase:
    """Statements run once (`shared`), and then for every tile (`tiled`)."""

    shared: tuple[Statement, ...]
    tiled: tuple[Statement, ...]


def read(statement: Statement) -> Iterator[int]:
    """Yield the arrays that a statement reads, those made within a loop among them."""
    match statement:
        case Bundle():
            yield from (access.array for access in statement.operands)
        case Scatter():
            yield from (part.source.array for part in statement.parts)
        case Tape():
            yield from (access.array for access in statement.externals)
        case Loop():
            for carry in statement.carries:
                yield carry.initial.array
                yield carry.following
            for inner in statement.body:
                yield from read(inner)
            yield from (stack.source for stack in statement.stacks)


def made(statement: Statement) -> Iterator[int]:
    """Yield the arrays that a statement makes and that can be read after it."""
    match statement:
        case Loop():
            yield from (carry.final for carry in statement.carries)
            yield from (stack.result for stack in statement.stacks)
        case _:
            yield statement.result


def touched(statement: Statement, targets: Mapping[int, Access]) -> Iterator[int]:
    """Yield the arrays that a statement makes, and those that these are part of."""
    for array in made(statement):
        yield array
        if array in targets:
            yield targets[array].array


def runs_by_tile(program: Program, statement: Statement) -> bool:
    """Tell whether a statement reads or makes anything batched."""
    arrays = program.arrays
    if any(arrays[array].batched for array in read(statement)):
        return True
    return any(arrays[array].batched for array in made(statement))


@define
class _Levels:
    """The phase in which each array is ready; shared statements may have to wait one longer."""

    targets: Mapping[int, Access]
    ready: dict[int, int] = field(factory=lambda: defaultdict(int))
    ready_for_shared: dict[int, int] = field(factory=lambda: defaultdict(int))

    def place(self, statement: Statement, *, tiled: bool) -> int:
        known = self.ready if tiled else self.ready_for_shared
        level = max((known[array] for array in read(statement)), default=0)
        over_batch = isinstance(statement, Bundle) and statement.over_batch
        for array in touched(statement, self.targets):
            self.ready[array] = max(self.ready[array], level + over_batch)
            self.ready_for_shared[array] = max(self.ready_for_shared[array], level + tiled)
        return level


def phases(program: Program, targets: Mapping[int, Access]) -> tuple[Phase, ...]:
    """Cut a program into phases.

    Args:
        program: the program.
        targets: for arrays that are part of another one, which (see `placing`).
    """
    levels = _Levels(targets)
    shared: dict[int, list[Statement]] = defaultdict(list)
    tiled: dict[int, list[Statement]] = defaultdict(list)
    for statement in program.statements:
        by_tile = runs_by_tile(program, statement)
        level = levels.place(statement, tiled=by_tile)
        (tiled if by_tile else shared)[level].append(statement)
    last = max([*shared, *tiled], default=-1)
    return tuple(Phase(tuple(shared[k]), tuple(tiled[k])) for k in range(last + 1))

"""Check that arrays lie inside their spaces, and apart from what is alive with them.

Liveness is worked out here anew, by other code than that which decided places: from the order of
units alone.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from attrs import define, field

from mgcompile.program.ir import (
    Loop,
    Scatter,
    Tape,
)
from mgcompile.program.traversal import made, read
from mgcompile.schedule.faults import require
from mgcompile.schedule.ir import LoopUnit, ScatterUnit, members, reads

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mgcompile.program.ir import Statement
    from mgcompile.schedule.ir import LoopProgram, Unit

__all__ = ["check_places"]


@define
class _Life:
    """From when to when each array in memory is needed, in steps of one phase's units."""

    loops: LoopProgram
    now: int = 0
    first: dict[int, int] = field(factory=dict)
    last: dict[int, int] = field(factory=dict)

    def root(self, array: int) -> int:
        target = self.loops.destinations.get(array)
        return array if target is None else target.array

    def touch(self, array: int) -> None:
        array = self.root(array)
        self.first.setdefault(array, self.now)
        self.last[array] = self.now

    def block(self, block: Iterable[Unit]) -> None:
        for unit in block:
            self.now += 1
            if isinstance(unit, LoopUnit):
                self.loop(unit)
                continue
            for array in (*reads(unit), *(a for s in members(unit) for a in made(s))):
                self.touch(array)

    def loop(self, unit: LoopUnit) -> None:
        """Walk a body; what it reads of before, hands on or keeps is needed until the loop ends."""
        start, loop = self.now, unit.loop
        whole = {carry.array for carry in loop.carries} | {carry.final for carry in loop.carries}
        whole |= {stack.result for stack in loop.stacks}
        for array in (*whole, *(carry.initial.array for carry in loop.carries)):
            self.touch(array)
        self.block(unit.body)
        self.now += 1
        whole |= {carry.following for carry in loop.carries}
        whole |= {stack.source for stack in loop.stacks}
        before = {self.root(array) for array in read(loop)}
        whole |= {array for array in before if self.first.get(array, start + 1) <= start}
        for array in whole:
            self.touch(array)


def check_places(loops: LoopProgram) -> None:
    """Refuse places outside of their spaces, and those of two arrays alive at once."""
    program = loops.program
    aliases = _aliases(loops)
    for array, place in loops.places.items():
        if place.space in loops.sizes:
            end = place.offset + program.arrays[array].size
            fits = place.offset >= 0 and end <= loops.sizes[place.space]
            require(fits, f"a{array} reaches outside of {place.space}")
    for output in program.outputs:
        require(output.array in loops.places, f"the output {output.name} has no place")
    for number, phase in enumerate(loops.phases):
        life = _Life(loops)
        life.block(phase.tiled)
        kept = set(phase.tile_outputs)
        _check_overlaps(loops, life, kept, aliases, number)
    _check_forever(loops, aliases)
    _check_in_memory(loops)


def _aliases(loops: LoopProgram) -> dict[int, int]:
    """Return for what a loop leaves behind the carried array whose memory it shares."""
    found: dict[int, int] = {}
    pending: list[Statement] = list(loops.program.statements)
    while pending:
        statement = pending.pop()
        if isinstance(statement, Loop):
            found.update({carry.final: carry.array for carry in statement.carries})
            pending.extend(statement.body)
    return found


def _check_overlaps(
    loops: LoopProgram, life: _Life, kept: set[int], aliases: dict[int, int], number: int
) -> None:
    """Refuse two arrays of a tile that are alive at once in the same elements."""
    by_space: dict[str, list[tuple[int, int, int, int, int]]] = defaultdict(list)
    spans: dict[int, tuple[int, int]] = {}
    for array in life.first:
        root = aliases.get(array, array)
        first, last = life.first[array], life.now + 1 if array in kept else life.last[array]
        low, high = spans.get(root, (first, last))
        spans[root] = (min(low, first), max(high, last))
    for array, (first, last) in spans.items():
        place = loops.places.get(array)
        if place is not None and place.space in ("tile", "own"):
            end = place.offset + loops.program.arrays[array].size
            by_space[place.space].append((first, last, place.offset, end, array))
    for space, entries in by_space.items():
        _refuse_overlap(entries, f"of the space {space} in phase {number}")


def _refuse_overlap(entries: list[tuple[int, int, int, int, int]], where: str) -> None:
    """Look for two that share elements and moments, by sweeping over the moments."""
    alive: list[tuple[int, int, int, int]] = []  # last, begin, end, array
    for first, last, begin, end, array in sorted(entries):
        alive = [entry for entry in alive if entry[0] >= first]
        for _, other_begin, other_end, other in alive:
            apart = end <= other_begin or other_end <= begin
            require(apart, f"a{array} and a{other} are alive at once in elements {where}")
        alive.append((last, begin, end, array))


def _check_forever(loops: LoopProgram, aliases: dict[int, int]) -> None:
    """Refuse overlaps in the spaces in which every array has its place to the end."""
    for space in ("store", "block", "shared", "sums"):
        entries = [
            (0, 1, place.offset, place.offset + loops.program.arrays[array].size, array)
            for array, place in loops.places.items()
            if place.space == space and array not in aliases
        ]
        _refuse_overlap(entries, f"of the space {space}")


def _check_in_memory(loops: LoopProgram) -> None:
    """Refuse a read of what another unit made and left in registers."""
    for phase in loops.phases:
        for block in (phase.shared, phase.tiled):
            pending = list(block)
            while pending:
                unit = pending.pop()
                if isinstance(unit, LoopUnit):
                    pending.extend(unit.body)
                    continue
                own = {a for s in members(unit) for a in made(s)}
                if isinstance(unit, Scatter | Tape):
                    own = set()
                elif isinstance(unit, ScatterUnit):
                    own = {bundle.result for bundle in unit.bundles}
                for array in reads(unit) - own:
                    stored = array in loops.places or array in loops.destinations
                    require(stored, f"a{array} is read from memory, and has no place")

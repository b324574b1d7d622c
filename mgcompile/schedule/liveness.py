"""Find out from when to when each array of a program is needed, and let them share memory."""

from __future__ import annotations

from bisect import insort
from typing import TYPE_CHECKING

from attrs import define, field

from mgcompile.program.ir import Loop
from mgcompile.program.traversal import made, read
from mgcompile.schedule.ir import Group, LoopUnit, Product, ScatterUnit, members, reads

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from mgcompile.program.ir import Access, Program, Statement
    from mgcompile.schedule.ir import Unit

__all__ = ["FOREVER", "Interval", "Timeline", "first_fit", "needed_elsewhere"]

FOREVER = 1 << 60


@define
class Interval:
    """The moments of the first and the last use of an array, and the space that it belongs to."""

    array: int
    first: int
    last: int
    space: str


@define
class Timeline:
    """The order of units, loops' bodies among them, and from when to when each array is needed."""

    program: Program
    destinations: Mapping[int, Access]
    pinned: set[int]
    now: int = 0
    intervals: dict[int, Interval] = field(factory=dict)
    carried: dict[int, int] = field(factory=dict)  # what an array was called within its loop

    def use(self, array: int, moment: int) -> None:
        """Note that an array is read at a moment."""
        array = self.carried.get(array, array)
        if array in self.intervals:
            interval = self.intervals[array]
            interval.last = max(interval.last, moment)

    def define_array(self, array: int, tiled: bool) -> None:
        """Note that an array is made now."""
        if array in self.destinations:
            array = self.destinations[array].array
        if array in self.intervals:
            self.use(array, self.now)
            return
        batched = self.program.arrays[array].batched
        space = "tile" if batched else "own" if tiled else "shared"
        last = FOREVER if array in self.pinned else self.now
        self.intervals[array] = Interval(array, self.now, last, space)

    def walk(self, block: Iterable[Unit], tiled: bool) -> None:
        """Note what the units of a block, in order, make and read."""
        for unit in block:
            self.now += 1
            if isinstance(unit, LoopUnit):
                self._loop(unit, tiled)
                continue
            for array in reads(unit):
                self.use(array, self.now)
            for statement in members(unit):
                for array in made(statement):
                    self.define_array(array, tiled)

    def _loop(self, unit: LoopUnit, tiled: bool) -> None:
        loop = unit.loop
        for carry in loop.carries:
            self.define_array(carry.array, tiled)
        for stack in loop.stacks:
            self.define_array(stack.result, tiled)
        self.walk(unit.body, tiled)
        self.now += 1
        for array in outside(loop):
            self.use(array, self.now)
        for carry in loop.carries:
            self.use(carry.array, self.now)
            self.use(carry.following, self.now)
            self.carried[carry.final] = self.carried.get(carry.array, carry.array)
            if carry.final in self.pinned:
                self.use(carry.array, FOREVER)
        for stack in loop.stacks:
            self.use(stack.source, self.now)
            self.use(stack.result, self.now)


def outside(loop: Loop) -> set[int]:
    """Return the arrays that a loop reads and that are made before it."""
    own: set[int] = set()
    pending: list[Statement] = [loop]
    while pending:
        statement = pending.pop()
        own.update(made(statement))
        if isinstance(statement, Loop):
            own.update(carry.array for carry in statement.carries)
            pending.extend(statement.body)
    return set(read(loop)) - own


def first_fit(
    program: Program, intervals: Iterable[Interval], multiple: int = 1
) -> tuple[dict[int, int], int]:
    """Give arrays offsets, multiples of a number, so that those alive at once do not overlap."""
    offsets: dict[int, int] = {}
    alive: list[tuple[int, int, int]] = []  # offset, end, last moment; in order
    total = 0
    for interval in sorted(intervals, key=lambda each: (each.first, each.array)):
        begin = interval.first
        alive = [entry for entry in alive if entry[2] >= begin]
        size = -(-program.arrays[interval.array].size // multiple) * multiple
        start = 0
        for offset, end, _ in alive:
            if start + size <= offset:
                break
            start = max(start, end)
        offsets[interval.array] = start
        insort(alive, (start, start + size, interval.last))
        total = max(total, start + size)
    return offsets, total


def needed_elsewhere(program: Program, all_units: Sequence[Unit]) -> set[int]:
    """Return the arrays that have to be in memory: read by another unit, a loop or the caller."""
    needed = {output.array for output in program.outputs}
    for unit in all_units:
        if isinstance(unit, LoopUnit):
            for carry in unit.loop.carries:
                needed |= {carry.array, carry.following, carry.final, carry.initial.array}
            for stack in unit.loop.stacks:
                needed |= {stack.source, stack.result}
            needed |= set() if unit.loop.needed is None else {unit.loop.needed.array}
        elif isinstance(unit, ScatterUnit):
            needed |= reads(unit) - {bundle.result for bundle in unit.bundles}
            needed.add(unit.scatter.result)
        elif isinstance(unit, Group | Product):
            needed |= reads(unit) - {array for bundle in members(unit) for array in made(bundle)}
        else:
            needed |= reads(unit)
            needed |= {array for statement in members(unit) for array in made(statement)}
    return needed

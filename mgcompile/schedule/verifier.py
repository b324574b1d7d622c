"""Hold a loop program against its rules, after every pass of the schedule.

Liveness and places are worked out here anew, by other code than that which decided them: from the
order of units alone.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np
from attrs import define, field

from mgcompile.errors import InvalidProgramError
from mgcompile.program.ir import (
    FIRST_RESULT,
    Affine,
    Bundle,
    Loop,
    Scatter,
    Tape,
    extent,
    map_elements,
)
from mgcompile.program.traversal import made, read, reads_over
from mgcompile.schedule.ir import (
    BLOCK,
    Group,
    LoopUnit,
    Product,
    ScatterUnit,
    block_units,
    members,
    reads,
)
from mgcompile.schedule.printer import format_unit
from mgcompile.support.zero_product import adds_up

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from mgcompile.program.ir import Access, Statement
    from mgcompile.schedule.ir import LoopProgram, Range, Unit

__all__ = ["verify_loops"]


class _FaultError(Exception):
    """What is wrong, before it is known where."""


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise _FaultError(message)


def verify_loops(loops: LoopProgram) -> LoopProgram:
    """Check a loop program and return it.

    What is decided so far has to agree with the program: every array is made once and before it is
    read, by a unit that may make it; what is fused reads only its own points; destinations and
    index maps stay inside the arrays; arrays that are alive at once have memory of their own.

    Raises:
        InvalidProgramError: With the unit around the fault.
    """
    try:
        _check_destinations(loops)
        if loops.phases:
            _check_order(loops)
        if loops.places:
            _check_places(loops)
        if loops.tile is not None:
            _check_tile(loops)
        if loops.blockings:
            _check_blockings(loops)
    except _FaultError as fault:
        raise InvalidProgramError(f"the loop program: {fault}") from None
    return loops


# Order: every array is made once, before it is read, by a unit that may make it


@define
class _Order:
    """What has been made, in the order of units, and by which phase sums are complete."""

    loops: LoopProgram
    ready: set[int]
    sums: dict[int, int] = field(factory=dict)
    phase: int = 0

    def block(self, block: Sequence[Unit], *, tiled: bool, depth: int = 0) -> None:
        for unit in block:
            try:
                self.unit(unit, tiled=tiled, depth=depth)
            except _FaultError as fault:
                text = "\n  ".join(format_unit(self.loops, unit, depth))
                message = f"{fault}\n  in phase {self.phase}: {text}"
                raise _FaultError(message) from None

    def unit(self, unit: Unit, *, tiled: bool, depth: int) -> None:
        if isinstance(unit, LoopUnit):
            self.loop(unit, tiled=tiled, depth=depth)
            return
        if isinstance(unit, Product) and unit.start is not None:
            self.read(unit.start.array)
            batched = self.loops.program.arrays[unit.start.array].batched
            _require(not batched, "a sum starts from what every sample has of its own")
        for statement in members(unit):
            _check_maps(self.loops, statement, depth)
            for array in read(statement):
                self.read(array)
            for array in made(statement):
                self.make(statement, array, tiled=tiled)
        if isinstance(unit, Group):
            _check_fused(unit.bundles, unit.shape, unit.results, depth)
        elif isinstance(unit, ScatterUnit):
            _check_added(unit, depth)
        elif isinstance(unit, Product) and unit.group is not None:
            _require(unit.group.shape == unit.bundle.shape, "a sum is finished over another shape")
            own = (unit.bundle.result, *unit.group.results)
            _check_fused(unit.group.bundles, unit.group.shape, own, depth)

    def loop(self, unit: LoopUnit, *, tiled: bool, depth: int) -> None:
        loop, before = unit.loop, set(self.ready)
        for carry in loop.carries:
            self.read(carry.initial.array)
            self.ready.add(carry.array)
        self.block(unit.body, tiled=tiled, depth=depth + 1)
        for array in (*(c.following for c in loop.carries), *(s.source for s in loop.stacks)):
            self.read(array)
        wanted = sorted(a for s in loop.body for a in _results(s))
        got = sorted(a for u in unit.body for s in members(u) for a in _results(s))
        extra = [array for array in got if array not in wanted]
        _require(wanted == got or bool(extra), "a loop's body has lost a statement")
        self.ready = before
        for array in made(loop):
            self.make(loop, array, tiled=tiled)

    def read(self, array: int) -> None:
        _require(array in self.ready, f"a{array} is read before it is made")
        complete = self.sums.get(array, 0)
        _require(complete <= self.phase, f"a{array}, a sum over the batch, is read too early")

    def make(self, statement: Statement, array: int, *, tiled: bool) -> None:
        program = self.loops.program
        _require(array >= FIRST_RESULT, f"a{array} is not for a statement to make")
        _require(array not in self.ready, f"a{array} is made twice")
        over_batch = isinstance(statement, Bundle) and statement.over_batch
        _require(tiled or not program.arrays[array].batched, f"a{array} is batched, and made once")
        _require(tiled or not over_batch, f"a{array} is a sum over the batch, and made once")
        self.ready.add(array)
        target = self.loops.destinations.get(array)
        if target is not None:
            self.ready.add(target.array)
        if over_batch:
            for each in (array, *(() if target is None else (target.array,))):
                self.sums[each] = self.phase + 1


def _results(statement: Statement) -> Iterator[int]:
    yield from made(statement)


def _check_order(loops: LoopProgram) -> None:
    order = _Order(loops, set(range(FIRST_RESULT)))
    for number, phase in enumerate(loops.phases):
        order.phase = number
        order.block(phase.shared, tiled=False)
        order.block(phase.tiled, tiled=True)
        gone = {unit.result for unit in phase.tiled if isinstance(unit, Bundle)}
        rest = [p.bundle for p in phase.weight_gradients if p.bundle.result not in gone]
        order.block(rest, tiled=True)
    for output in loops.program.outputs:
        _require(output.array in order.ready, f"nothing makes the output {output.name}")


def _check_fused(
    bundles: Iterable[Bundle], shape: tuple[int, ...], own: Iterable[int], depth: int
) -> None:
    """Refuse a fused bundle of another shape, or one that reads another point of its loop."""
    inside = set(own)
    domain = (1,) * depth + shape
    size = int(np.prod(shape, dtype=np.int64))
    for bundle in bundles:
        _require(bundle.shape == shape, f"a{bundle.result} is fused over {shape}")
        _require(not bundle.reduced and not bundle.over_batch, f"a{bundle.result} is no one loop")
        for access in bundle.operands:
            if access.array in inside:
                elements = map_elements(_at_zero(access, depth).index, domain).ravel()
                same = np.array_equal(elements, np.arange(size))
                _require(same, f"a{bundle.result} reads a{access.array} at another point")


def _check_added(unit: ScatterUnit, depth: int) -> None:
    """Refuse a bundle in a scatter that is not read once, point by point."""
    for bundle in unit.bundles:
        parts = [p for p in unit.scatter.parts if p.source.array == bundle.result]
        _require(len(parts) == 1, f"a{bundle.result} is added {len(parts)} times")
        _check_fused([bundle], parts[0].shape, (), depth)
        index, domain = _at_zero(parts[0].source, depth).index, (1,) * depth + bundle.shape
        same = np.array_equal(map_elements(index, domain).ravel(), np.arange(extent(bundle.shape)))
        _require(same, f"a{bundle.result} is added at another point")


def _at_zero(access: Access, depth: int) -> Access:
    """Return an access within loops, which what it reads must not depend on."""
    moving = any(access.index.strides[:depth])
    table = getattr(access.index, "table", None)
    if table is not None:
        moving |= any(length != 1 for length in table.shape[:depth])
    _require(not moving, f"a{access.array} is made in each iteration, and read by its number")
    return access


def _check_maps(loops: LoopProgram, statement: Statement, depth: int) -> None:
    """Refuse reads outside of an array; within loops at the first iteration."""
    if isinstance(statement, Loop):
        return
    for access, domain in reads_over(loops.program, statement, (1,) * depth):
        low, high = _extremes(access, domain)
        size = loops.program.arrays[access.array].size
        _require(low >= 0 and high < size, f"elements {low} to {high} of a{access.array}[{size}]")


def _extremes(access: Access, domain: tuple[int, ...]) -> tuple[int, int]:
    index = access.index
    if isinstance(index, Affine):
        low = high = index.offset
    else:
        low, high = int(index.table.min()), int(index.table.max())
    for length, stride in zip(domain, index.strides, strict=True):
        low += min(0, stride * (length - 1))
        high += max(0, stride * (length - 1))
    return low, high


def _check_destinations(loops: LoopProgram) -> None:
    """Refuse destinations outside of their arrays, and elements that two statements set."""
    owners: dict[int, np.ndarray[tuple[int, ...], np.dtype[np.int64]]] = {}
    makers = {s.result: s for s in _bundles(loops)}
    for array, access in loops.destinations.items():
        size = loops.program.arrays[access.array].size
        bundle = makers.get(array)
        _require(bundle is not None, f"a{array} has a destination, and no statement")
        assert bundle is not None  # noqa: S101 - for the type checker; required above
        depth = len(access.index.strides) - len(bundle.shape)
        low, high = _extremes(access, (1,) * depth + bundle.shape)
        _require(low >= 0 and high < size, f"a{array} goes outside of a{access.array}[{size}]")
        counts = owners.setdefault(access.array, np.zeros(size, dtype=np.int64))
        if not bundle.over_batch:  # sums add up, so that several may go to one element
            elements = map_elements(access.index, (1,) * depth + bundle.shape)
            np.add.at(counts, elements.ravel(), 1)
            once = int(counts.max(initial=0)) <= 1
            _require(once, f"two statements set an element of a{access.array}")


def _bundles(loops: LoopProgram) -> Iterator[Bundle]:
    pending: list[Statement] = list(loops.program.statements)
    while pending:
        statement = pending.pop()
        if isinstance(statement, Bundle):
            yield statement
        elif isinstance(statement, Loop):
            pending.extend(statement.body)


# Places: what is in memory is inside of its space, and does not overlap what is alive with it


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


def _check_places(loops: LoopProgram) -> None:
    program = loops.program
    aliases = _aliases(loops)
    for array, place in loops.places.items():
        if place.space in loops.sizes:
            end = place.offset + program.arrays[array].size
            fits = place.offset >= 0 and end <= loops.sizes[place.space]
            _require(fits, f"a{array} reaches outside of {place.space}")
    for output in program.outputs:
        _require(output.array in loops.places, f"the output {output.name} has no place")
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
            _require(apart, f"a{array} and a{other} are alive at once in elements {where}")
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
                    _require(stored, f"a{array} is read from memory, and has no place")


def _check_tile(loops: LoopProgram) -> None:
    tile = loops.chosen_tile
    if loops.one_sample:
        _require(tile.samples == 1, f"a tile of {tile.samples} samples is not one sample")
        return
    whole = tile.samples > 0 and tile.samples % (2 * tile.width) == 0
    _require(whole, f"a tile of {tile.samples} samples is not whole pairs of {tile.width}")
    if any(phase.weight_gradients for phase in loops.phases):
        _require(BLOCK % tile.samples == 0, f"a block of {BLOCK} is not whole tiles")


def _check_blockings(loops: LoopProgram) -> None:
    """Refuse blocks that leave a result out, make one twice, or cannot add their terms up."""
    for phase in loops.phases:
        for unit in block_units((*phase.shared, *phase.tiled)):
            bundle = unit.bundle if isinstance(unit, Product) else unit
            if not isinstance(bundle, Bundle) or not adds_up(bundle.op):
                continue
            if loops.samples_in_lanes(bundle):
                blockings = loops.blockings.get(bundle.result, ())
                _check_cover(bundle, [each.ranges for each in blockings])
                fits = all(each.turn.terms % each.turn.parts == 0 for each in blockings)
                _require(fits, f"the terms of a{bundle.result} have no such parts")
        for wide in phase.weight_gradients:
            columns = [part for _, part in wide.column_blocks]
            cut = list(itertools.product(wide.row_blocks, columns))
            order = (wide.row_axis, 1 - wide.row_axis)
            _check_cover(wide.bundle, [tuple(pair[k] for k in order) for pair in cut])


def _check_cover(bundle: Bundle, blocks: Sequence[tuple[Range, ...]]) -> None:
    counts = np.zeros(bundle.shape, dtype=np.int64)
    for ranges in blocks:
        whole = all((part.stop - part.start) % part.step == 0 for part in ranges)
        _require(whole, f"a block of a{bundle.result} reaches outside of its part")
        counts[tuple(slice(part.start, part.stop) for part in ranges)] += 1
    once = bool(np.all(counts == 1))
    _require(once, f"the blocks of a{bundle.result} do not make each result once")

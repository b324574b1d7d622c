"""Check that every array is made once, before it is read, by a unit that may make it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from attrs import define, field

from mgcompile.program.index_maps import extremes, moving_axes
from mgcompile.program.ir import (
    FIRST_RESULT,
    Bundle,
    Loop,
    extent,
    map_elements,
)
from mgcompile.program.traversal import made, read, reads_over
from mgcompile.schedule.faults import FaultError, require
from mgcompile.schedule.ir import Group, LoopUnit, Product, ScatterUnit, members
from mgcompile.schedule.printer import format_unit
from mgcore import ops

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from mgcompile.program.ir import Access, Statement
    from mgcompile.schedule.ir import LoopProgram, Unit

__all__ = ["check_destinations", "check_order"]


@define
class _Order:
    """What has been made, in the order of units, and by which phase sums are complete.

    `terms` are the operands of each sum of the program, by its array.
    """

    loops: LoopProgram
    ready: set[int]
    terms: Mapping[int, tuple[Access, ...]]
    sums: dict[int, int] = field(factory=dict)
    phase: int = 0

    def block(self, block: Sequence[Unit], *, tiled: bool, depth: int = 0) -> None:
        for unit in block:
            try:
                self.unit(unit, tiled=tiled, depth=depth)
            except FaultError as fault:
                text = "\n  ".join(format_unit(self.loops, unit, depth))
                message = f"{fault}\n  in phase {self.phase}: {text}"
                raise FaultError(message) from None

    def unit(self, unit: Unit, *, tiled: bool, depth: int) -> None:
        if isinstance(unit, LoopUnit):
            self.loop(unit, tiled=tiled, depth=depth)
            return
        if isinstance(unit, Product) and unit.start is not None:
            self.read(unit.start.array)
            batched = self.loops.program.arrays[unit.start.array].batched
            require(not batched, "a sum starts from what every sample has of its own")
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
            require(unit.group.shape == unit.bundle.shape, "a sum is finished over another shape")
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
        require(wanted == got or bool(extra), "a loop's body has lost a statement")
        self.ready = before
        for array in made(loop):
            self.make(loop, array, tiled=tiled)

    def read(self, array: int) -> None:
        require(array in self.ready, f"a{array} is read before it is made")
        complete = self.sums.get(array, 0)
        require(complete <= self.phase, f"a{array}, a sum over the batch, is read too early")

    def make(self, statement: Statement, array: int, *, tiled: bool) -> None:
        program = self.loops.program
        require(array >= FIRST_RESULT, f"a{array} is not for a statement to make")
        require(array not in self.ready, f"a{array} is made twice")
        over_batch = isinstance(statement, Bundle) and statement.over_batch
        require(tiled or not program.arrays[array].batched, f"a{array} is batched, and made once")
        require(tiled or not over_batch, f"a{array} is a sum over the batch, and made once")
        if isinstance(statement, Bundle) and statement.op is ops.sum:
            same = self.terms.get(array, statement.operands) == statement.operands
            require(same, f"a{array} adds other operands than its statement")
        self.ready.add(array)
        target = self.loops.destinations.get(array)
        if target is not None:
            self.ready.add(target.array)
        if over_batch:
            for each in (array, *(() if target is None else (target.array,))):
                self.sums[each] = self.phase + 1


def _results(statement: Statement) -> Iterator[int]:
    yield from made(statement)


def check_order(loops: LoopProgram) -> None:
    """Refuse units in the wrong order, and those that may not make what they make."""
    terms = {s.result: s.operands for s in _bundles(loops) if s.op is ops.sum}
    order = _Order(loops, set(range(FIRST_RESULT)), terms)
    for number, phase in enumerate(loops.phases):
        order.phase = number
        order.block(phase.shared, tiled=False)
        order.block(phase.tiled, tiled=True)
        gone = {unit.result for unit in phase.tiled if isinstance(unit, Bundle)}
        rest = [p.bundle for p in phase.weight_gradients if p.bundle.result not in gone]
        order.block(rest, tiled=True)
    for output in loops.program.outputs:
        require(output.array in order.ready, f"nothing makes the output {output.name}")


def _check_fused(
    bundles: Iterable[Bundle], shape: tuple[int, ...], own: Iterable[int], depth: int
) -> None:
    """Refuse a fused bundle of another shape, or one that reads another point of its loop."""
    inside = set(own)
    domain = (1,) * depth + shape
    size = int(np.prod(shape, dtype=np.int64))
    for bundle in bundles:
        require(bundle.shape == shape, f"a{bundle.result} is fused over {shape}")
        require(not bundle.reduced and not bundle.over_batch, f"a{bundle.result} is no one loop")
        for access in bundle.operands:
            if access.array in inside:
                elements = map_elements(_at_zero(access, depth).index, domain).ravel()
                same = np.array_equal(elements, np.arange(size))
                require(same, f"a{bundle.result} reads a{access.array} at another point")


def _check_added(unit: ScatterUnit, depth: int) -> None:
    """Refuse a bundle in a scatter that is not read once, point by point."""
    for bundle in unit.bundles:
        parts = [p for p in unit.scatter.parts if p.source.array == bundle.result]
        require(len(parts) == 1, f"a{bundle.result} is added {len(parts)} times")
        _check_fused([bundle], parts[0].shape, (), depth)
        index, domain = _at_zero(parts[0].source, depth).index, (1,) * depth + bundle.shape
        same = np.array_equal(map_elements(index, domain).ravel(), np.arange(extent(bundle.shape)))
        require(same, f"a{bundle.result} is added at another point")


def _at_zero(access: Access, depth: int) -> Access:
    """Return an access within loops, which what it reads must not depend on."""
    moving = any(moving_axes(access.index)[:depth])
    require(not moving, f"a{access.array} is made in each iteration, and read by its number")
    return access


def _check_maps(loops: LoopProgram, statement: Statement, depth: int) -> None:
    """Refuse reads outside of an array; within loops at the first iteration."""
    if isinstance(statement, Loop):
        return
    for access, domain in reads_over(loops.program, statement, (1,) * depth):
        low, high = extremes(access.index, domain)
        size = loops.program.arrays[access.array].size
        require(low >= 0 and high < size, f"elements {low} to {high} of a{access.array}[{size}]")


def check_destinations(loops: LoopProgram) -> None:
    """Refuse destinations outside of their arrays, and elements that two statements set."""
    owners: dict[int, np.ndarray[tuple[int, ...], np.dtype[np.int64]]] = {}
    makers = {s.result: s for s in _bundles(loops)}
    for array, access in loops.destinations.items():
        size = loops.program.arrays[access.array].size
        bundle = makers.get(array)
        require(bundle is not None, f"a{array} has a destination, and no statement")
        assert bundle is not None  # noqa: S101 - for the type checker; required above
        depth = len(access.index.strides) - len(bundle.shape)
        low, high = extremes(access.index, (1,) * depth + bundle.shape)
        require(low >= 0 and high < size, f"a{array} goes outside of a{access.array}[{size}]")
        counts = owners.setdefault(access.array, np.zeros(size, dtype=np.int64))
        if not bundle.over_batch:  # sums add up, so that several may go to one element
            elements = map_elements(access.index, (1,) * depth + bundle.shape)
            np.add.at(counts, elements.ravel(), 1)
            once = int(counts.max(initial=0)) <= 1
            require(once, f"two statements set an element of a{access.array}")


def _bundles(loops: LoopProgram) -> Iterator[Bundle]:
    pending: list[Statement] = list(loops.program.statements)
    while pending:
        statement = pending.pop()
        if isinstance(statement, Bundle):
            yield statement
        elif isinstance(statement, Loop):
            pending.extend(statement.body)

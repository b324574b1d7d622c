"""Decide where every array of a program lives; those not needed at once share memory.

=========  =====================================================================================
base       what is there
=========  =====================================================================================
inputs     the columns of the tile at work, copied there before anything else runs
tile       batched arrays of one phase, for one tile: [element][sample]; one area for each thread
store      batched arrays that a later phase reads, for all tiles
block      batched arrays whose outer products are summed, for the tiles of a block of samples
turned     what stands in the columns of these products: [sample of the block][element]
own        unbatched arrays made in a tile's loop; one area for each thread
shared     unbatched arrays that all threads read
sums       sums over the batch; one area for each chunk of the batch, added up after the phase
params, consts, samples: as the caller gives them
=========  =====================================================================================
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import define, field, frozen

from mgcompile.llvm.fuse import Group, LoopUnit, members, reads, units
from mgcompile.llvm.schedule import Phase, made, phases, read, touched
from mgcompile.llvm.wide import BLOCK, wide_products
from mgcompile.program import CONSTS, INPUTS, PARAMS, SAMPLES, Bundle, Loop, Tape

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from mgcompile.llvm.fuse import Unit
    from mgcompile.llvm.placing import Placed
    from mgcompile.llvm.wide import Wide
    from mgcompile.program import Access, Program, Statement

__all__ = ["Layout", "Place", "PlannedPhase", "plan"]

FOREVER = 1 << 60

AREAS = ("inputs", "tile", "store", "block", "turned", "own", "shared", "sums")


@frozen
class Place:
    """An area and the element of it at which an array begins."""

    base: str
    offset: int
    batched: bool


@frozen
class PlannedPhase:
    """The units of a phase in order, the outputs to hand over after a tile, and what it sums up.

    ``wide`` are the products that are summed block by block, not tile by tile.
    ``sums`` is the range of elements of the area of sums that this phase fills.
    """

    shared: tuple[Unit, ...]
    tiled: tuple[Unit, ...]
    tile_outputs: tuple[int, ...]
    wide: tuple[Wide, ...]
    sums: tuple[int, int]
    needs_inputs: bool


@frozen
class Layout:
    """All decisions: phases, a place for each array that has one, and the sizes of the areas.

    Sizes are in elements; of `tile`, `store` and `inputs` in elements for each sample. A `serial`
    program makes something that all samples share once for each tile, where one thread alone may
    do it. `streamed` elements of a tile are written or read once in order.
    """

    phases: tuple[PlannedPhase, ...]
    places: dict[int, Place]
    targets: Mapping[int, Access]
    turned: dict[int, int]
    sizes: dict[str, int]
    batched_outputs: tuple[int, ...]
    shared_outputs: tuple[int, ...]
    serial: bool
    streamed: int


@define
class _Interval:
    array: int
    first: int
    last: int
    base: str


@define
class _Timeline:
    """The order of units, loops' bodies among them, and from when to when each array is needed."""

    program: Program
    targets: Mapping[int, Access]
    kept: set[int]
    now: int = 0
    intervals: dict[int, _Interval] = field(factory=dict)
    carried: dict[int, int] = field(factory=dict)  # what an array was called within its loop

    def use(self, array: int, moment: int) -> None:
        array = self.carried.get(array, array)
        if array in self.intervals:
            interval = self.intervals[array]
            interval.last = max(interval.last, moment)

    def define_array(self, array: int, tiled: bool) -> None:
        if array in self.targets:
            array = self.targets[array].array
        if array in self.intervals:
            self.use(array, self.now)
            return
        batched = self.program.arrays[array].batched
        base = "tile" if batched else "own" if tiled else "shared"
        last = FOREVER if array in self.kept else self.now
        self.intervals[array] = _Interval(array, self.now, last, base)

    def walk(self, block: Iterable[Unit], tiled: bool) -> None:
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
            if carry.final in self.kept:
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


def _first_fit(program: Program, intervals: Iterable[_Interval]) -> tuple[dict[int, int], int]:
    """Give arrays offsets in one area so that those alive at once do not overlap."""
    offsets: dict[int, int] = {}
    alive: list[tuple[int, int, int]] = []  # offset, end, last moment
    total = 0
    for interval in sorted(intervals, key=lambda each: (each.first, each.array)):
        alive = sorted(entry for entry in alive if entry[2] >= interval.first)
        size = program.arrays[interval.array].size
        start = 0
        for offset, end, _ in alive:
            if start + size <= offset:
                break
            start = max(start, end)
        offsets[interval.array] = start
        alive.append((start, start + size, interval.last))
        total = max(total, start + size)
    return offsets, total


def _block_units(block: Sequence[Unit]) -> Iterator[Unit]:
    pending = list(reversed(block))
    while pending:
        unit = pending.pop()
        yield unit
        if isinstance(unit, LoopUnit):
            pending.extend(reversed(unit.body))


def _needed_elsewhere(program: Program, all_units: Sequence[Unit]) -> set[int]:
    """Return the arrays that have to be in memory: read by another unit, a loop or the caller."""
    needed = {output.array for output in program.outputs}
    for unit in all_units:
        if isinstance(unit, LoopUnit):
            for carry in unit.loop.carries:
                needed |= {carry.array, carry.following, carry.final, carry.initial.array}
            for stack in unit.loop.stacks:
                needed |= {stack.source, stack.result}
        elif isinstance(unit, Group):
            inside = {bundle.result for bundle in unit.bundles}
            needed |= reads(unit) - inside
        else:
            needed |= reads(unit)
            needed |= {array for statement in members(unit) for array in made(statement)}
    return needed


@define
class _Planner:
    program: Program
    targets: Mapping[int, Access]
    places: dict[int, Place] = field(factory=dict)
    serial: bool = False
    turned: dict[int, int] = field(factory=dict)
    sizes: dict[str, int] = field(factory=lambda: dict.fromkeys(AREAS, 0))

    def put(self, array: int, base: str, offset: int) -> None:
        self.places[array] = Place(base, offset, base in {"inputs", "tile", "store", "block"})

    def sequential(self, array: int, base: str) -> None:
        """Put an array behind all others of an area, for as long as the program runs."""
        self.put(array, base, self.sizes[base])
        self.sizes[base] += self.program.arrays[array].size


def plan(placed: Placed) -> Layout:
    """Plan phases, units and memory of a program."""
    program, targets = placed.program, placed.targets
    planner = _Planner(program, targets)
    planner.put(INPUTS, "inputs", 0)
    planner.put(PARAMS, "params", 0)
    planner.put(CONSTS, "consts", 0)
    planner.put(SAMPLES, "samples", 0)
    planner.sizes["inputs"] = program.n_inputs
    parts = phases(program, targets) or (Phase((), ()),)
    products = [wide_products(targets, phase.tiled) for phase in parts]
    cut = [
        (units(program, targets, phase.shared), units(program, targets, phase.tiled))
        for phase in parts
    ]
    everything = [unit for pair in cut for block in pair for unit in _block_units(block)]
    needed = _needed_elsewhere(program, everything)
    needed |= {access.array for access in targets.values()}
    outputs = dict.fromkeys(output.array for output in program.outputs)
    used_in: dict[int, set[int]] = {}
    for number, pair in enumerate(cut):
        for block in pair:
            for unit in _block_units(block):
                for array in reads(unit):
                    used_in.setdefault(array, set()).add(number)

    planned = []
    for found in products:
        for array in [a for a, wide in found.items() if not _fits_block(wide, used_in, outputs)]:
            del found[array]
    for number, (shared, tiled) in enumerate(cut):
        start = planner.sizes["sums"]
        _place_sums(planner, tiled)
        wide = tuple(products[number].values())
        _place_blocks(planner, wide)
        timeline = _Timeline(program, targets, set(outputs))
        timeline.walk(tiled, tiled=True)
        _place_tile(planner, timeline, needed, used_in, number)
        before = _Timeline(program, targets, set())
        before.walk(shared, tiled=False)
        for array in before.intervals:
            if array in needed and array not in planner.places:
                planner.sequential(array, "shared")
        _alias_finals(planner, (*shared, *tiled))
        made_here = {a for unit in tiled for s in members(unit) for a in touched(s, targets)}
        if number == 0:
            made_here.add(INPUTS)
        planned.append(
            PlannedPhase(
                shared,
                tuple(unit for unit in tiled if not _is_wide(unit, products[number])),
                tuple(a for a in outputs if a in made_here and program.arrays[a].batched),
                wide,
                (start, planner.sizes["sums"]),
                any(INPUTS in reads(unit) for unit in tiled) or (INPUTS in outputs and not number),
            )
        )
    batched = tuple(array for array in outputs if program.arrays[array].batched)
    return Layout(
        tuple(planned),
        planner.places,
        targets,
        planner.turned,
        planner.sizes,
        batched,
        tuple(array for array in outputs if array not in batched),
        planner.serial,
        _streamed(program, everything),
    )


def _streamed(program: Program, all_units: Sequence[Unit]) -> int:
    """Return the elements of what loops keep of all iterations and of tapes: passed through."""
    numbers = [
        stack.result
        for unit in all_units
        if isinstance(unit, LoopUnit)
        for stack in unit.loop.stacks
    ]
    numbers += [unit.result for unit in all_units if isinstance(unit, Tape)]
    kept = [program.arrays[number] for number in numbers]
    return sum(array.size for array in kept if array.batched)


def _is_wide(unit: Unit, products: dict[int, Wide]) -> bool:
    return isinstance(unit, Bundle) and unit.result in products


def _fits_block(wide: Wide, used_in: dict[int, set[int]], outputs: Mapping[int, None]) -> bool:
    """Tell whether the factors of a product are needed nowhere but in its own phase."""
    arrays = {wide.rows.array, wide.columns.array} - {INPUTS}
    return all(len(used_in[array]) == 1 and array not in outputs for array in arrays)


def _place_blocks(planner: _Planner, wide: Sequence[Wide]) -> None:
    """Keep the factors of wide products for a block of samples, and room for turned ones."""
    for product in wide:
        for access in (product.rows, product.columns):
            array = access.array
            if array not in planner.places:
                planner.sequential(array, "block")
        columns = product.columns.array
        if columns not in planner.turned:
            planner.turned[columns] = planner.sizes["turned"]
            planner.sizes["turned"] += planner.program.arrays[columns].size * BLOCK


def _place_sums(planner: _Planner, tiled: Sequence[Unit]) -> None:
    for unit in tiled:
        if isinstance(unit, Bundle) and unit.over_batch:
            target = planner.targets.get(unit.result)
            array = unit.result if target is None else target.array
            if array not in planner.places:
                planner.sequential(array, "sums")


def _place_tile(
    planner: _Planner,
    timeline: _Timeline,
    needed: set[int],
    used_in: dict[int, set[int]],
    number: int,
) -> None:
    """Place what a tile makes: in reused memory, or in the store when a later phase reads it."""
    later: dict[int, int] = {}
    for array, phases_using in used_in.items():
        root = timeline.carried.get(array, array)
        later[root] = max(later.get(root, number), *phases_using)
    for base in ("tile", "own"):
        fitting = []
        for array, interval in timeline.intervals.items():
            if array not in needed or array in planner.places or interval.base != base:
                continue
            if base == "own" and (interval.last == FOREVER or later.get(array, number) > number):
                planner.sequential(array, "shared")
                planner.serial = True
            elif later.get(array, number) > number:
                planner.sequential(array, "store")
            else:
                fitting.append(interval)
        offsets, total = _first_fit(planner.program, fitting)
        for array, offset in offsets.items():
            planner.put(array, base, offset)
        planner.sizes[base] = max(planner.sizes[base], total)


def _alias_finals(planner: _Planner, block: Sequence[Unit]) -> None:
    """Let a carried array keep its place, under its new name, after the loop."""
    for unit in _block_units(block):
        if isinstance(unit, LoopUnit):
            for carry in unit.loop.carries:
                planner.places[carry.final] = planner.places[carry.array]

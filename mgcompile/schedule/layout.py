"""Decide where every array of a program lives; those not needed at once share memory.

=========  =====================================================================================
base       what is there
=========  =====================================================================================
inputs     the columns of the tile at work, copied there before anything else runs, and the address
           of each: of the copy, or of the caller's memory (see `Layout.in_place`)
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

from mgcompile.program.ir import CONSTS, INPUTS, PARAMS, SAMPLES, Bundle, Tape
from mgcompile.schedule.fusion import Group, LoopUnit, members, reads, units
from mgcompile.schedule.liveness import FOREVER, Timeline, block_units, first_fit, needed_elsewhere
from mgcompile.schedule.phases import Phase, phases, read, touched
from mgcompile.schedule.sink_epilogue import moved
from mgcompile.schedule.weight_gradients import BLOCK, wide_products

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mgcompile.program.ir import Access, Program
    from mgcompile.schedule.fusion import Unit
    from mgcompile.schedule.scatter_elision import Placed
    from mgcompile.schedule.weight_gradients import Wide

__all__ = ["Layout", "Place", "PlannedPhase", "plan"]

MOST_IN_PLACE = 16
"""Columns that are read where they are, at most: more may compete for the same few lines of the
first cache, where the number of samples is a power of two."""

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
    do it. `streamed` elements of a tile are written or read once in order. Inputs `in_place` are
    found by their addresses, so that dense columns need no copy.
    """

    phases: tuple[PlannedPhase, ...]
    places: dict[int, Place]
    targets: Mapping[int, Access]
    turned: dict[int, int]
    sizes: dict[str, int]
    batched_outputs: tuple[int, ...]
    serial: bool
    streamed: int
    in_place: bool


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
    outputs = dict.fromkeys(output.array for output in program.outputs)
    used_in: dict[int, set[int]] = {}
    for number, phase in enumerate(parts):
        for statement in (*phase.shared, *phase.tiled):
            for array in read(statement):
                used_in.setdefault(array, set()).add(number)
    cut = [
        _cut(program, targets, phase, _used_outside(number, used_in) | set(outputs))
        for number, phase in enumerate(parts)
    ]
    everything = [unit for pair in cut for block in pair for unit in block_units(block)]
    needed = needed_elsewhere(program, everything)
    needed |= {access.array for access in targets.values()}

    planned = []
    for found in products:
        for array in [a for a, wide in found.items() if not _fits_block(wide, used_in, outputs)]:
            del found[array]
    for number, (shared, tiled) in enumerate(cut):
        start = planner.sizes["sums"]
        _place_sums(planner, tiled)
        wide = tuple(products[number].values())
        _place_blocks(planner, wide)
        timeline = Timeline(program, targets, set(outputs))
        timeline.walk(tiled, tiled=True)
        _place_tile(planner, timeline, needed, used_in, number)
        before = Timeline(program, targets, set())
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
        planner.serial,
        _streamed(program, everything),
        _in_place(program, everything),
    )


def _used_outside(number: int, used_in: Mapping[int, set[int]]) -> set[int]:
    """Return the arrays that another phase than this one reads."""
    return {array for array, numbers in used_in.items() if numbers - {number}}


def _cut(
    program: Program, targets: Mapping[int, Access], phase: Phase, outside: set[int]
) -> tuple[tuple[Unit, ...], tuple[Unit, ...]]:
    """Return the shared and the tiled units of a phase."""
    tiled = units(program, targets, phase.tiled)
    return (
        units(program, targets, phase.shared),
        moved(program, targets, tiled, outside | set(targets)),
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


def _in_place(program: Program, all_units: Sequence[Unit]) -> bool:
    """Tell whether a few inputs are read, and by elementwise loops alone."""
    others = {output.array for output in program.outputs}
    for unit in all_units:
        if isinstance(unit, LoopUnit):
            others |= {carry.initial.array for carry in unit.loop.carries}
        elif not isinstance(unit, Group):
            others |= reads(unit)
    return INPUTS not in others and program.n_inputs <= MOST_IN_PLACE


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
    """Place what is summed over the batch, the largest first: so that vectors of it are aligned."""
    found: dict[int, None] = {}
    for unit in tiled:
        if isinstance(unit, Bundle) and unit.over_batch:
            target = planner.targets.get(unit.result)
            found[unit.result if target is None else target.array] = None
    for array in sorted(found, key=lambda array: -planner.program.arrays[array].size):
        if array not in planner.places:
            planner.sequential(array, "sums")


def _place_tile(
    planner: _Planner,
    timeline: Timeline,
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
        offsets, total = first_fit(planner.program, fitting)
        for array, offset in offsets.items():
            planner.put(array, base, offset)
        planner.sizes[base] = max(planner.sizes[base], total)


def _alias_finals(planner: _Planner, block: Sequence[Unit]) -> None:
    """Let a carried array keep its place, under its new name, after the loop."""
    for unit in block_units(block):
        if isinstance(unit, LoopUnit):
            for carry in unit.loop.carries:
                planner.places[carry.final] = planner.places[carry.array]

"""Decide where every array of a program lives; those not needed at once share memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import define, evolve, field

from mgcompile.program.ir import CONSTS, INPUTS, PARAMS, SAMPLES, Bundle, Tape
from mgcompile.program.traversal import touched
from mgcompile.schedule.decisions import Place
from mgcompile.schedule.ir import BLOCK, SPACES, Group, LoopUnit, Phase, block_units, members, reads
from mgcompile.schedule.liveness import FOREVER, Timeline, first_fit, needed_elsewhere
from mgcompile.schedule.outer_products import users_by_phase

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mgcompile.schedule.ir import LoopProgram, Unit

__all__ = ["place_arrays"]

MOST_IN_PLACE = 16
"""Columns that are read where they are, at most: more may compete for the same few lines of the
first cache, where the number of samples is a power of two."""

_SOURCES = ((INPUTS, "inputs"), (PARAMS, "params"), (CONSTS, "consts"), (SAMPLES, "samples"))


@define
class _Planner:
    """The places given so far, and how far each space is filled."""

    loops: LoopProgram
    used_in: dict[int, set[int]]
    needed: set[int]
    places: dict[int, Place] = field(factory=dict)
    serial: bool = False
    packed: dict[int, int] = field(factory=dict)
    sizes: dict[str, int] = field(factory=lambda: dict.fromkeys(SPACES, 0))

    def put(self, array: int, space: str, offset: int) -> None:
        self.places[array] = Place(space, offset, space in {"inputs", "tile", "store", "block"})

    def append(self, array: int, space: str) -> None:
        """Put an array behind all others of a space, for as long as the program runs."""
        self.put(array, space, self.sizes[space])
        self.sizes[space] += self.loops.program.arrays[array].size


def place_arrays(loops: LoopProgram) -> LoopProgram:
    """Give a place to each array that has to be in memory, phase by phase."""
    planner = _planner(loops)
    phases = tuple(_placed_phase(planner, number) for number in range(len(loops.phases)))
    everything = list(_everything(loops))
    return evolve(
        loops,
        phases=phases,
        places=planner.places,
        packed=planner.packed,
        sizes=planner.sizes,
        batched_outputs=tuple(a for a in loops.outputs if loops.program.arrays[a].batched),
        serial=planner.serial,
        streamed=_streamed(loops, everything),
        in_place=_in_place(loops, everything),
    )


def _planner(loops: LoopProgram) -> _Planner:
    needed = needed_elsewhere(loops.program, list(_everything(loops)))
    needed |= {access.array for access in loops.destinations.values()}
    planner = _Planner(loops, users_by_phase(loops), needed)
    for array, space in _SOURCES:
        planner.put(array, space, 0)
    planner.sizes["inputs"] = loops.program.n_inputs
    return planner


def _everything(loops: LoopProgram) -> Iterable[Unit]:
    """Yield the units of all phases, those within loops among them."""
    for phase in loops.phases:
        yield from block_units(phase.shared)
        yield from block_units(phase.tiled)


def _placed_phase(planner: _Planner, number: int) -> Phase:
    """Place what a phase makes; return it with its sums, its outputs, and what its tiles run."""
    phase, start = planner.loops.phases[number], planner.sizes["sums"]
    _place_sums(planner, phase.tiled)
    _place_blocks(planner, phase)
    _place_tile(planner, phase, number)
    _place_shared(planner, phase)
    _alias_finals(planner, (*phase.shared, *phase.tiled))
    wide = {product.bundle.result for product in phase.weight_gradients}
    return evolve(
        phase,
        tiled=tuple(u for u in phase.tiled if not (isinstance(u, Bundle) and u.result in wide)),
        tile_outputs=_tile_outputs(planner.loops, number),
        sums=(start, planner.sizes["sums"]),
        needs_inputs=any(INPUTS in reads(unit) for unit in phase.tiled)
        or (INPUTS in planner.loops.outputs and not number),
    )


def _tile_outputs(loops: LoopProgram, number: int) -> tuple[int, ...]:
    """Return the batched outputs that are complete after a tile of a phase."""
    made_here = {
        array
        for unit in loops.phases[number].tiled
        for statement in members(unit)
        for array in touched(statement, loops.destinations)
    }
    if number == 0:
        made_here.add(INPUTS)
    return tuple(a for a in loops.outputs if a in made_here and loops.program.arrays[a].batched)


def _place_sums(planner: _Planner, tiled: Sequence[Unit]) -> None:
    """Place what is summed over the batch, the largest first: so that vectors of it are aligned."""
    loops = planner.loops
    found: dict[int, None] = {}
    for unit in tiled:
        if isinstance(unit, Bundle) and unit.over_batch:
            target = loops.destinations.get(unit.result)
            found[unit.result if target is None else target.array] = None
    for array in sorted(found, key=lambda array: -loops.program.arrays[array].size):
        if array not in planner.places:
            planner.append(array, "sums")


def _place_blocks(planner: _Planner, phase: Phase) -> None:
    """Keep the factors of weight gradients for a block of samples, and room to pack columns."""
    for product in phase.weight_gradients:
        for access in (product.rows, product.columns):
            if access.array not in planner.places:
                planner.append(access.array, "block")
        columns = product.columns.array
        if columns not in planner.packed:
            planner.packed[columns] = planner.sizes["packed"]
            planner.sizes["packed"] += planner.loops.program.arrays[columns].size * BLOCK


def _place_tile(planner: _Planner, phase: Phase, number: int) -> None:
    """Place what a tile makes: in reused memory, or in the store when a later phase reads it."""
    loops = planner.loops
    timeline = Timeline(loops.program, loops.destinations, set(loops.outputs))
    timeline.walk(phase.tiled, tiled=True)
    later: dict[int, int] = {}
    for array, phases_using in planner.used_in.items():
        root = timeline.carried.get(array, array)
        later[root] = max(later.get(root, number), *phases_using)
    multiple = loops.width if loops.one_sample else 1  # so that vectors of elements are aligned
    for space in ("tile", "own"):
        fitting = []
        for array, interval in timeline.intervals.items():
            if array not in planner.needed or array in planner.places or interval.space != space:
                continue
            outlives = later.get(array, number) > number
            if space == "own" and (interval.last == FOREVER or outlives):
                planner.append(array, "shared")
                planner.serial = True
            elif outlives:
                planner.append(array, "store")
            else:
                fitting.append(interval)
        offsets, total = first_fit(loops.program, fitting, multiple)
        for array, offset in offsets.items():
            planner.put(array, space, offset)
        planner.sizes[space] = max(planner.sizes[space], total)


def _place_shared(planner: _Planner, phase: Phase) -> None:
    """Place what is made once, for all threads to read."""
    timeline = Timeline(planner.loops.program, planner.loops.destinations, set())
    timeline.walk(phase.shared, tiled=False)
    for array in timeline.intervals:
        if array in planner.needed and array not in planner.places:
            planner.append(array, "shared")


def _alias_finals(planner: _Planner, block: Sequence[Unit]) -> None:
    """Let a carried array keep its place, under its new name, after the loop."""
    for unit in block_units(block):
        if isinstance(unit, LoopUnit):
            for carry in unit.loop.carries:
                planner.places[carry.final] = planner.places[carry.array]


def _streamed(loops: LoopProgram, everything: Sequence[Unit]) -> int:
    """Return the elements of what loops keep of all iterations and of tapes: passed through."""
    numbers = [
        stack.result
        for unit in everything
        if isinstance(unit, LoopUnit)
        for stack in unit.loop.stacks
    ]
    numbers += [unit.result for unit in everything if isinstance(unit, Tape)]
    kept = [loops.program.arrays[number] for number in numbers]
    return sum(array.size for array in kept if array.batched)


def _in_place(loops: LoopProgram, everything: Sequence[Unit]) -> bool:
    """Tell whether a few inputs are read, and by elementwise loops alone."""
    if loops.one_sample:
        return False
    others = set(loops.outputs)
    for unit in everything:
        if isinstance(unit, LoopUnit):
            others |= {carry.initial.array for carry in unit.loop.carries}
        elif not isinstance(unit, Group):
            others |= reads(unit)
    return INPUTS not in others and loops.program.n_inputs <= MOST_IN_PLACE

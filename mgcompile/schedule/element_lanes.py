"""Choose which axis of a loop without samples is in the lanes, and which axes are one.

What all samples share has no samples to put there, nor has anything in the code for one sample at
a time. Neighbouring axes that everything passes through as through one are joined first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import evolve

from mgcompile.program.ir import Bundle, Scatter, extent
from mgcompile.schedule.costs import weight
from mgcompile.schedule.decisions import ElementNest
from mgcompile.schedule.ir import Group, ScatterUnit, nested_units
from mgcompile.schedule.lanes import (
    Path,
    fetch_cost,
    joined,
    path_of,
    put_cost,
    result_path,
    vectors_of,
)
from mgcompile.schedule.lookups import is_lookup
from mgcompile.support.zero_product import adds_up

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mgcompile.program.ir import ScatterPart
    from mgcompile.schedule.ir import LoopProgram, Unit

__all__ = ["choose_element_lanes", "elements_alone"]

WRITTEN_OUT = 24
"""Instructions, about, up to which the vectors of a row are written one after the other."""

ADDED = 3.0
"""Instructions, about, that the addition of one number to another takes."""


def choose_element_lanes(loops: LoopProgram) -> LoopProgram:
    """Choose for each loop without samples what takes the fewest instructions, about."""
    chosen: dict[int, tuple[ElementNest, ...]] = {}
    for unit, depth in nested_units(loops):
        chosen.update(_nests(loops, unit, depth))
    return evolve(loops, element_nests=chosen)


def elements_alone(loops: LoopProgram) -> LoopProgram:
    """Compute elements one by one."""
    nests = choose_element_lanes(loops).element_nests
    alone = {
        array: tuple(evolve(nest, lane=None, written_out=1) for nest in of_array)
        for array, of_array in nests.items()
    }
    return evolve(loops, element_nests=alone)


def _nests(loops: LoopProgram, unit: Unit, depth: int) -> dict[int, tuple[ElementNest, ...]]:
    match unit:
        case Group() if loops.one_sample or not unit.tiled:
            return {unit.results[0]: (_group(loops, unit, depth),)}
        case Bundle() if not adds_up(unit.op) and not loops.samples_in_lanes(unit):
            choose = _lookup if is_lookup(unit) else _operands
            return {unit.result: (choose(loops, unit, depth),)}
        case Scatter() if loops.one_sample or not loops.batched(unit.result):
            return {unit.result: tuple(_part(loops, part, depth) for part in unit.parts)}
        case ScatterUnit():
            return _nests(loops, unit.scatter, depth)
        case _:
            return {}


def _group(loops: LoopProgram, group: Group, depth: int) -> ElementNest:
    reads = [path_of(access.index) for access in group.outside_reads(loops)]
    writes = [
        result_path(loops, array, group.shape, depth)
        for array in group.results
        if loops.stored(array)
    ]
    axes, shape, paths = joined(group.shape, [*reads, *writes], depth)
    work = sum(weight(bundle) for bundle in group.bundles)
    reads, writes = paths[: len(reads)], paths[len(reads) :]
    lane = _cheapest(shape, work, _traffic(reads, writes, depth), len(paths), loops.width)
    whole = 0 if lane is None else shape[lane] // loops.width
    return ElementNest(axes, shape, lane, whole if 0 < whole * work <= WRITTEN_OUT else 1)


def _operands(loops: LoopProgram, bundle: Bundle, depth: int) -> ElementNest:
    """Return the nest of an op whose operands are the elements along the reduced axes."""
    (access,) = bundle.operands
    count, shape = extent(bundle.reduced), bundle.shape
    write = result_path(loops, bundle.result, shape, depth)
    traffic = _traffic([path_of(access.index)] * count, [write], depth)
    lane = _cheapest(shape, count * weight(bundle), traffic, count + 1, loops.width)
    return ElementNest(tuple(range(len(shape))), shape, lane)


def _lookup(loops: LoopProgram, bundle: Bundle, depth: int) -> ElementNest:
    """Return the nest of a `take`: over the axes along which its index stays."""
    index, choices = (path_of(access.index) for access in bundle.operands)
    moved = [index.moves(depth + axis) for axis in range(len(bundle.shape))]
    shape = tuple(1 if m else n for m, n in zip(moved, bundle.shape, strict=True))
    write = result_path(loops, bundle.result, bundle.shape, depth)
    lane = _cheapest(shape, 1, _traffic([choices], [write], depth), 2, loops.width)
    return ElementNest(tuple(range(len(shape))), shape, lane)


def _part(loops: LoopProgram, part: ScatterPart, depth: int) -> ElementNest:
    """Return the nest of what a scatter adds.

    Only an axis along which the target moves by a stride is put into the lanes: no two of them
    then name the same element.
    """
    paths = [path_of(part.source.index), path_of(part.target)]
    axes, shape, (source, target) = joined(part.shape, paths, depth)
    best, least = None, ADDED
    for axis, length in enumerate(shape):
        stride, step = target.along(depth + axis)
        if length == 1 or not stride or step:
            continue
        live = min(length, loops.width)
        cost = fetch_cost(*source.along(depth + axis), live) + 1.0
        cost += fetch_cost(stride, 0, live) + put_cost(stride, 0, live)
        if cost / live < least:
            best, least = axis, cost / live
    return ElementNest(axes, shape, best)


def _traffic(
    reads: Sequence[Path], writes: Sequence[Path], depth: int
) -> Callable[[int, int], float]:
    """Return what loads and stores of so many lanes along an axis take."""

    def cost(axis: int, live: int) -> float:
        loads = sum(fetch_cost(*path.along(depth + axis), live) for path in reads)
        return loads + sum(put_cost(*path.along(depth + axis), live) for path in writes)

    return cost


def _cheapest(
    shape: Sequence[int],
    work: int,
    traffic: Callable[[int, int], float],
    moved: int,
    width: int,
) -> int | None:
    """Return the axis whose points are best put into the lanes; None where none is worth it.

    Args:
        shape: The lengths of the axes.
        work: About how many instructions a point takes beside its loads and stores.
        traffic: What these take for an axis in so many lanes.
        moved: How many they are.
        width: Lanes of a vector.
    """
    points = extent(tuple(shape))
    best, least = None, float(points * (work + moved))
    for axis, length in enumerate(shape):
        if length == 1:
            continue
        vectors = vectors_of(length, width)
        cost = sum(count * (work + traffic(axis, live)) for count, live in vectors)
        cost *= points // length
        if cost < least:
            best, least = axis, cost
    return best

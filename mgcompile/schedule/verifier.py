"""Hold a loop program against its rules, after every pass of the schedule."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np

from mgcompile.errors import InvalidProgramError
from mgcompile.program.ir import Bundle, Scatter, Tape, extent
from mgcompile.schedule.costs import TOGETHER
from mgcompile.schedule.decisions import ElementSum
from mgcompile.schedule.faults import FaultError, require
from mgcompile.schedule.ir import BLOCK, Group, ScatterUnit, block_units, members, nested_units
from mgcompile.schedule.lanes import path_of
from mgcompile.schedule.matrix_product_tiles import sums_of
from mgcompile.schedule.verify_order import check_destinations, check_order
from mgcompile.schedule.verify_places import check_places

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mgcompile.schedule.decisions import Range, Turn
    from mgcompile.schedule.ir import LoopProgram

__all__ = ["verify_loops"]


def verify_loops(loops: LoopProgram) -> LoopProgram:
    """Check a loop program and return it.

    What is decided so far has to agree with the program: every array is made once and before it is
    read, by a unit that may make it; what is fused reads only its own points; destinations and
    index maps stay inside the arrays; arrays that are alive at once have memory of their own.

    Raises:
        InvalidProgramError: With the unit around the fault.
    """
    try:
        check_destinations(loops)
        if loops.phases:
            check_order(loops)
        if loops.places:
            check_places(loops)
        if loops.tile is not None:
            _check_tile(loops)
            _check_vectors(loops)
        if loops.blockings:
            _check_blockings(loops)
        if loops.element_nests:
            _check_element_nests(loops)
        if loops.element_sums:
            _check_element_sums(loops)
        _check_shared_calls(loops)
    except FaultError as fault:
        raise InvalidProgramError(f"the loop program: {fault}") from None
    return loops


def _check_tile(loops: LoopProgram) -> None:
    tile = loops.chosen_tile
    if loops.one_sample:
        require(tile.samples == 1, f"a tile of {tile.samples} samples is not one sample")
        return
    whole = tile.samples > 0 and tile.samples % (2 * tile.width) == 0
    require(whole, f"a tile of {tile.samples} samples is not whole pairs of {tile.width}")
    if any(phase.weight_gradients for phase in loops.phases):
        require(BLOCK % tile.samples == 0, f"a block of {BLOCK} is not whole tiles")


def _check_vectors(loops: LoopProgram) -> None:
    """Refuse more vectors in a turn than a tile has, or than code is written for."""
    most = max(2, loops.chosen_tile.samples // loops.width)
    for phase in loops.phases:
        for unit in block_units((*phase.shared, *phase.tiled)):
            if isinstance(unit, Group):
                fits = unit.vectors in (1, 2, TOGETHER) and unit.vectors <= most
                require(fits, f"a turn cannot work on {unit.vectors} vectors")


def _check_blockings(loops: LoopProgram) -> None:
    """Refuse blocks that leave a result out, make one twice, or cannot add their terms up."""
    for product, _ in sums_of(loops):
        bundle = product.bundle
        if loops.samples_in_lanes(bundle):
            blockings = loops.blockings.get(bundle.result, ())
            _check_cover(bundle, bundle.shape, [each.ranges for each in blockings])
            _check_turns(bundle, [each.turn for each in blockings])
    for phase in loops.phases:
        for wide in phase.weight_gradients:
            columns = [part for _, part in wide.column_blocks]
            cut = list(itertools.product(wide.row_blocks, columns))
            order = (wide.row_axis, 1 - wide.row_axis)
            bundle = wide.bundle
            _check_cover(bundle, bundle.shape, [tuple(pair[k] for k in order) for pair in cut])


def _check_element_nests(loops: LoopProgram) -> None:
    """Refuse nests that leave points out, and lanes that add to one element more than once."""
    for unit, depth in nested_units(loops):
        if isinstance(unit, Group):
            _check_points(loops, unit.results[0], [unit.shape])
        scatter = unit.scatter if isinstance(unit, ScatterUnit) else unit
        if isinstance(scatter, Scatter):
            _check_points(loops, scatter.result, [part.shape for part in scatter.parts])
            nests = loops.element_nests.get(scatter.result, ())
            for nest, part in zip(nests, scatter.parts, strict=False):
                if nest.lane is not None:
                    stride, step = path_of(part.target).along(depth + nest.axes[nest.lane])
                    alone = bool(stride) and not step
                    require(alone, f"lanes of a{scatter.result} may be one element")


def _check_points(loops: LoopProgram, array: int, shapes: Sequence[tuple[int, ...]]) -> None:
    nests = loops.element_nests.get(array)
    if nests is None:
        return
    whole = [extent(nest.shape) for nest in nests] == [extent(shape) for shape in shapes]
    require(whole, f"a nest of a{array} leaves points out, or has them twice")
    inside = all(nest.lane is None or nest.lane < len(nest.shape) for nest in nests)
    require(inside, f"the lanes of a{array} are along no axis")


def _check_element_sums(loops: LoopProgram) -> None:
    """Refuse the same of sums with elements in the lanes, and lanes that hold no element."""
    for product, _ in sums_of(loops):
        bundle = product.bundle
        if loops.samples_in_lanes(bundle):
            continue
        chosen = loops.element_sums.get(bundle.result, ElementSum(()))
        vectors = list(bundle.shape)
        if chosen.across is not None:
            length = vectors[chosen.across]
            vectors[chosen.across] = -(-length // loops.width)
            for block in chosen.blocks:
                part = block.ranges[chosen.across]
                last = part.start * loops.width + (part.stop - part.start) * block.live
                full = last == min(part.stop * loops.width, length)
                require(full, f"lanes of a{bundle.result} hold no result, or leave one out")
        _check_cover(bundle, vectors, [block.ranges for block in chosen.blocks])
        _check_turns(bundle, [turn for block in chosen.blocks for turn in (block.turn, block.rest)])


def _check_shared_calls(loops: LoopProgram) -> None:
    """Refuse calls where nothing is made."""
    made = {
        statement.result: len(statement.code) if isinstance(statement, Tape) else 1
        for unit, _ in nested_units(loops)
        for statement in members(unit)
        if isinstance(statement, Bundle | Tape)
    }
    for array, number in loops.shared_calls:
        require(0 <= number < made.get(array, 0), f"no call {number} makes an element of a{array}")


def _check_turns(bundle: Bundle, turns: Sequence[Turn]) -> None:
    fits = all(turn.terms % turn.parts == 0 for turn in turns)
    require(fits, f"the terms of a{bundle.result} have no such parts")


def _check_cover(bundle: Bundle, shape: Sequence[int], blocks: Sequence[tuple[Range, ...]]) -> None:
    counts = np.zeros(shape, dtype=np.int64)
    for ranges in blocks:
        whole = all((part.stop - part.start) % part.step == 0 for part in ranges)
        require(whole, f"a block of a{bundle.result} reaches outside of its part")
        counts[tuple(slice(part.start, part.stop) for part in ranges)] += 1
    once = bool(np.all(counts == 1))
    require(once, f"the blocks of a{bundle.result} do not make each result once")

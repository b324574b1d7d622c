"""Cut products of matrices, and other sums, into register tiles: which axes, into what blocks."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING

from attrs import evolve

from mgcompile.program.cost import repeated
from mgcompile.program.index_maps import moving_axes
from mgcompile.program.ir import Bundle, extent
from mgcompile.schedule.decisions import Blocking, Range, Turn
from mgcompile.schedule.ir import Product, nested_units
from mgcompile.support.zero_product import adds_up

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from mgcompile.schedule.ir import LoopProgram

__all__ = ["choose_blockings", "even", "single_blockings", "sums_of", "turn_of"]

REGISTERS = 16
"""Vector registers that a tile may fill; more of them, where there are more, hardly gain."""

LATENCY = 4
"""Cycles until a sum can be added to again; two products and two loads start in each cycle."""

START, SUM_LANES, SUM_ALONE = 15, 4, 2
"""Cycles to begin and leave a block, to add up the lanes of four neighbours, and of one alone."""

TYPICAL = 12
"""Vectors of samples in a tile, when costs are compared."""


UNROLLED = 4
"""Terms of a sum up to which it is written out."""

SMALL_PART = 32
"""A sum that has fewer terms than this part of all adds one in a turn of its loop: the time to
compile it grows with the length of its code, and a call has a few instructions more."""

CHAINS = 8
"""Sums to be at work on at once: two additions start in each cycle, and each takes four."""

Ranges = tuple[Range, ...]


def choose_blockings(loops: LoopProgram) -> LoopProgram:
    """Choose how the results of every sum are cut, and those of weight gradients.

    Each unit that multiplies and adds has so many sums at work that none waits for the one before;
    in a block of outer products, which has two for each row, half as many more: fewer loads.
    """
    return _cut(loops, _ranges, 3 * loops.units)


def single_blockings(loops: LoopProgram) -> LoopProgram:
    """Have one sum at work at a time."""
    return _cut(loops, lambda _loops, bundle, _depth: _unrolled(bundle, {}), 1)


def _cut(
    loops: LoopProgram,
    ranges_of: Callable[[LoopProgram, Bundle, int], tuple[Ranges, ...]],
    rows: int,
) -> LoopProgram:
    blockings, small = {}, _small(loops)
    for product, depth in sums_of(loops):
        bundle = product.bundle
        if not loops.samples_in_lanes(bundle):
            continue
        blockings[bundle.result] = tuple(
            Blocking(ranges, _turn(bundle, ranges, short=bundle.result in small))
            for ranges in itertools.product(*ranges_of(loops, bundle, depth))
        )
    phases = tuple(
        evolve(
            phase,
            weight_gradients=tuple(
                evolve(
                    wide,
                    row_blocks=even(wide.row_count, rows),
                    column_blocks=_columns(wide.column_count, loops.width),
                )
                for wide in phase.weight_gradients
            ),
        )
        for phase in loops.phases
    )
    return evolve(loops, phases=phases, blockings=blockings)


def sums_of(loops: LoopProgram) -> Iterator[tuple[Product, int]]:
    """Yield the sums and dots that tiles or all samples share, and how many loops are around."""
    for unit, depth in nested_units(loops):
        product = Product(unit, None) if isinstance(unit, Bundle) else unit
        if isinstance(product, Product) and adds_up(product.bundle.op):
            yield product, depth


def _ranges(loops: LoopProgram, bundle: Bundle, depth: int) -> tuple[Ranges, ...]:
    if bundle.over_batch:
        return _batch_ranges(bundle, depth)
    batched = [loops.batched(access.array) for access in bundle.operands]
    return _lane_ranges(bundle, batched, depth, LATENCY * loops.units // 2)


def _small(loops: LoopProgram) -> frozenset[int]:
    """Return the results of sums that have a small part of all terms."""
    times = {
        each.result: count
        for each, count in repeated(loops.program.statements)
        if isinstance(each, Bundle)
    }
    terms = {
        bundle.result: extent(bundle.shape + bundle.reduced) * times.get(bundle.result, 1)
        for bundle in (product.bundle for product, _ in sums_of(loops))
    }
    most = sum(terms.values()) / SMALL_PART
    return frozenset(result for result, count in terms.items() if count < most)


def _turn(bundle: Bundle, ranges: Ranges, *, short: bool) -> Turn:
    """Return how the terms of a block's sums are added up; the order does not depend on `short`."""
    vectors = 1 if bundle.over_batch else 2
    turn = turn_of(bundle.reduced, vectors * math.prod(part.step for part in ranges))
    several = math.prod(bundle.reduced) >= UNROLLED
    return evolve(turn, terms=1) if short and several and turn.parts == 1 else turn


def turn_of(reduced: Sequence[int], sums: int) -> Turn:
    """Return how the terms along reduced axes are added up, where so many sums are in registers."""
    if math.prod(reduced) <= UNROLLED:
        return Turn()
    terms = 4 if reduced[-1] >= 4 else 2
    return Turn(terms, next(k for k in (4, 2, 1) if k == 1 or (k <= terms and k * sums <= CHAINS)))


def _columns(count: int, width: int) -> tuple[tuple[int, Range], ...]:
    """Cut columns into pairs of vectors, a vector, and numbers."""
    pairs, whole = count // (2 * width) * (2 * width), count // width * width
    blocks = (
        (2, Range(0, pairs, 2 * width)),
        (1, Range(pairs, whole, width)),
        (0, Range(whole, count, 1)),
    )
    return tuple((vectors, part) for vectors, part in blocks if part.start < part.stop)


def _moves_along(bundle: Bundle, operand: int, loops: int, axis: int) -> bool:
    """Tell whether an operand's element depends on an axis of the bundle's shape."""
    return moving_axes(bundle.operands[operand].index)[loops + axis]


def even(length: int, most: int) -> Ranges:
    """Cut an axis into as few blocks of at most `most` as can be, whose sizes differ by one."""
    count = -(-length // most)
    size, longer = divmod(length, count)
    border = longer * (size + 1)
    ranges = (Range(0, border, size + 1), Range(border, length, size))
    return tuple(part for part in ranges if part.start < part.stop)


def _unrolled(bundle: Bundle, blocks: dict[int, int]) -> tuple[Ranges, ...]:
    """Return the ranges of every axis; those without a block are plain loops."""
    return tuple(
        even(length, blocks[axis]) if axis in blocks else (Range(0, length, 1),)
        for axis, length in enumerate(bundle.shape)
    )


def _lane_ranges(
    bundle: Bundle, batched: Sequence[bool], loops: int, rows: int
) -> tuple[Ranges, ...]:
    """Return the ranges of every axis for a result computed two vectors of samples at a time.

    Along the unrolled axis, what does not move is loaded once and used for the whole block: at
    best the batched operands.
    """
    best, axis_of_best = 0, None
    for axis, length in enumerate(bundle.shape):
        if length == 1:
            continue
        saved = sum(
            (2 if batched[k] else 1)
            for k in range(len(bundle.operands))
            if not _moves_along(bundle, k, loops, axis)
        )
        score = 1 + saved * min(length, 6)
        if score >= best:
            best, axis_of_best = score, axis
    # Each row has two sums: one for each of two vectors of samples.
    return _unrolled(bundle, {} if axis_of_best is None else {axis_of_best: rows})


def _batch_ranges(bundle: Bundle, loops: int) -> tuple[Ranges, ...]:
    """Return the ranges of every axis for a sum over the batch: tiles of two axes where it can be.

    Two axes along which different operands stay make 3 + 4 loads serve 12 products.
    """
    staying: dict[int, list[int]] = {}
    for axis, length in enumerate(bundle.shape):
        if length > 1:
            staying[axis] = [
                k for k in range(len(bundle.operands)) if not _moves_along(bundle, k, loops, axis)
            ]
    by_operand: dict[int, int] = {}
    for axis, operands in staying.items():
        for operand in operands:
            known = by_operand.get(operand)
            if known is None or bundle.shape[axis] > bundle.shape[known]:
                by_operand[operand] = axis
    axes = sorted(dict.fromkeys(by_operand.values()))[:2]
    if len(axes) == 2:
        first, last = axes
        sizes = min(
            ((a, b) for a in range(1, 13) for b in range(1, 13) if _fits(a, b)),
            key=lambda sizes: _cost(bundle.shape[first], bundle.shape[last], *sizes),
        )
        return _unrolled(bundle, dict(zip(axes, sizes, strict=True)))
    if not axes and staying:
        axes = [max(staying, key=lambda axis: bundle.shape[axis])]
    return _unrolled(bundle, dict.fromkeys(axes, 8))


def _fits(a: int, b: int) -> bool:
    """Tell whether the sums, the shorter side and one of the longer side have registers."""
    return a * b + min(a, b) + 1 <= REGISTERS


def _cost(rows: int, columns: int, most_rows: int, most_columns: int) -> float:
    """Estimate the cycles that tiles of a size take for the outer products of a tile of samples.

    Sums of neighbours along the columns are stored together, in fours.
    """
    total = 0.0
    for a, times_a in _blocks(even(rows, most_rows)):
        for b, times_b in _blocks(even(columns, most_columns)):
            turn = max(a * b / 2, (a + b) / 2, LATENCY)
            stored = a * (b // 4 * SUM_LANES + b % 4 * SUM_ALONE)
            total += times_a * times_b * (TYPICAL * turn + START + stored)
    return total


def _blocks(ranges: Ranges) -> Iterable[tuple[int, int]]:
    """Yield the size of the blocks of each range and how many there are."""
    for part in ranges:
        yield part.step, (part.stop - part.start) // part.step

"""Choose how a sum or dot is cut into register tiles: which axes are unrolled, and by how much."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mgcompile.program.ir import Bundle

__all__ = ["Range", "batch_ranges", "even", "lane_ranges", "moves_along"]

REGISTERS = 16
"""Vector registers that a tile may fill; more of them, where there are more, hardly gain."""

LATENCY = 4
"""Cycles until a sum can be added to again; two products and two loads start in each cycle."""

START, SUM_LANES, SUM_ALONE = 15, 4, 2
"""Cycles to begin and leave a block, to add up the lanes of four neighbours, and of one alone."""

TYPICAL = 12
"""Vectors of samples in a tile, when costs are compared."""


@frozen
class Range:
    """A part of an axis, cut into blocks of `step` that are unrolled."""

    start: int
    stop: int
    step: int


Ranges = tuple[Range, ...]


def moves_along(bundle: Bundle, operand: int, loops: int, axis: int) -> bool:
    """Tell whether an operand's element depends on an axis of the bundle's shape."""
    index = bundle.operands[operand].index
    place = loops + axis
    table = getattr(index, "table", None)
    return bool(index.strides[place]) or (table is not None and table.shape[place] > 1)


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


def lane_ranges(bundle: Bundle, batched: Sequence[bool], loops: int) -> tuple[Ranges, ...]:
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
            if not moves_along(bundle, k, loops, axis)
        )
        score = 1 + saved * min(length, 6)
        if score >= best:
            best, axis_of_best = score, axis
    # Six times two sums, two vectors of samples and what they are multiplied by.
    return _unrolled(bundle, {} if axis_of_best is None else {axis_of_best: 4})


def batch_ranges(bundle: Bundle, loops: int) -> tuple[Ranges, ...]:
    """Return the ranges of every axis for a sum over the batch: tiles of two axes where it can be.

    Two axes along which different operands stay make 3 + 4 loads serve 12 products.
    """
    staying: dict[int, list[int]] = {}
    for axis, length in enumerate(bundle.shape):
        if length > 1:
            staying[axis] = [
                k for k in range(len(bundle.operands)) if not moves_along(bundle, k, loops, axis)
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

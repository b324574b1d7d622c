"""Choose how a sum or dot is cut into register tiles: which axes are unrolled, and by how much."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mgcompile.program import Bundle

__all__ = ["Range", "batch_blocks", "cover", "lane_blocks", "moves_along"]


@frozen
class Range:
    """A part of an axis, cut into blocks of `step` that are unrolled."""

    start: int
    stop: int
    step: int


def moves_along(bundle: Bundle, operand: int, loops: int, axis: int) -> bool:
    """Tell whether an operand's element depends on an axis of the bundle's shape."""
    index = bundle.operands[operand].index
    place = loops + axis
    table = getattr(index, "table", None)
    return bool(index.strides[place]) or (table is not None and table.shape[place] > 1)


def cover(length: int, most: int, *, long: bool = False) -> tuple[Range, ...]:
    """Cut an axis into blocks, at most `most` long: a few ranges.

    The blocks are nearly of one size, or as long as can be where each is `long` at work.
    """
    if long and length > 2 * most:
        return _longest(length, most)
    for size in range(most, most // 2, -1):
        if length % size == 0:
            return (Range(0, length, size),)
    count = -(-length // most)
    size = -(-length // count)
    whole = length // size * size
    ranges = (Range(0, whole, size),) if whole else ()
    return (*ranges, Range(whole, length, length - whole)) if whole < length else ranges


def _longest(length: int, most: int) -> tuple[Range, ...]:
    """Cut an axis into blocks of `most`; one more and a short rest are halved instead."""
    whole = length // most * most
    rest = length - whole
    if 0 < rest <= most // 2:
        whole, rest = whole - most, rest + most
    half = rest if rest <= most else -(-rest // 2)
    ranges = (
        Range(0, whole, most),
        Range(whole, whole + half, half),
        Range(whole + half, length, rest - half),
    )
    return tuple(part for part in ranges if part.start < part.stop)


def lane_blocks(bundle: Bundle, batched: Sequence[bool], loops: int) -> dict[int, int]:
    """Return {axis: largest block} for a result that is computed vector by vector of samples.

    Along the axis, what does not move is loaded once and used for the whole block: at best the
    batched operands.
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
    return {} if axis_of_best is None else {axis_of_best: 6}


def batch_blocks(bundle: Bundle, loops: int) -> dict[int, int]:
    """Return {axis: largest block} for a sum over the batch: a tile of two axes where it can be.

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
    axes = list(dict.fromkeys(by_operand.values()))[:2]
    if len(axes) == 2:
        short, long = sorted(axes, key=lambda axis: bundle.shape[axis])
        # Neighbours in memory, those along the last axis, are stored in fours.
        return {short: 3, long: 4} if bundle.shape[short] < 4 else {min(axes): 3, max(axes): 4}
    if not axes and staying:
        axes = [max(staying, key=lambda axis: bundle.shape[axis])]
    return dict.fromkeys(axes, 6)

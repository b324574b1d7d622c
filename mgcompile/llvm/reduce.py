"""Write sums and dots as register tiles: a block of accumulators, a loop for each reduced axis."""

from __future__ import annotations

import itertools
from contextlib import ExitStack
from typing import TYPE_CHECKING

from attrs import evolve, frozen

from mgcompile.llvm.frame import row_major
from mgcompile.llvm.kind import Kind
from mgcompile.llvm.nests import splat
from mgcompile.llvm.tiling import Range, batch_blocks, cover, lane_blocks
from mgcompile.llvm.transpose import shuffled
from mgcompile.program import Affine, extent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mgcompile.llvm.block import Block, Vec
    from mgcompile.llvm.frame import Cursor, Frame
    from mgcompile.llvm.writer import Index, Writer
    from mgcompile.program import Bundle, IndexMap

__all__ = ["write_reduction"]

LONG = 64
"""Terms of a sum from which on the largest register tile counts for more than even ones."""

UNROLLED = 4
"""Terms of a sum up to which it is written out."""

Copy = tuple[int, ...]
"""How far a member of a block is from its first point, along each axis of the shape."""


@frozen
class _Tile:
    """A block of accumulators: their copies, and the vectors of each (0: none, it is a scalar).

    ``mask`` is the register that tells samples of the batch from what fills up a tile, for what is
    not batched but summed over the batch.
    """

    copies: tuple[Copy, ...]
    vectors: int
    kind: Kind
    mask: str = ""


@frozen
class _Spread:
    """The cursors that serve a block: one for each step along the axes that they move along."""

    cursors: dict[Copy, Cursor]
    axes: frozenset[int] = frozenset()

    def at(self, copy: Copy) -> Cursor:
        """Return the cursor that serves a member of the block."""
        return self.cursors[tuple(k if axis in self.axes else 0 for axis, k in enumerate(copy))]

    def enter(self, loops: int, axis: int, step: int, index: Index) -> _Spread:
        """Fix an axis of the shape: `index`, and the `step - 1` points after it."""
        entered: dict[Copy, Cursor] = {}
        axes = self.axes
        for copy, cursor in self.cursors.items():
            moves = cursor.moves(loops + axis)
            axes |= {axis} if moves else set()
            for plus in range(step if moves else 1):
                one = cursor.fork()
                one.enter(loops + axis, index, plus)
                entered[(*copy[:axis], plus, *copy[axis + 1 :])] = one
        return _Spread(entered, axes)

    def fix(self, axis: int, index: Index) -> _Spread:
        """Fix a reduced axis, counted from the first loop."""
        forks = {copy: cursor.fork() for copy, cursor in self.cursors.items()}
        for cursor in forks.values():
            cursor.enter(axis, index)
        return _Spread(forks, self.axes)

    def shifted(self, writer: Writer, distance: Index) -> _Spread:
        """Return the cursors moved along the samples by a number of bytes."""
        forks = {copy: cursor.fork() for copy, cursor in self.cursors.items()}
        for cursor in forks.values():
            cursor.pointer = writer.offset(cursor.pointer, distance)
        return _Spread(forks, self.axes)


def write_reduction(writer: Writer, frame: Frame, bundle: Bundle) -> None:
    """Append the nests that compute a `sum` or `dot`.

    Args:
        writer: the function.
        frame: where the bundle stands.
        bundle: with or without reduced axes; with `over_batch` its result is added to, not set.
    """
    loops = len(frame.iterations)
    batched = [frame.batched(access.array) for access in bundle.operands]
    if bundle.over_batch:
        blocks = batch_blocks(bundle, loops)
    else:
        blocks = lane_blocks(bundle, batched, loops)
    long = not bundle.over_batch and extent(bundle.reduced) >= LONG
    choices = [
        cover(length, blocks[axis], long=long) if axis in blocks else (Range(0, length, 1),)
        for axis, length in enumerate(bundle.shape)
    ]
    for ranges in itertools.product(*choices):
        _write_nest(writer, frame, bundle, ranges)


def _write_nest(writer: Writer, frame: Frame, bundle: Bundle, ranges: tuple[Range, ...]) -> None:
    loops = len(frame.iterations)
    copies = tuple(itertools.product(*(range(part.step) for part in ranges)))
    origin: Copy = (0,) * len(ranges)
    base = "partial" if bundle.over_batch else ""
    result = _Spread({origin: frame.result(writer, bundle.result, bundle.shape, base)})
    operands = [_Spread({origin: frame.cursor(writer, access)}) for access in bundle.operands]
    with ExitStack() as stack:
        for axis, part in enumerate(ranges):
            turn = stack.enter_context(writer.loop(part.stop, start=part.start, step=part.step))
            operands = [each.enter(loops, axis, part.step, turn.index) for each in operands]
            result = result.enter(loops, axis, part.step, turn.index)
        if bundle.over_batch:
            tile = _Tile(copies, 1, frame.shape.vector)
            _write_over_batch(writer, frame, bundle, tile, operands, result)
        elif frame.batched(bundle.result):
            tile = _Tile(copies, 2, frame.shape.vector)
            _write_lanes(writer, frame, bundle, tile, operands, result)
        else:
            tile = _Tile(copies, 0, frame.shape.scalar)
            totals = _reduce(writer, frame, bundle, tile, operands, 0, _zeros(tile))
            _store(writer, frame, tile, result, totals)


def _zeros(tile: _Tile) -> list[str]:
    zero = tile.kind.literal(0.0)
    return [zero] * (len(tile.copies) * max(1, tile.vectors))


def _reduce(
    writer: Writer,
    frame: Frame,
    bundle: Bundle,
    tile: _Tile,
    operands: list[_Spread],
    axis: int,
    totals: list[str],
) -> list[str]:
    """Append the loops over the reduced axes from `axis` on; return the accumulators after them."""
    if axis == len(bundle.reduced):
        return _accumulate(writer, frame, bundle, tile, operands, totals)
    place = len(frame.iterations) + len(bundle.shape) + axis
    if extent(bundle.reduced) <= UNROLLED:
        for index in range(bundle.reduced[axis]):
            inner = [each.fix(place, index) for each in operands]
            totals = _reduce(writer, frame, bundle, tile, inner, axis + 1, totals)
        return totals
    carried = [(str(tile.kind), total) for total in totals]
    with writer.loop(bundle.reduced[axis], carried=carried) as turn:
        inner = [each.fix(place, turn.index) for each in operands]
        turn.following = _reduce(writer, frame, bundle, tile, inner, axis + 1, turn.values)
    return turn.values


def _accumulate(
    writer: Writer,
    frame: Frame,
    bundle: Bundle,
    tile: _Tile,
    operands: list[_Spread],
    totals: Sequence[str],
) -> list[str]:
    block = writer.block(tile.kind)
    accumulators = [block.register(total) for total in totals]
    results = []
    for number, copy in enumerate(tile.copies):
        for vector in range(max(1, tile.vectors)):
            total = accumulators[number * max(1, tile.vectors) + vector]
            values = []
            for access, cursors in zip(bundle.operands, operands, strict=True):
                constant, batched = frame.constant(access), frame.batched(access.array)
                if constant is not None:
                    value = block.constant(constant)
                else:
                    pointer = cursors.at(copy).pointer
                    value = _fetch(block, frame, pointer, vector, batched=batched)
                if tile.mask and not batched:
                    value = block.select(block.register(tile.mask, tile.kind.mask), value, 0.0)
                values.append(value)
            if bundle.op.name == "dot":
                total = block.fma(values[0], values[1], total)
            else:
                for value in values:
                    total = total + value
            results.append(total.name)
    writer.splice(block)
    return results


def _fetch(block: Block, frame: Frame, pointer: str, vector: int, *, batched: bool) -> Vec:
    size, kind = frame.shape.bytes, block.kind
    if kind.lanes == 1:
        return block.append(f"load {kind}, ptr {pointer}, align {size}", kind)
    if not batched:
        number = block.append(
            f"load {kind.element}, ptr {pointer}, align {size}", frame.shape.scalar
        )
        return splat(block, number.name)
    width = size * kind.lanes
    if vector:
        pointer = block.append(f"getelementptr i8, ptr {pointer}, i64 {vector * width}", kind).name
    return block.append(f"load {kind}, ptr {pointer}, align {width}", kind)


def _store(writer: Writer, frame: Frame, tile: _Tile, result: _Spread, totals: list[str]) -> None:
    size = frame.shape.bytes * tile.kind.lanes
    for number, copy in enumerate(tile.copies):
        for vector in range(max(1, tile.vectors)):
            pointer = writer.offset(result.at(copy).pointer, vector * size)
            total = totals[number * max(1, tile.vectors) + vector]
            writer.store(tile.kind, total, pointer, size)


def _write_lanes(
    writer: Writer,
    frame: Frame,
    bundle: Bundle,
    tile: _Tile,
    operands: list[_Spread],
    result: _Spread,
) -> None:
    step = frame.shape.bytes * tile.kind.lanes * tile.vectors
    with writer.loop("%lane_bytes", step=step) as turn:
        here = [
            spread.shifted(writer, turn.index) if frame.batched(access.array) else spread
            for access, spread in zip(bundle.operands, operands, strict=True)
        ]
        totals = _reduce(writer, frame, bundle, tile, here, 0, _zeros(tile))
        _store(writer, frame, tile, result.shifted(writer, turn.index), totals)


def _write_over_batch(
    writer: Writer,
    frame: Frame,
    bundle: Bundle,
    tile: _Tile,
    operands: list[_Spread],
    result: _Spread,
) -> None:
    step = frame.shape.bytes * tile.kind.lanes
    carried = [(str(tile.kind), zero) for zero in _zeros(tile)]
    with writer.loop("%lane_bytes", step=step, carried=carried) as turn:
        here = [
            spread.shifted(writer, turn.index) if frame.batched(access.array) else spread
            for access, spread in zip(bundle.operands, operands, strict=True)
        ]
        if not all(frame.batched(access.array) for access in bundle.operands):
            tile = evolve(tile, mask=_write_mask(writer, frame, turn.index))
        turn.following = _reduce(writer, frame, bundle, tile, here, 0, turn.values)
    size = frame.shape.bytes
    for first, count in _runs(frame, bundle, tile):
        pointer = result.at(tile.copies[first]).pointer
        kind = Kind(tile.kind.element, count)
        old = writer.load(kind, pointer, size)
        part = _horizontal(writer, tile.kind, turn.values[first : first + count])
        writer.store(kind, writer.value(f"fadd {kind} {old}, {part}"), pointer, size)


def _runs(frame: Frame, bundle: Bundle, tile: _Tile) -> list[tuple[int, int]]:
    """Cut the copies into runs of neighbours in memory whose sums can be stored together.

    Returns:
        The first copy of each run and how many there are, a power of two.
    """
    target = frame.layout.targets.get(bundle.result)
    index = Affine(0, row_major(bundle.shape)) if target is None else target.index
    runs: list[tuple[int, int]] = []
    place = 0
    while place < len(tile.copies):
        count = tile.kind.lanes
        while count > 1 and not _neighbours(index, tile.copies[place : place + count], count):
            count //= 2
        runs.append((place, count))
        place += count
    return runs


def _neighbours(index: IndexMap, copies: Sequence[Copy], count: int) -> bool:
    if not isinstance(index, Affine) or len(copies) < count:
        return False
    elements = [sum(k * s for k, s in zip(copy, index.strides, strict=True)) for copy in copies]
    return elements == list(range(elements[0], elements[0] + count))


def _write_mask(writer: Writer, frame: Frame, distance: Index) -> str:
    """Append the comparison that tells which lanes of a vector hold samples of the batch."""
    size, block = frame.shape.bytes, writer.block(frame.shape.vector)
    kind = Kind("i64", frame.shape.width)
    steps = ", ".join(f"i64 {lane * size}" for lane in range(kind.lanes))
    base = block.append(f"insertelement {kind} poison, i64 {distance}, i64 0", kind)
    zeros = f"<{kind.lanes} x i32> zeroinitializer"
    spread = block.append(f"shufflevector {kind} {base.name}, {kind} poison, {zeros}", kind)
    place = block.append(f"add {kind} {spread.name}, <{steps}>", kind)
    end = block.append(f"insertelement {kind} poison, i64 %real_bytes, i64 0", kind)
    ends = block.append(f"shufflevector {kind} {end.name}, {kind} poison, {zeros}", kind)
    mask = block.append(f"icmp ult {kind} {place.name}, {ends.name}", kind.mask)
    writer.splice(block)
    return mask.name


def _horizontal(writer: Writer, kind: Kind, vectors: Sequence[str]) -> str:
    """Return the sums of some vectors' elements, a power of two of them, as one vector.

    Neighbours are added in pairs: first lanes of two vectors side by side, then pairs of lanes.
    """
    block = writer.block(kind)
    rows = [block.register(vector) for vector in vectors]
    step = 1
    while len(rows) > 1:
        merged = []
        for a, b in zip(rows[::2], rows[1::2], strict=True):
            chunks = range(0, kind.lanes, 2 * step)
            own = [[start + k for k in range(step)] for start in chunks]
            low = [lane for part in own for lane in (*part, *(k + kind.lanes for k in part))]
            high = [lane + step for lane in low]
            merged.append(shuffled(block, a, b, low) + shuffled(block, a, b, high))
        rows, step = merged, 2 * step
    total, lanes = rows[0], kind.lanes
    while lanes > len(vectors):
        lanes //= 2
        lower = shuffled(block, total, total, range(lanes))
        total = lower + shuffled(block, total, total, range(lanes, 2 * lanes))
    writer.splice(block)
    return total.name

"""Add up the lanes of vectors, and tell samples from what fills up a tile."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mgcompile.backends.llvm.codegen.transpose import shuffled
from mgcompile.backends.llvm.ir.vector_type import Kind
from mgcompile.program.index_maps import dense_strides
from mgcompile.program.ir import Affine, Gather

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mgcompile.backends.llvm.codegen.codegen_context import CodegenContext
    from mgcompile.backends.llvm.codegen.tile_addresses import Copy
    from mgcompile.backends.llvm.ir.function_builder import Index, Writer
    from mgcompile.backends.llvm.ir.vector import Vec
    from mgcompile.backends.llvm.ir.vector_builder import Block
    from mgcompile.program.ir import Bundle, IndexMap

__all__ = ["horizontal", "runs", "summed_bytes", "write_mask", "write_padding_lanes"]


def runs(
    codegen: CodegenContext, bundle: Bundle, copies: Sequence[Copy], lanes: int
) -> list[tuple[int, int]]:
    """Cut the copies into runs of neighbours in memory whose sums can be stored together.

    Returns:
        The first copy of each run and how many there are, a power of two.
    """
    target = codegen.loops.destinations.get(bundle.result)
    index = Affine(0, dense_strides(bundle.shape)) if target is None else target.index
    found: list[tuple[int, int]] = []
    place = 0
    while place < len(copies):
        count = lanes
        while count > 1 and not _neighbours(index, copies[place : place + count], count):
            count //= 2
        found.append((place, count))
        place += count
    return found


def _neighbours(index: IndexMap, copies: Sequence[Copy], count: int) -> bool:
    if len(copies) < count:
        return False
    if isinstance(index, Gather):
        rows = [axis for axis, length in enumerate(index.table.shape) if length > 1]
        if len({tuple(copy[axis] for axis in rows) for copy in copies}) > 1:
            return False
    elements = [sum(k * s for k, s in zip(copy, index.strides, strict=True)) for copy in copies]
    return elements == list(range(elements[0], elements[0] + count))


def write_mask(writer: Writer, codegen: CodegenContext, distance: Index) -> str:
    """Append the comparison that tells which lanes of a vector hold samples of the batch."""
    size, block = codegen.tile.bytes, writer.block(codegen.vector)
    kind = Kind("i64", codegen.tile.width)
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


def summed_bytes(writer: Writer, codegen: CodegenContext) -> str:
    """Append the size of what a sum over the batch adds up: the tile's samples in whole vectors."""
    width = codegen.tile.bytes * codegen.tile.width
    return writer.value(f"and i64 {writer.add('%real_bytes', width - 1)}, {-width}")


def write_padding_lanes(writer: Writer, codegen: CodegenContext, arrays: Sequence[int]) -> None:
    """Append the code that sets what fills up the last vector of batched arrays to zero.

    It runs only where the samples of a tile, ``%real_bytes``, fill no whole vectors.
    """
    kind, width = codegen.vector, codegen.tile.bytes * codegen.tile.width
    end = summed_bytes(writer, codegen)
    with writer.when(writer.value(f"icmp ult i64 %real_bytes, {end}")):
        place = writer.value(f"sub i64 {end}, {width}")
        mask = write_mask(writer, codegen, place)
        for array in arrays:
            start, unit = writer.offset(codegen.start(writer, array), place), codegen.unit(array)
            with writer.loop(codegen.program.arrays[array].size) as turn:
                pointer = writer.offset(start, writer.mul(turn.index, unit))
                block = writer.block(kind)
                value = block.register(writer.load(kind, pointer, width))
                kept = block.select(block.register(mask, kind.mask), value, 0.0)
                writer.splice(block)
                writer.store(kind, kept.name, pointer, width)


def horizontal(writer: Writer, kind: Kind, vectors: Sequence[str]) -> str:
    """Return the sums of some vectors' elements, a power of two of them, as one vector."""
    block = writer.block(kind)
    rows = [block.register(vector) for vector in vectors]
    total = _by_halves(block, rows) if len(rows) == kind.lanes else _by_neighbours(block, rows)
    writer.splice(block)
    return total.name


def _by_halves(block: Block, rows: list[Vec]) -> Vec:
    """Add up as many vectors as each has lanes: a half of one beside a half of another.

    What is added in each step is a blend of two vectors and one shuffle; blends run beside
    multiplications where shuffles take their place.
    """
    lanes, step = len(rows), len(rows)
    while step > 1:
        step //= 2
        own = [lane if not lane & step else lane + lanes for lane in range(lanes)]
        other = [lane + step if not lane & step else lane - step + lanes for lane in range(lanes)]
        pairs = zip(rows[:step], rows[step:], strict=True)
        rows = [shuffled(block, a, b, own) + shuffled(block, a, b, other) for a, b in pairs]
    return rows[0]


def _by_neighbours(block: Block, rows: list[Vec]) -> Vec:
    """Add up fewer vectors: first lanes of two vectors side by side, then pairs of lanes."""
    count, step, lanes = len(rows), 1, rows[0].kind.lanes
    while len(rows) > 1:
        merged = []
        for a, b in zip(rows[::2], rows[1::2], strict=True):
            chunks = range(0, lanes, 2 * step)
            own = [[start + k for k in range(step)] for start in chunks]
            low = [lane for part in own for lane in (*part, *(k + lanes for k in part))]
            high = [lane + step for lane in low]
            merged.append(shuffled(block, a, b, low) + shuffled(block, a, b, high))
        rows, step = merged, 2 * step
    total = rows[0]
    while lanes > count:
        lanes //= 2
        lower = shuffled(block, total, total, range(lanes))
        total = lower + shuffled(block, total, total, range(lanes, 2 * lanes))
    return total

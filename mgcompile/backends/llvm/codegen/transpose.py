"""Transpose square blocks of numbers in registers, and so bring rows of X into a tile."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mgcompile.backends.llvm.abi.context import slot, slot_address
from mgcompile.backends.llvm.ir.vector_type import Kind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mgcompile.backends.llvm.codegen.codegen_context import CodegenContext
    from mgcompile.backends.llvm.ir.function_builder import Index, Writer
    from mgcompile.backends.llvm.ir.vector import Vec
    from mgcompile.backends.llvm.ir.vector_builder import Block

__all__ = ["copy_rows", "sample_number", "shuffled", "transposed"]


def transposed(block: Block, rows: Sequence[Vec]) -> list[Vec]:
    """Return the columns of a square of as many vectors as each has lanes.

    Blocks of 1, 2, 4 ... lanes are exchanged across the diagonal (Eklundh 1972).
    """
    vectors, width = list(rows), len(rows)
    step = 1
    while step < width:
        for place in range(width):
            if not place & step:
                a, b = vectors[place], vectors[place + step]
                low = [lane + width - step if lane & step else lane for lane in range(width)]
                high = [lane + width if lane & step else lane + step for lane in range(width)]
                vectors[place] = shuffled(block, a, b, low)
                vectors[place + step] = shuffled(block, a, b, high)
        step *= 2
    return vectors


def shuffled(block: Block, a: Vec, b: Vec, lanes: Sequence[int]) -> Vec:
    """Return the named lanes of two vectors, those of `b` counted on from those of `a`."""
    kind = Kind(a.kind.element, len(lanes))
    if len(lanes) == 1:
        return block.append(f"extractelement {a.kind} {a.name}, i64 {lanes[0]}", kind)
    mask = ", ".join(f"i32 {lane}" for lane in lanes)
    text = f"shufflevector {a.kind} {a.name}, {a.kind} {b.name}, <{len(lanes)} x i32> <{mask}>"
    return block.append(text, kind)


def sample_number(writer: Writer, sample: Index) -> str:
    """Return the number that the sample `%first + sample` has in the caller's data."""
    order = slot(writer, "ORDER", "ptr")
    place = writer.add(writer.add(slot(writer, "BEGIN"), "%first"), sample)
    plain = writer.value(f"icmp eq ptr {order}, null")
    entry = writer.offset(str(order), writer.mul(place, 8))
    safe = writer.value(f"select i1 {plain}, ptr {slot_address(writer, 'COUNT')}, ptr {entry}")
    listed = writer.load("i64", safe, 8)
    return writer.value(f"select i1 {plain}, i64 {place}, i64 {listed}")


def copy_rows(writer: Writer, codegen: CodegenContext, matrix: str) -> None:
    """Append the copy of a full tile of samples from dense rows, square by square.

    Registers: ``%inputs`` and ``%first`` (the number of the tile's first sample).
    """
    shape, size = codegen.tile, codegen.tile.bytes
    width, row = shape.width, slot(writer, "ROW")
    squares = codegen.program.n_inputs // width * width
    with writer.loop(shape.samples, step=width) as group:
        rows = []
        for lane in range(width):
            number = sample_number(writer, writer.add(group.index, lane))
            rows.append(writer.offset(matrix, writer.mul(number, row)))
        target = writer.offset("%inputs", writer.mul(group.index, size))
        with writer.loop(squares, step=width) as column:
            shift = writer.mul(column.index, size)
            place = writer.offset(target, writer.mul(column.index, size * shape.samples))
            block = writer.block(codegen.vector)
            kind = codegen.vector
            loaded = [
                block.append(f"load {kind}, ptr {writer.offset(each, shift)}, align {size}", kind)
                for each in rows
            ]
            for number_in_square, vector in enumerate(transposed(block, loaded)):
                pointer = writer.offset(place, number_in_square * size * shape.samples)
                text = f"store {kind} {vector.name}, ptr {pointer}, align {size * width}"
                block.lines.append(f"  {text}")
            writer.splice(block)
        if squares < codegen.program.n_inputs:
            _copy_rest(writer, codegen, rows, target, squares)


def _copy_rest(
    writer: Writer, codegen: CodegenContext, rows: Sequence[str], target: str, start: int
) -> None:
    """Append the copy of the columns that fill no square."""
    size, kind = codegen.tile.bytes, codegen.scalar
    with writer.loop(codegen.program.n_inputs, start=start) as column:
        shift = writer.mul(column.index, size)
        place = writer.offset(target, writer.mul(column.index, size * codegen.tile.samples))
        for lane, row in enumerate(rows):
            value = writer.load(kind, writer.offset(row, shift), size)
            writer.store(kind, value, writer.offset(place, lane * size), size)

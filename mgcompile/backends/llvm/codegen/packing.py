"""Bring the columns of outer products into rows, one for each sample, and into narrow panels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen

from mgcompile.backends.llvm.abi.context import slot
from mgcompile.backends.llvm.codegen.transpose import sample_number, transposed
from mgcompile.program.ir import INPUTS, Affine
from mgcompile.schedule.ir import BLOCK

if TYPE_CHECKING:
    from collections.abc import Callable

    from mgcompile.backends.llvm.codegen.codegen_context import CodegenContext
    from mgcompile.backends.llvm.ir.function_builder import Index, Writer
    from mgcompile.backends.llvm.ir.vector_type import Kind
    from mgcompile.schedule.decisions import WeightGradient

    Corner = tuple[Index, Index]
    Finish = Callable[[Writer, CodegenContext, WeightGradient, Corner, Kind, list[list[str]]], None]

__all__ = ["Rows", "sample_rows", "write_panel", "write_turned"]


@frozen
class Rows:
    """Where the rows of the samples are: the first one, their distance, whether they are ordered.

    `ordered` is an i1; when it is set, a sample's row is that of its number in the caller's data.
    """

    start: str
    stride: Index
    ordered: str


def write_turned(writer: Writer, codegen: CodegenContext, array: int, offset: int) -> None:
    """Append the code that turns an array: one row for each sample of the block."""
    target = writer.offset("%turned", offset * codegen.tile.bytes)
    if array == INPUTS:
        with writer.when(_in_place(writer, codegen, wanted=False)):
            _copy_inputs(writer, codegen, target)
        return
    source = codegen.start(writer, array)
    width, size = codegen.tile.width, codegen.tile.bytes
    with writer.loop("%count", step=width) as group:
        read = writer.offset(source, _of_sample(writer, codegen, group.index))
        written = writer.offset(target, writer.mul(group.index, _row_bytes(codegen, array)))
        whole = codegen.program.arrays[array].size // width * width
        with writer.loop(whole, step=width, maybe_empty=not whole) as turn:
            _turn_square(
                writer,
                codegen,
                array,
                writer.offset(read, writer.mul(turn.index, codegen.unit(array))),
                writer.offset(written, writer.mul(turn.index, size)),
            )
        for element in range(whole, codegen.program.arrays[array].size):
            _turn_column(writer, codegen, array, element, read, written)


def _turn_square(
    writer: Writer, codegen: CodegenContext, array: int, read: str, written: str
) -> None:
    """Append the transposition of as many elements of as many samples as a vector has lanes."""
    kind, size = codegen.vector, codegen.tile.bytes
    block = writer.block(kind)
    rows = [writer.offset(read, k * codegen.unit(array)) for k in range(kind.lanes)]
    loaded = [
        block.append(f"load {kind}, ptr {row}, align {size * kind.lanes}", kind) for row in rows
    ]
    for sample, vector in enumerate(transposed(block, loaded)):
        place = writer.offset(written, sample * _row_bytes(codegen, array))
        block.lines.append(f"  store {kind} {vector.name}, ptr {place}, align {size}")
    writer.splice(block)


def _turn_column(
    writer: Writer, codegen: CodegenContext, array: int, element: int, read: str, written: str
) -> None:
    """Append the same for one element, number by number."""
    kind, size = codegen.scalar, codegen.tile.bytes
    for sample in range(codegen.tile.width):
        value = writer.load(
            kind, writer.offset(read, element * codegen.unit(array) + sample * size), size
        )
        place = writer.offset(written, sample * _row_bytes(codegen, array) + element * size)
        writer.store(kind, value, place, size)


def _of_sample(writer: Writer, codegen: CodegenContext, sample: Index) -> Index:
    """Return the distance of a sample from the first one of the block in the area `block`."""
    shape = codegen.tile
    tile = writer.value(f"udiv i64 {sample}, {shape.samples}")
    lane = writer.value(f"urem i64 {sample}, {shape.samples}")
    stride = codegen.loops.sizes["block"] * shape.samples * shape.bytes
    return writer.add(writer.mul(tile, stride), writer.mul(lane, shape.bytes))


def _in_place(writer: Writer, codegen: CodegenContext, *, wanted: bool) -> str:
    """Return an i1: whether rows of X can be read where they are, compared with `wanted`."""
    matrix, column = slot(writer, "MATRIX"), slot(writer, "COLUMN")
    given = writer.value(f"icmp ne i64 {matrix}, 0")
    dense = writer.value(f"icmp eq i64 {column}, {codegen.tile.bytes}")
    both = writer.value(f"and i1 {given}, {dense}")
    return both if wanted else writer.inverse(both)


def _copy_inputs(writer: Writer, codegen: CodegenContext, target: str) -> None:
    """Append the copy of the block's inputs, wherever they are, into rows."""
    size, kind = codegen.tile.bytes, codegen.scalar
    matrix, columns = slot(writer, "MATRIX", "ptr"), slot(writer, "COLUMNS", "ptr")
    given = writer.value(f"icmp ne ptr {matrix}, null")
    with writer.loop("%count") as sample:
        number = sample_number(writer, sample.index)
        written = writer.offset(target, writer.mul(sample.index, _row_bytes(codegen, INPUTS)))
        with writer.loop(codegen.program.n_inputs) as turn:
            entry = writer.offset(str(columns), writer.mul(turn.index, 16))
            own = writer.load("ptr", entry, 8)
            own_stride = writer.load("i64", writer.offset(entry, 8), 8)
            inside = writer.offset(str(matrix), writer.mul(turn.index, slot(writer, "COLUMN")))
            start = writer.value(f"select i1 {given}, ptr {inside}, ptr {own}")
            stride = writer.value(f"select i1 {given}, i64 {slot(writer, 'ROW')}, i64 {own_stride}")
            value = writer.load(kind, writer.offset(start, writer.mul(number, stride)), size)
            writer.store(kind, value, writer.offset(written, writer.mul(turn.index, size)), size)


def sample_rows(writer: Writer, codegen: CodegenContext, wide: WeightGradient) -> Rows:
    """Return the rows that hold the columns of a product, one for each sample."""
    size, array = codegen.tile.bytes, wide.columns.array
    shift = wide.columns.index.offset * size if isinstance(wide.columns.index, Affine) else 0
    turned = writer.offset("%turned", codegen.loops.packed[array] * size)
    row = _row_bytes(codegen, array)
    if array != INPUTS:
        return Rows(writer.offset(turned, shift), row, "false")
    here = _in_place(writer, codegen, wanted=True)
    matrix = slot(writer, "MATRIX", "ptr")
    start = writer.value(f"select i1 {here}, ptr {matrix}, ptr {turned}")
    stride = writer.value(f"select i1 {here}, i64 {slot(writer, 'ROW')}, i64 {row}")
    return Rows(writer.offset(start, shift), stride, here)


def write_panel(
    writer: Writer, codegen: CodegenContext, rows: Rows, columns: tuple[Index, Index], vectors: int
) -> None:
    """Append the copy of some columns to where they stay in the first-level cache.

    One block of columns after the other: [block][sample][`vectors` vectors, or one number].
    """
    kind = codegen.vector if vectors else codegen.scalar
    size, each = codegen.tile.bytes, max(1, vectors)
    with writer.loop("%count") as sample:
        number: Index = sample.index
        if rows.ordered != "false":
            listed = sample_number(writer, sample.index)
            number = writer.value(f"select i1 {rows.ordered}, i64 {listed}, i64 {sample.index}")
        row = writer.offset(rows.start, writer.mul(number, rows.stride))
        target = writer.offset("%panel", writer.mul(sample.index, each * kind.lanes * size))
        with writer.loop(columns[1], start=columns[0], step=each * kind.lanes) as column:
            inside = writer.value(f"sub i64 {column.index}, {columns[0]}")
            read = writer.offset(row, writer.mul(column.index, size))
            written = writer.offset(target, writer.mul(inside, BLOCK * size))
            for vector in range(each):
                distance = vector * kind.lanes * size
                value = writer.load(kind, writer.offset(read, distance), size)
                writer.store(kind, value, writer.offset(written, distance), size * kind.lanes)


def _row_bytes(codegen: CodegenContext, array: int) -> int:
    return codegen.program.arrays[array].size * codegen.tile.bytes

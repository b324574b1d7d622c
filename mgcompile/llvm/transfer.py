"""Write the functions that bring inputs into a tile and results out of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mgcompile.llvm.context import slot
from mgcompile.llvm.writer import Writer

if TYPE_CHECKING:
    from mgcompile.llvm.frame import Frame
    from mgcompile.llvm.writer import Index

__all__ = ["input_function", "output_function"]


def input_function(frame: Frame) -> str:
    """Write ``@load_inputs``: copy the samples of a tile, and repeat the last one to its end."""
    signature = ["ptr %context", "ptr %inputs", "i64 %first", "i64 %lane_bytes"]
    writer = Writer(frame.library, "load_inputs", signature)
    matrix = slot(writer, "MATRIX", "ptr")
    as_columns = writer.value(f"icmp eq ptr {matrix}, null")
    with writer.when(as_columns):
        _from_columns(writer, frame)
        writer.do("ret void")
        writer.begin(writer.fresh("unreached"))
    _from_matrix(writer, frame, str(matrix))
    writer.do("ret void")
    return writer.text()


def _sample(writer: Writer, lane: Index, size: int) -> Index:
    """Return the number of the sample that belongs in a lane, given as its distance in bytes."""
    last = writer.value(f"sub i64 {slot(writer, 'COUNT')}, 1")
    number = writer.add("%first", writer.value(f"udiv exact i64 {lane}, {size}"))
    number = writer.add(writer.minimum(number, last), slot(writer, "BEGIN"))
    order = slot(writer, "ORDER", "ptr")
    plain = writer.value(f"icmp eq ptr {order}, null")
    here = writer.offset(str(order), writer.mul(number, 8))
    ordered, both = writer.fresh("ordered"), writer.fresh("both")
    origin = writer.label
    writer.do(f"br i1 {plain}, label %{both}, label %{ordered}")
    writer.begin(ordered)
    looked_up = writer.load("i64", here, 8)
    writer.do(f"br label %{both}")
    writer.begin(both)
    return writer.value(f"phi i64 [ {number}, %{origin} ], [ {looked_up}, %{ordered} ]")


def _from_matrix(writer: Writer, frame: Frame, matrix: str) -> None:
    size, kind = frame.shape.bytes, frame.shape.scalar
    row, column = slot(writer, "ROW"), slot(writer, "COLUMN")
    with writer.loop("%lane_bytes", step=size) as lane:
        sample = _sample(writer, lane.index, size)
        source = writer.offset(matrix, writer.mul(sample, row))
        target = writer.offset("%inputs", lane.index)
        with writer.loop(frame.program.n_inputs) as turn:
            value = writer.load(kind, writer.offset(source, writer.mul(turn.index, column)), size)
            place = writer.offset(target, writer.mul(turn.index, size * frame.shape.tile))
            writer.store(kind, value, place, size)


def _from_columns(writer: Writer, frame: Frame) -> None:
    size, kind = frame.shape.bytes, frame.shape.scalar
    columns = str(slot(writer, "COLUMNS", "ptr"))
    with writer.loop(frame.program.n_inputs) as turn:
        entry = writer.offset(columns, writer.mul(turn.index, 16))
        source = writer.load("ptr", entry, 8)
        stride = writer.load("i64", writer.offset(entry, 8), 8)
        target = writer.offset("%inputs", writer.mul(turn.index, size * frame.shape.tile))
        with writer.loop("%lane_bytes", step=size) as lane:
            sample = _sample(writer, lane.index, size)
            value = writer.load(kind, writer.offset(source, writer.mul(sample, stride)), size)
            writer.store(kind, value, writer.offset(target, lane.index), size)


def output_function(frame: Frame, number: int, array: int) -> str:
    """Write ``@store_output<number>``: copy a batched array of a tile to the caller's memory."""
    signature = ["ptr %context", f"ptr %{frame.layout.places[array].base}"]
    signature += ["i64 %first", "i64 %real_bytes"]
    writer = Writer(frame.library, f"store_output{number}", signature)
    size = frame.shape.bytes
    entry = writer.offset(str(slot(writer, "OUTPUTS", "ptr")), 24 * number)
    target = writer.load("ptr", entry, 8)
    row = writer.load("i64", writer.offset(entry, 8), 8)
    column = writer.load("i64", writer.offset(entry, 16), 8)
    target = writer.offset(target, writer.mul("%first", row))
    source = frame.start(writer, array)
    length = frame.program.arrays[array].size
    dense = writer.value(f"icmp eq i64 {row}, {size}")
    with writer.when(dense):
        with writer.loop(length) as turn:
            read = writer.offset(source, writer.mul(turn.index, frame.unit(array)))
            written = writer.offset(target, writer.mul(turn.index, column))
            _copy_run(writer, frame, read, written)
        writer.do("ret void")
        writer.begin(writer.fresh("unreached"))
    kind = frame.shape.scalar
    with writer.loop("%real_bytes", step=size) as lane:
        number_in_tile = writer.value(f"udiv exact i64 {lane.index}, {size}")
        written = writer.offset(target, writer.mul(number_in_tile, row))
        read = writer.offset(source, lane.index)
        with writer.loop(length) as turn:
            place = writer.offset(read, writer.mul(turn.index, frame.unit(array)))
            value = writer.load(kind, place, size)
            where = writer.offset(written, writer.mul(turn.index, column))
            writer.store(kind, value, where, size)
    writer.do("ret void")
    return writer.text()


def _copy_run(writer: Writer, frame: Frame, read: str, written: str) -> None:
    """Append a copy of ``%real_bytes`` bytes: whole vectors first, then single numbers."""
    size, vector = frame.shape.bytes, frame.shape.vector
    step = size * vector.lanes
    whole = writer.value(f"and i64 %real_bytes, {-step}")
    for kind, start, stop in ((vector, 0, whole), (frame.shape.scalar, whole, "%real_bytes")):
        width = size * kind.lanes
        with writer.loop(stop, start=start, step=width, maybe_empty=True) as turn:
            value = writer.load(kind, writer.offset(read, turn.index), size)
            writer.store(kind, value, writer.offset(written, turn.index), size)

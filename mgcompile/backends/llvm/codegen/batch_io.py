"""Write the functions that bring inputs into a tile and results out of it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from mgcompile.backends.llvm.abi.context import slot, slot_address
from mgcompile.backends.llvm.codegen.nan_watch import note_nan, watch_run, watch_tile
from mgcompile.backends.llvm.codegen.transpose import copy_rows, sample_number
from mgcompile.backends.llvm.ir.function_builder import Writer
from mgcompile.program.ir import INPUTS

if TYPE_CHECKING:
    from mgcompile.backends.llvm.codegen.codegen_context import CodegenContext
    from mgcompile.backends.llvm.ir.function_builder import Index

__all__ = ["LINE", "input_function", "output_function"]

LINE = 64
"""Bytes of a line of the caches."""

MOST_CACHED = 8 << 20
"""Bytes of results from which on they go past the caches, which they would fill."""

_PAST_CACHES = "!7002"  # metadata are numbered; this number is this module's


def input_function(codegen: CodegenContext) -> str:
    """Write ``@load_inputs``: copy the samples of a tile, and repeat the last one to its end.

    Of dense columns that full tiles read in place it only notes where they begin.
    """
    signature = ["ptr %context", "ptr %inputs", "i64 %first"]
    signature += ["i64 %lane_bytes", "i64 %real_bytes"]
    writer = Writer(codegen.library, "load_inputs", signature)
    matrix, columns = slot(writer, "MATRIX", "ptr"), slot(writer, "COLUMNS", "ptr")
    row, column = slot(writer, "ROW"), slot(writer, "COLUMN")
    begin = writer.add(slot(writer, "BEGIN"), "%first")
    order = slot(writer, "ORDER", "ptr")
    as_columns = writer.value(f"icmp eq ptr {matrix}, null")
    if codegen.one_sample:
        _write_row_path(writer, codegen, str(matrix), str(column))
    elif codegen.program.n_inputs >= codegen.tile.width:
        _write_square_path(writer, codegen, str(matrix), str(column))
    plain = writer.value(f"icmp eq ptr {order}, null")
    with writer.loop(codegen.program.n_inputs) as turn:
        in_matrix = writer.offset(str(matrix), writer.mul(turn.index, column))
        entry = writer.offset(str(columns), writer.mul(turn.index, 16))
        entry = writer.value(f"select i1 {as_columns}, ptr {entry}, ptr {order_free(writer)}")
        own = writer.load("ptr", entry, 8)
        own_stride = writer.load("i64", writer.offset(entry, 8), 8)
        source = writer.value(f"select i1 {as_columns}, ptr {own}, ptr {in_matrix}")
        stride = writer.value(f"select i1 {as_columns}, i64 {own_stride}, i64 {row}")
        _load_column(writer, codegen, turn.index, (source, stride), (str(order), begin), plain)
    return writer.text()


def _load_column(
    writer: Writer,
    codegen: CodegenContext,
    number: Index,
    column: tuple[str, str],
    samples: tuple[str, Index],
    plain: str,
) -> None:
    """Append the copy of a column's samples, by the shortest way.

    Args:
        writer: the function.
        codegen: where it stands.
        number: of the column.
        column: where it begins, and the bytes from one sample to the next.
        samples: the order of all, and the place in it of the tile's first.
        plain: whether they come as they are, an i1.
    """
    size, (source, stride), (order, begin) = codegen.tile.bytes, column, samples
    target = writer.offset("%inputs", writer.mul(number, size * codegen.tile.samples))
    start = writer.offset(source, writer.mul(begin, stride))
    dense = writer.value(f"icmp eq i64 {stride}, {size}")
    together = writer.value(f"and i1 {plain}, {dense}")
    usual = writer.value(f"and i1 {together}, {_full(writer, codegen)}")
    if codegen.loops.in_place:
        read = writer.value(f"select i1 {usual}, ptr {start}, ptr {target}")
        writer.store("ptr", read, codegen.address_of_input(writer, number), 8)
    else:
        with writer.when(usual):
            _copy_full(writer, codegen, start, target)
    with writer.unless(usual):
        apart = writer.inverse(dense)
        strided = writer.value(f"and i1 {plain}, {apart}")
        ordered = writer.inverse(plain)
        with writer.when(together):
            _copy_part(writer, codegen, start, target)
        with writer.when(strided):
            _copy_strided(writer, codegen, start, stride, target)
        with writer.when(ordered):
            numbers = writer.offset(order, writer.mul(begin, 8))
            _copy_ordered(writer, codegen, source, stride, numbers, target)
        _repeat_last(writer, codegen, target)


def _write_row_path(writer: Writer, codegen: CodegenContext, matrix: str, column: str) -> None:
    """Append the way that one sample takes out of dense rows: as it is."""
    size = codegen.tile.bytes
    given = writer.value(f"icmp ne ptr {matrix}, null")
    dense = writer.value(f"icmp eq i64 {column}, {size}")
    with writer.when(writer.value(f"and i1 {given}, {dense}")):
        distance = writer.mul(sample_number(writer, 0), slot(writer, "ROW"))
        writer.copy(writer.offset(matrix, distance), "%inputs", codegen.program.n_inputs * size)
        writer.leave()


def _write_square_path(writer: Writer, codegen: CodegenContext, matrix: str, column: str) -> None:
    """Append the way that full tiles of dense rows take."""
    given = writer.value(f"icmp ne ptr {matrix}, null")
    dense = writer.value(f"icmp eq i64 {column}, {codegen.tile.bytes}")
    full = _full(writer, codegen)
    both = writer.value(f"and i1 {given}, {dense}")
    with writer.when(writer.value(f"and i1 {both}, {full}")):
        copy_rows(writer, codegen, matrix)
        if codegen.loops.in_place:
            with writer.loop(codegen.program.n_inputs) as turn:
                copy = writer.offset("%inputs", writer.mul(turn.index, codegen.unit(INPUTS)))
                writer.store("ptr", copy, codegen.address_of_input(writer, turn.index), 8)
        writer.leave()


def _full(writer: Writer, codegen: CodegenContext) -> str:
    """Return an i1: whether a tile is full, and copied in whole vectors."""
    if codegen.one_sample:
        return "false"
    return writer.value(f"icmp eq i64 %real_bytes, {codegen.tile.bytes * codegen.tile.samples}")


def order_free(writer: Writer) -> str:
    """Return a pointer to two words that can be read when the inputs come as a matrix."""
    return slot_address(writer, "ROW")


def _copy_strided(
    writer: Writer, codegen: CodegenContext, source: str, stride: Index, target: str
) -> None:
    """Append a copy of ``%real_bytes`` bytes whose numbers are `stride` bytes apart."""
    size, kind = codegen.tile.bytes, codegen.scalar
    with writer.loop("%real_bytes", step=size, carried=[("ptr", source)]) as lane:
        value = writer.load(kind, lane.values[0], size)
        writer.store(kind, value, writer.offset(target, lane.index), size)
        lane.following = [writer.offset(lane.values[0], stride)]


def _copy_ordered(
    writer: Writer, codegen: CodegenContext, source: str, stride: Index, numbers: str, target: str
) -> None:
    """Append a copy of the samples whose numbers stand one after the other at `numbers`."""
    size, kind = codegen.tile.bytes, codegen.scalar
    with writer.loop("%real_bytes", step=size, carried=[("ptr", numbers)]) as lane:
        sample = writer.load("i64", lane.values[0], 8)
        value = writer.load(kind, writer.offset(source, writer.mul(sample, stride)), size)
        writer.store(kind, value, writer.offset(target, lane.index), size)
        lane.following = [writer.offset(lane.values[0], 8)]


def _repeat_last(writer: Writer, codegen: CodegenContext, target: str) -> None:
    """Append the code that fills the tile's last vectors up."""
    size, kind = codegen.tile.bytes, codegen.scalar
    last = writer.offset(writer.offset(target, "%real_bytes"), -size)
    value = writer.load(kind, last, size)
    with writer.loop("%lane_bytes", start="%real_bytes", step=size, maybe_empty=True) as lane:
        writer.store(kind, value, writer.offset(target, lane.index), size)


def output_function(codegen: CodegenContext, number: int, array: int, *, watched: bool) -> str:
    """Write ``@store_output<number>``: copy a batched array of a tile to the caller's memory.

    If it is `watched`, a NaN in it is noted.
    """
    signature = ["ptr %context", f"ptr %{codegen.loops.places[array].space}"]
    signature += ["i64 %first", "i64 %real_bytes"]
    writer = Writer(codegen.library, f"store_output{number}", signature)
    size = codegen.tile.bytes
    entry = writer.offset(str(slot(writer, "OUTPUTS", "ptr")), 24 * number)
    target = writer.load("ptr", entry, 8)
    row = writer.load("i64", writer.offset(entry, 8), 8)
    column = writer.load("i64", writer.offset(entry, 16), 8)
    target = writer.offset(target, writer.mul("%first", row))
    source = codegen.start(writer, array)
    length = codegen.program.arrays[array].size
    if codegen.one_sample:
        if watched:
            watch_run(writer, codegen, source, length)
            watched = False
        with writer.when(writer.value(f"icmp eq i64 {column}, {size}")):
            writer.copy(source, target, length * size)
            writer.leave()
    dense = writer.value(f"icmp eq i64 {row}, {size}")
    with writer.when(dense):
        with writer.loop(length) as turn:
            read = writer.offset(source, writer.mul(turn.index, codegen.unit(array)))
            written = writer.offset(target, writer.mul(turn.index, column))
            _hand_over(writer, codegen, read, written, watched=watched)
        writer.leave()
    if watched:
        watch_tile(writer, codegen, source, array, _full(writer, codegen))
    kind = codegen.scalar
    with writer.loop("%real_bytes", step=size) as lane:
        number_in_tile = writer.value(f"udiv exact i64 {lane.index}, {size}")
        written = writer.offset(target, writer.mul(number_in_tile, row))
        read = writer.offset(source, lane.index)
        with writer.loop(length) as turn:
            place = writer.offset(read, writer.mul(turn.index, codegen.unit(array)))
            value = writer.load(kind, place, size)
            where = writer.offset(written, writer.mul(turn.index, column))
            writer.store(kind, value, where, size)
    return writer.text()


def _copy_run(
    writer: Writer, codegen: CodegenContext, read: str, written: str, *, watched: bool
) -> None:
    """Append a copy of ``%real_bytes`` bytes: of full tiles several vectors a turn."""
    full = _full(writer, codegen)
    with writer.when(full):
        _copy_full(writer, codegen, read, written, watched=watched)
    with writer.unless(full):
        _copy_part(writer, codegen, read, written, watched=watched)


def _copy_full(
    writer: Writer,
    codegen: CodegenContext,
    read: str,
    written: str,
    *,
    past: bool = False,
    watched: bool = False,
) -> None:
    """Append a copy of a full tile; `past` the caches, from and to whole lines.

    If it is `watched`, a NaN is noted on the way, which costs no load.
    """
    vector, size = codegen.vector, codegen.tile.bytes
    width, bytes_of_tile = size * vector.lanes, size * codegen.tile.samples
    group = max(1, math.gcd(4, codegen.tile.samples // vector.lanes))
    how = f"align {width}, !nontemporal {_PAST_CACHES}" if past else f"align {size}"
    with writer.loop(bytes_of_tile, step=group * width) as turn:
        source, target = writer.offset(read, turn.index), writer.offset(written, turn.index)
        places = range(0, group * width, width)
        values = [writer.load(vector, writer.offset(source, place), size) for place in places]
        if watched:
            note_nan(writer, vector, values)
        for place, value in zip(places, values, strict=True):
            writer.do(f"store {vector} {value}, ptr {writer.offset(target, place)}, {how}")


def _copy_part(
    writer: Writer, codegen: CodegenContext, read: str, written: str, *, watched: bool = False
) -> None:
    """Append a copy of part of a tile: whole vectors first, then single numbers."""
    size, vector = codegen.tile.bytes, codegen.vector
    step = size * vector.lanes
    whole = writer.value(f"and i64 %real_bytes, {-step}")
    for kind, start, stop in ((vector, 0, whole), (codegen.scalar, whole, "%real_bytes")):
        width = size * kind.lanes
        with writer.loop(stop, start=start, step=width, maybe_empty=True) as turn:
            value = writer.load(kind, writer.offset(read, turn.index), size)
            if watched:
                note_nan(writer, kind, [value])
            writer.store(kind, value, writer.offset(written, turn.index), size)


def _hand_over(
    writer: Writer, codegen: CodegenContext, read: str, written: str, *, watched: bool
) -> None:
    """Append a copy of a row of results to the caller, past the caches where they are too many.

    A store to memory that is in no cache reads the line first, and pushes out others that the next
    tiles need; one past the caches does neither. The locked instructions with which threads meet
    and the GIL is taken back order these stores before what follows.
    """
    shape, program = codegen.tile, codegen.program
    row = shape.bytes * sum(program.arrays[a].size for a in codegen.loops.batched_outputs)
    many = writer.value(f"icmp ugt i64 {slot(writer, 'COUNT')}, {MOST_CACHED // row}")
    full = _full(writer, codegen)
    address = writer.value(f"ptrtoint ptr {written} to i64")
    line = writer.value(f"and i64 {address}, {LINE - 1}")
    past = writer.value(f"icmp eq i64 {line}, 0")
    for other in (many, full):
        past = writer.value(f"and i1 {past}, {other}")
    with writer.when(past):
        writer.library.declare(_PAST_CACHES, f"{_PAST_CACHES} = !{{i32 1}}")
        _copy_full(writer, codegen, read, written, past=True, watched=watched)
    with writer.unless(past):
        _copy_run(writer, codegen, read, written, watched=watched)

"""Write the sums of outer products over a block of samples, with columns in the lanes."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from attrs import frozen

from mgcompile.llvm.context import slot, slot_address
from mgcompile.llvm.nests import splat
from mgcompile.llvm.tiling import Range, even
from mgcompile.llvm.transpose import sample_number, transposed
from mgcompile.llvm.wide import BLOCK, PANEL
from mgcompile.llvm.writer import Writer
from mgcompile.program import INPUTS, PARAMS, Affine

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from mgcompile.backend import Rule
    from mgcompile.llvm.frame import Cursor, Frame
    from mgcompile.llvm.kind import Kind
    from mgcompile.llvm.memory import PlannedPhase
    from mgcompile.llvm.wide import Wide
    from mgcompile.llvm.writer import Index

    Finish = Callable[[Writer, Frame, Wide, tuple[Index, Index], Kind, list[list[str]]], None]

__all__ = ["outer_function"]

ROWS = 6
"""Rows of a block of results: with two vectors of columns, twelve sums in registers."""


def outer_function(frame: Frame, name: str, phase: PlannedPhase, rule: Rule | None) -> str:
    """Write the function that adds a block's outer products to the sums of its chunk.

    Its arguments are the context, the areas `block`, `turned`, `panel` and `partial`, the number
    of the block's first sample and how many there are. With a rule (of gradient descent) it can be
    told, by the context, to update the parameters instead.
    """
    areas = ["ptr %context", "ptr %block", "ptr %turned", "ptr %panel", "ptr %partial"]
    writer = Writer(frame.library, name, [*areas, "i64 %first", "i64 %count"])
    writer.do(f"%params = load ptr, ptr {slot_address(writer, 'PARAMS')}, align 8")
    for array, offset in frame.layout.turned.items():
        if any(wide.columns.array == array for wide in phase.wide):
            _write_turned(writer, frame, array, offset)
    if rule is not None:
        told = writer.value(f"icmp ne i64 {slot(writer, 'UPDATES')}, 0")
        with writer.when(told):
            factor = _narrowed(writer, frame, "FACTOR")
            keep = _narrowed(writer, frame, "KEEP") if rule.weight_decay else None
            for wide in phase.wide:
                _write_product(writer, frame, wide, partial(_update, factor, keep))
            writer.do("ret void")
            writer.begin(writer.fresh("unreached"))
    for wide in phase.wide:
        _write_product(writer, frame, wide, _add_to_sums)
    writer.do("ret void")
    return writer.text()


def _narrowed(writer: Writer, frame: Frame, name: str) -> str:
    """Return the float64 of a slot in the kernel's element type."""
    value = str(slot(writer, name, "double"))
    if frame.shape.scalar.element == "float":
        return writer.value(f"fptrunc double {value} to float")
    return value


def _row_bytes(frame: Frame, array: int) -> int:
    return frame.program.arrays[array].size * frame.shape.bytes


def _write_turned(writer: Writer, frame: Frame, array: int, offset: int) -> None:
    """Append the code that turns an array: one row for each sample of the block."""
    target = writer.offset("%turned", offset * frame.shape.bytes)
    if array == INPUTS:
        with writer.when(_in_place(writer, frame, wanted=False)):
            _copy_inputs(writer, frame, target)
        return
    source = frame.start(writer, array)
    width, size = frame.shape.width, frame.shape.bytes
    with writer.loop("%count", step=width) as group:
        read = writer.offset(source, _of_sample(writer, frame, group.index))
        written = writer.offset(target, writer.mul(group.index, _row_bytes(frame, array)))
        whole = frame.program.arrays[array].size // width * width
        with writer.loop(whole, step=width, maybe_empty=not whole) as turn:
            _turn_square(
                writer,
                frame,
                array,
                writer.offset(read, writer.mul(turn.index, frame.unit(array))),
                writer.offset(written, writer.mul(turn.index, size)),
            )
        for element in range(whole, frame.program.arrays[array].size):
            _turn_column(writer, frame, array, element, read, written)


def _turn_square(writer: Writer, frame: Frame, array: int, read: str, written: str) -> None:
    """Append the transposition of as many elements of as many samples as a vector has lanes."""
    kind, size = frame.shape.vector, frame.shape.bytes
    block = writer.block(kind)
    rows = [writer.offset(read, k * frame.unit(array)) for k in range(kind.lanes)]
    loaded = [
        block.append(f"load {kind}, ptr {row}, align {size * kind.lanes}", kind) for row in rows
    ]
    for sample, vector in enumerate(transposed(block, loaded)):
        place = writer.offset(written, sample * _row_bytes(frame, array))
        block.lines.append(f"  store {kind} {vector.name}, ptr {place}, align {size}")
    writer.splice(block)


def _turn_column(
    writer: Writer, frame: Frame, array: int, element: int, read: str, written: str
) -> None:
    """Append the same for one element, number by number."""
    kind, size = frame.shape.scalar, frame.shape.bytes
    for sample in range(frame.shape.width):
        value = writer.load(
            kind, writer.offset(read, element * frame.unit(array) + sample * size), size
        )
        place = writer.offset(written, sample * _row_bytes(frame, array) + element * size)
        writer.store(kind, value, place, size)


def _of_sample(writer: Writer, frame: Frame, sample: Index) -> Index:
    """Return the distance of a sample from the first one of the block in the area `block`."""
    shape = frame.shape
    tile = writer.value(f"udiv i64 {sample}, {shape.tile}")
    lane = writer.value(f"urem i64 {sample}, {shape.tile}")
    stride = frame.layout.sizes["block"] * shape.tile * shape.bytes
    return writer.add(writer.mul(tile, stride), writer.mul(lane, shape.bytes))


def _in_place(writer: Writer, frame: Frame, *, wanted: bool) -> str:
    """Return an i1: whether rows of X can be read where they are, compared with `wanted`."""
    matrix, column = slot(writer, "MATRIX"), slot(writer, "COLUMN")
    given = writer.value(f"icmp ne i64 {matrix}, 0")
    dense = writer.value(f"icmp eq i64 {column}, {frame.shape.bytes}")
    both = writer.value(f"and i1 {given}, {dense}")
    return both if wanted else writer.value(f"xor i1 {both}, true")


def _copy_inputs(writer: Writer, frame: Frame, target: str) -> None:
    """Append the copy of the block's inputs, wherever they are, into rows."""
    size, kind = frame.shape.bytes, frame.shape.scalar
    matrix, columns = slot(writer, "MATRIX", "ptr"), slot(writer, "COLUMNS", "ptr")
    given = writer.value(f"icmp ne ptr {matrix}, null")
    with writer.loop("%count") as sample:
        number = sample_number(writer, sample.index)
        written = writer.offset(target, writer.mul(sample.index, _row_bytes(frame, INPUTS)))
        with writer.loop(frame.program.n_inputs) as turn:
            entry = writer.offset(str(columns), writer.mul(turn.index, 16))
            own = writer.load("ptr", entry, 8)
            own_stride = writer.load("i64", writer.offset(entry, 8), 8)
            inside = writer.offset(str(matrix), writer.mul(turn.index, slot(writer, "COLUMN")))
            start = writer.value(f"select i1 {given}, ptr {inside}, ptr {own}")
            stride = writer.value(f"select i1 {given}, i64 {slot(writer, 'ROW')}, i64 {own_stride}")
            value = writer.load(kind, writer.offset(start, writer.mul(number, stride)), size)
            writer.store(kind, value, writer.offset(written, writer.mul(turn.index, size)), size)


def _write_product(writer: Writer, frame: Frame, wide: Wide, finish: Finish) -> None:
    """Append the nests over panels of columns, blocks of rows, and blocks of columns in a panel.

    `finish` appends what is done with the sums of a block.
    """
    rows_of_samples = _sample_rows(writer, frame, wide)
    width, count = frame.shape.width, wide.column_count
    pairs = count // (2 * width) * (2 * width)
    whole = count // width * width
    for vectors, part in (
        (2, Range(0, pairs, 2 * width)),
        (1, Range(pairs, whole, width)),
        (0, Range(whole, count, 1)),
    ):
        if part.start == part.stop:
            continue
        panel = PANEL * part.step
        with writer.loop(part.stop, start=part.start, step=panel) as left:
            right = writer.minimum(writer.add(left.index, panel), part.stop)
            _pack(writer, frame, rows_of_samples, (left.index, right), vectors)
            for rows in even(wide.row_count, ROWS):
                with (
                    writer.loop(rows.stop, start=rows.start, step=rows.step) as first,
                    writer.loop(right, start=left.index, step=part.step) as column,
                ):
                    place = (first.index, column.index)
                    inside = writer.value(f"sub i64 {column.index}, {left.index}")
                    packed = writer.offset("%panel", writer.mul(inside, BLOCK * frame.shape.bytes))
                    kind, totals = _write_block(
                        writer, frame, wide, first.index, rows.step, vectors, packed
                    )
                    finish(writer, frame, wide, place, kind, totals)


@frozen
class _Rows:
    """Where the rows of the samples are: the first one, their distance, whether they are ordered.

    `ordered` is an i1; when it is set, a sample's row is that of its number in the caller's data.
    """

    start: str
    stride: Index
    ordered: str


def _sample_rows(writer: Writer, frame: Frame, wide: Wide) -> _Rows:
    """Return the rows that hold the columns of a product, one for each sample."""
    size, array = frame.shape.bytes, wide.columns.array
    shift = wide.columns.index.offset * size if isinstance(wide.columns.index, Affine) else 0
    turned = writer.offset("%turned", frame.layout.turned[array] * size)
    row = _row_bytes(frame, array)
    if array != INPUTS:
        return _Rows(writer.offset(turned, shift), row, "false")
    here = _in_place(writer, frame, wanted=True)
    matrix = slot(writer, "MATRIX", "ptr")
    start = writer.value(f"select i1 {here}, ptr {matrix}, ptr {turned}")
    stride = writer.value(f"select i1 {here}, i64 {slot(writer, 'ROW')}, i64 {row}")
    return _Rows(writer.offset(start, shift), stride, here)


def _pack(
    writer: Writer, frame: Frame, rows: _Rows, columns: tuple[Index, Index], vectors: int
) -> None:
    """Append the copy of some columns to where they stay in the first-level cache.

    One block of columns after the other: [block][sample][`vectors` vectors, or one number].
    """
    kind = frame.shape.vector if vectors else frame.shape.scalar
    size, each = frame.shape.bytes, max(1, vectors)
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


def _write_block(
    writer: Writer,
    frame: Frame,
    wide: Wide,
    first_row: Index,
    rows: int,
    vectors: int,
    packed: str,
) -> tuple[Kind, list[list[str]]]:
    """Append the sum over the block's samples for some rows and one or two vectors of columns.

    Returns:
        The kind of the sums, and their registers, row by row.
    """
    kind = frame.shape.vector if vectors else frame.shape.scalar
    size = frame.shape.bytes
    each = max(1, vectors)
    values = frame.cursor(writer, wide.rows)
    values.enter(wide.row_axis, first_row)
    values.enter(1 - wide.row_axis, 0)
    step = wide.rows.index.strides[wide.row_axis] * frame.unit(wide.rows.array)
    tile = frame.shape.tile
    tile_stride = frame.layout.sizes["block"] * tile * size
    sample_bytes = each * kind.lanes * size
    tiles = writer.value(f"udiv i64 {writer.add('%count', tile - 1)}, {tile}")
    carried = [(str(kind), kind.literal(0.0))] * (rows * each)
    with writer.loop(tiles, carried=carried) as outer:
        first = writer.mul(outer.index, tile)
        left = writer.minimum(writer.value(f"sub i64 %count, {first}"), tile)
        source = writer.offset(values.pointer, writer.mul(outer.index, tile_stride))
        columns = writer.offset(packed, writer.mul(first, sample_bytes))
        inner_carried = [(str(kind), value) for value in outer.values]
        with writer.loop(left, carried=inner_carried) as lane:
            here = writer.offset(source, writer.mul(lane.index, size))
            row = writer.offset(columns, writer.mul(lane.index, sample_bytes))
            block = writer.block(kind)
            loaded = []
            for vector in range(each):
                pointer = writer.offset(row, vector * size * kind.lanes)
                text = f"load {kind}, ptr {pointer}, align {size * kind.lanes}"
                loaded.append(block.append(text, kind))
            following = []
            for k in range(rows):
                pointer = writer.offset(here, k * step)
                scalar = frame.shape.scalar
                number = block.append(f"load {scalar}, ptr {pointer}, align {size}", scalar)
                factor = splat(block, number.name)
                for vector in range(each):
                    total = block.register(lane.values[k * each + vector])
                    following.append(block.fma(factor, loaded[vector], total).name)
            writer.splice(block)
            lane.following = following
        outer.following = lane.values
    return kind, [outer.values[k * each : (k + 1) * each] for k in range(rows)]


def _add_to_sums(
    writer: Writer,
    frame: Frame,
    wide: Wide,
    place: tuple[Index, Index],
    kind: Kind,
    rows: Sequence[Sequence[str]],
) -> None:
    cursor = frame.result(writer, wide.bundle.result, wide.bundle.shape, "partial")
    size = frame.shape.bytes
    for pointer, total in _places(wide, cursor, place, kind, rows):
        old = writer.load(kind, pointer, size)
        writer.store(kind, writer.value(f"fadd {kind} {old}, {total}"), pointer, size)


def _update(
    factor: str,
    keep: str | None,
    writer: Writer,
    frame: Frame,
    wide: Wide,
    place: tuple[Index, Index],
    kind: Kind,
    rows: Sequence[Sequence[str]],
) -> None:
    """Append p = keep * p + factor * total for the parameters that the totals are gradients to."""
    size, block = frame.shape.bytes, writer.block(kind)
    factors = splat(block, factor)
    kept = None if keep is None else splat(block, keep)
    writer.splice(block)
    cursor = frame.target(writer, PARAMS, frame.layout.targets[wide.bundle.result].index)
    for pointer, total in _places(wide, cursor, place, kind, rows):
        old = block.register(writer.load(kind, pointer, size))
        new = block.fma(factors, block.register(total), old if kept is None else kept * old)
        writer.splice(block)
        writer.store(kind, new.name, pointer, size)


def _places(
    wide: Wide,
    cursor: Cursor,
    place: tuple[Index, Index],
    kind: Kind,
    rows: Sequence[Sequence[str]],
) -> Iterator[tuple[str, str]]:
    """Yield a pointer for each sum of a block, and the sum's register."""
    for k, row in enumerate(rows):
        for vector, total in enumerate(row):
            one = cursor.fork()
            one.enter(wide.row_axis, place[0], k)
            one.enter(1 - wide.row_axis, place[1], vector * kind.lanes)
            yield one.pointer, total

"""Write the sums of outer products over a block of samples, with columns in the lanes."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from mgcompile.backends.llvm.abi.context import slot, slot_address
from mgcompile.backends.llvm.codegen.element_lanes import splat
from mgcompile.backends.llvm.codegen.packing import sample_rows, write_panel, write_turned
from mgcompile.backends.llvm.ir.function_builder import Writer
from mgcompile.program.ir import PARAMS
from mgcompile.schedule.ir import BLOCK, PANEL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from mgcompile.backends.llvm.codegen.codegen_context import Address, CodegenContext
    from mgcompile.backends.llvm.ir.function_builder import Index
    from mgcompile.backends.llvm.ir.vector_type import Kind
    from mgcompile.program.optimizer import OptimizerSpec
    from mgcompile.schedule.decisions import WeightGradient
    from mgcompile.schedule.ir import Phase

    Corner = tuple[Index, Index]
    Finish = Callable[[Writer, CodegenContext, WeightGradient, Corner, Kind, list[list[str]]], None]

__all__ = ["outer_function"]


def outer_function(
    codegen: CodegenContext, name: str, phase: Phase, rule: OptimizerSpec | None
) -> str:
    """Write the function that adds a block's outer products to the sums of its chunk.

    Its arguments are the context, the areas `block`, `turned`, `panel` and `partial`, the number
    of the block's first sample and how many there are. With a rule (of gradient descent) it can be
    told, by the context, to update the parameters instead.
    """
    areas = ["ptr %context", "ptr %block", "ptr %turned", "ptr %panel", "ptr %partial"]
    writer = Writer(codegen.library, name, [*areas, "i64 %first", "i64 %count"])
    for area, name in (("params", "PARAMS"), ("tables", "TABLES")):
        writer.do(f"%{area} = load ptr, ptr {slot_address(writer, name)}, align 8")
    for array, offset in codegen.loops.packed.items():
        if any(wide.columns.array == array for wide in phase.weight_gradients):
            write_turned(writer, codegen, array, offset)
    if rule is not None:
        told = writer.value(f"icmp ne i64 {slot(writer, 'UPDATES')}, 0")
        with writer.when(told):
            factor = _narrowed(writer, codegen, "FACTOR")
            keep = _narrowed(writer, codegen, "KEEP") if rule.weight_decay else None
            for wide in phase.weight_gradients:
                _write_product(writer, codegen, wide, partial(_update, factor, keep))
            writer.leave()
    for wide in phase.weight_gradients:
        _write_product(writer, codegen, wide, _add_to_sums)
    return writer.text()


def _narrowed(writer: Writer, codegen: CodegenContext, name: str) -> str:
    """Return the float64 of a slot in the kernel's element type."""
    value = str(slot(writer, name, "double"))
    if codegen.scalar.element == "float":
        return writer.value(f"fptrunc double {value} to float")
    return value


def _write_product(
    writer: Writer, codegen: CodegenContext, wide: WeightGradient, finish: Finish
) -> None:
    """Append the nests over panels of columns, blocks of rows, and blocks of columns in a panel.

    `finish` appends what is done with the sums of a block.
    """
    samples = sample_rows(writer, codegen, wide)
    for vectors, part in wide.column_blocks:
        panel = PANEL * part.step
        with writer.loop(part.stop, start=part.start, step=panel) as left:
            right = writer.minimum(writer.add(left.index, panel), part.stop)
            write_panel(writer, codegen, samples, (left.index, right), vectors)
            for rows in wide.row_blocks:
                with (
                    writer.loop(rows.stop, start=rows.start, step=rows.step) as first,
                    writer.loop(right, start=left.index, step=part.step) as column,
                ):
                    place = (first.index, column.index)
                    inside = writer.value(f"sub i64 {column.index}, {left.index}")
                    packed = writer.offset("%panel", writer.mul(inside, BLOCK * codegen.tile.bytes))
                    kind, totals = _write_block(
                        writer, codegen, wide, first.index, rows.step, vectors, packed
                    )
                    finish(writer, codegen, wide, place, kind, totals)


def _write_block(
    writer: Writer,
    codegen: CodegenContext,
    wide: WeightGradient,
    first_row: Index,
    rows: int,
    vectors: int,
    packed: str,
) -> tuple[Kind, list[list[str]]]:
    """Append the sum over the block's samples for some rows and one or two vectors of columns.

    Returns:
        The kind of the sums, and their registers, row by row.
    """
    kind = codegen.vector if vectors else codegen.scalar
    size = codegen.tile.bytes
    each = max(1, vectors)
    values = codegen.address(writer, wide.rows)
    values.enter(wide.row_axis, first_row)
    values.enter(1 - wide.row_axis, 0)
    step = wide.rows.index.strides[wide.row_axis] * codegen.unit(wide.rows.array)
    tile = codegen.tile.samples
    tile_stride = codegen.loops.sizes["block"] * tile * size
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
            lane.following = _add_sample(
                writer, codegen, kind, (here, step), row, lane.values, each
            )
        outer.following = lane.values
    return kind, [outer.values[k * each : (k + 1) * each] for k in range(rows)]


def _add_sample(
    writer: Writer,
    codegen: CodegenContext,
    kind: Kind,
    values: tuple[str, int],
    columns: str,
    totals: list[str],
    each: int,
) -> list[str]:
    """Append the products of one sample, added to the sums; return these.

    Args:
        writer: the function.
        codegen: where it stands.
        kind: of a sum.
        values: where the sample's first row is, and the bytes to the next.
        columns: where its columns are.
        totals: the sums so far, row by row.
        each: vectors of columns.
    """
    block, scalar, size = writer.block(kind), codegen.scalar, codegen.tile.bytes
    loaded = []
    for vector in range(each):
        pointer = writer.offset(columns, vector * size * kind.lanes)
        text = f"load {kind}, ptr {pointer}, align {size * kind.lanes}"
        loaded.append(block.append(text, kind))
    following = []
    for k in range(len(totals) // each):
        pointer = writer.offset(values[0], k * values[1])
        number = block.append(f"load {scalar}, ptr {pointer}, align {size}", scalar)
        factor = splat(block, number.name)
        for vector in range(each):
            total = block.register(totals[k * each + vector])
            following.append(block.multiply_add(factor, loaded[vector], total).name)
    writer.splice(block)
    return following


def _add_to_sums(
    writer: Writer,
    codegen: CodegenContext,
    wide: WeightGradient,
    place: tuple[Index, Index],
    kind: Kind,
    rows: Sequence[Sequence[str]],
) -> None:
    address = codegen.result(writer, wide.bundle.result, wide.bundle.shape, "partial")
    size = codegen.tile.bytes
    for pointer, total in _places(wide, address, place, kind, rows):
        old = writer.load(kind, pointer, size)
        writer.store(kind, writer.value(f"fadd {kind} {old}, {total}"), pointer, size)


def _update(
    factor: str,
    keep: str | None,
    writer: Writer,
    codegen: CodegenContext,
    wide: WeightGradient,
    place: tuple[Index, Index],
    kind: Kind,
    rows: Sequence[Sequence[str]],
) -> None:
    """Append p = keep * p + factor * total for the parameters that the totals are gradients to."""
    size, block = codegen.tile.bytes, writer.block(kind)
    factors = splat(block, factor)
    kept = None if keep is None else splat(block, keep)
    writer.splice(block)
    address = codegen.target(writer, PARAMS, codegen.loops.destinations[wide.bundle.result].index)
    for pointer, total in _places(wide, address, place, kind, rows):
        old = block.register(writer.load(kind, pointer, size))
        new = block.multiply_add(
            factors, block.register(total), old if kept is None else kept * old
        )
        writer.splice(block)
        writer.store(kind, new.name, pointer, size)


def _places(
    wide: WeightGradient,
    address: Address,
    place: tuple[Index, Index],
    kind: Kind,
    rows: Sequence[Sequence[str]],
) -> Iterator[tuple[str, str]]:
    """Yield a pointer for each sum of a block, and the sum's register."""
    for k, row in enumerate(rows):
        for vector, total in enumerate(row):
            one = address.fork()
            one.enter(wide.row_axis, place[0], k)
            one.enter(1 - wide.row_axis, place[1], vector * kind.lanes)
            yield one.pointer, total

"""Write what moves numbers without computing: scatters, zeros, copies of whole arrays."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

from mgcompile.backends.llvm.codegen.codegen_context import Address
from mgcompile.backends.llvm.codegen.element_lanes import (
    Lanes,
    fetch,
    put,
    splat,
    write_vectors,
)
from mgcompile.backends.llvm.codegen.elementwise import (
    apply,
    load_lanes,
    outside_reads,
    splats,
)
from mgcompile.backends.llvm.codegen.interleave import pair_by_pair
from mgcompile.schedule.ir import Group

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mgcompile.backends.llvm.codegen.codegen_context import CodegenContext
    from mgcompile.backends.llvm.ir.function_builder import Index, Writer
    from mgcompile.backends.llvm.ir.vector_builder import Block
    from mgcompile.program.ir import Access, Bundle, Scatter, ScatterPart
    from mgcompile.schedule.decisions import ElementNest

__all__ = ["clear", "write_clear", "write_copy", "write_rotation", "write_scatter"]


SHORT = 8192
"""Bytes that are set to zero by a loop."""


def write_scatter(
    writer: Writer, codegen: CodegenContext, scatter: Scatter, bundles: Sequence[Bundle] = ()
) -> None:
    """Append the code that sets the result to zero and adds every part.

    Of `bundles`, each of which makes what a part adds, the results stay in registers.
    """
    write_clear(writer, codegen, scatter.result)
    here = {bundle.result: bundle for bundle in bundles}
    for number, part in enumerate(scatter.parts):
        if part.source.array in here:
            _write_computed(writer, codegen, scatter, part, here[part.source.array])
            continue
        target = codegen.target(writer, scatter.result, part.target)
        for axis, iteration in enumerate(codegen.iterations):
            target.enter(axis, iteration)
        source = codegen.address(writer, part.source)
        if not codegen.batched(scatter.result):
            nest = codegen.loops.element_nests[scatter.result][number]
            _write_elements(writer, codegen, nest, source, target)
            continue
        with ExitStack() as stack:
            for axis, length in enumerate(part.shape):
                turn = stack.enter_context(writer.loop(length))
                for address in (target, source):
                    address.enter(len(codegen.iterations) + axis, turn.index)
            _write_point(
                writer, codegen, part.source.array, source, scatter.result, target, add=True
            )


def _write_elements(
    writer: Writer, codegen: CodegenContext, nest: ElementNest, source: Address, target: Address
) -> None:
    """Append `target += source`, a vector of neighbours at a time."""
    scalar = codegen.scalar

    def point(lanes: Lanes, addresses: Sequence[Address]) -> None:
        block, (here, onto) = writer.block(lanes.kind), addresses
        total = fetch(block, scalar, onto, lanes) + fetch(block, scalar, here, lanes)
        put(block, scalar, onto, total, lanes)
        writer.splice(block)

    write_vectors(writer, codegen, nest, (source, target), point)


def _write_computed(
    writer: Writer, codegen: CodegenContext, scatter: Scatter, part: ScatterPart, bundle: Bundle
) -> None:
    """Append the addition of what a bundle makes, point by point."""
    loops, kind = len(codegen.iterations), codegen.vector
    group = Group((bundle,), tiled=True)
    target = codegen.target(writer, scatter.result, part.target)
    for axis, iteration in enumerate(codegen.iterations):
        target.enter(axis, iteration)
    read = outside_reads(writer, codegen, group, ())
    align = codegen.tile.bytes * codegen.tile.width
    with ExitStack() as stack:
        for axis, length in enumerate(part.shape):
            turn = stack.enter_context(writer.loop(length))
            for address in (target, *read.values()):
                address.enter(loops + axis, turn.index)
        before = writer.block(kind)
        shared = splats(before, codegen, read)
        writer.splice(before)

        def point(block: Block, distance: Index) -> None:
            known = {access: block.register(vec.name) for access, vec in shared.items()}
            for access, address in read.items():
                if access not in known:
                    alignment = codegen.alignment(access.array)
                    known[access] = load_lanes(block, address.pointer, distance, alignment)
            value = apply(block, codegen, group, known)[bundle.result]
            total = load_lanes(block, target.pointer, distance, align) + value
            where = block.append(f"getelementptr i8, ptr {target.pointer}, i64 {distance}", kind)
            block.lines.append(f"  store {kind} {total.name}, ptr {where.name}, align {align}")

        pair_by_pair(writer, codegen, point)


def _write_point(
    writer: Writer,
    codegen: CodegenContext,
    source: int,
    read: Address,
    result: int,
    written: Address,
    *,
    add: bool,
) -> None:
    """Append `written = read`, or `written += read`, for one element of two arrays."""
    size = codegen.tile.bytes
    if not codegen.batched(result):
        kind = codegen.scalar
        value = writer.load(kind, read.pointer, size)
        writer.store(kind, value, written.pointer, size)
        return
    kind, step = codegen.vector, size * codegen.tile.width
    repeated = ""
    if not codegen.batched(source):
        block = writer.block(kind)
        scalar = codegen.scalar
        number = block.append(f"load {scalar}, ptr {read.pointer}, align {size}", scalar)
        repeated = splat(block, number.name).name
        writer.splice(block)
    with writer.loop("%lane_bytes", step=step) as turn:
        where = writer.offset(written.pointer, turn.index)
        value = repeated or writer.load(kind, writer.offset(read.pointer, turn.index), step)
        if add:
            old = writer.load(kind, where, step)
            value = writer.value(f"fadd {kind} {old}, {value}")
        writer.store(kind, value, where, step)


def write_clear(writer: Writer, codegen: CodegenContext, array: int) -> None:
    """Append the code that sets a whole array to zero."""
    size = codegen.program.arrays[array].size * codegen.unit(array)
    clear(writer, codegen.start(writer, array), size)


def clear(writer: Writer, pointer: str, size: int) -> None:
    """Append the code that sets bytes to zero; few of them without the start of a library call."""
    if size > SHORT:
        writer.library.declare(
            "@llvm.memset.p0.i64", "declare void @llvm.memset.p0.i64(ptr, i8, i64, i1)"
        )
        writer.do(f"call void @llvm.memset.p0.i64(ptr {pointer}, i8 0, i64 {size}, i1 false)")
        return
    width = writer.library.target.vector_bits // 8
    whole, done = size // (4 * width), 0
    if whole:
        with writer.loop(whole * 4 * width, step=4 * width) as turn:
            for number in range(4):
                place = writer.add(turn.index, number * width)
                _zero(writer, writer.offset(pointer, place), width)
        done = whole * 4 * width
    while done < size:
        while done + width > size:
            width //= 2
        _zero(writer, writer.offset(pointer, done), width)
        done += width


def _zero(writer: Writer, pointer: str, size: int) -> None:
    """Append a store of so many bytes of zeros, at most a vector."""
    writer.store(f"<{size} x i8>", "zeroinitializer", pointer, 1)


def write_copy(
    writer: Writer, codegen: CodegenContext, source: Access, array: int, pointer: str | None = None
) -> None:
    """Append the code that sets an array to what an access reads over `(size,)`.

    Args:
        writer: the function.
        codegen: where the code stands; the access has one axis more than there are loops.
        source: what to read.
        array: what to set.
        pointer: where the array is, when it is not at its own place.
    """
    read = codegen.address(writer, source)
    first = pointer or codegen.start(writer, array)
    written = Address(writer, codegen.tables, first, codegen.unit(array), (1,))
    with writer.loop(codegen.program.arrays[array].size) as turn:
        read.enter(len(codegen.iterations), turn.index)
        written.enter(0, turn.index)
        _write_point(writer, codegen, source.array, read, array, written, add=False)


def write_rotation(writer: Writer, codegen: CodegenContext, ring: Sequence[int]) -> None:
    """Append the code that sets every array of a ring to the next one, the last to the first."""
    size, first = codegen.tile.bytes, ring[0]
    batched = codegen.batched(first)
    kind = codegen.vector if batched else codegen.scalar
    step = size * kind.lanes
    with writer.loop(codegen.program.arrays[first].size) as turn:
        moved = writer.mul(turn.index, codegen.unit(first))
        pointers = [writer.offset(codegen.start(writer, array), moved) for array in ring]
        with writer.loop("%lane_bytes" if batched else step, step=step) as lane:
            places = [writer.offset(pointer, lane.index) for pointer in pointers]
            values = [writer.load(kind, place, step) for place in places]
            for place, value in zip(places, [*values[1:], values[0]], strict=True):
                writer.store(kind, value, place, step)

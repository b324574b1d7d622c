"""Write the loop nest of a group of elementwise bundles, with samples in the lanes."""

from __future__ import annotations

import itertools
from contextlib import ExitStack
from typing import TYPE_CHECKING

from mgcompile.backends.llvm.codegen.element_lanes import splat
from mgcompile.backends.llvm.codegen.interleave import first_left, one_by_one, pair_by_pair
from mgcompile.backends.llvm.codegen.streaming_reduction import (
    fold_by_sample,
    is_streamed,
    write_streamed,
)
from mgcompile.backends.llvm.math.emit import emit
from mgcompile.program.ir import extent
from mgcompile.schedule.costs import TOGETHER

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from mgcompile.backends.llvm.codegen.codegen_context import Address, CodegenContext
    from mgcompile.backends.llvm.ir.function_builder import Index, Writer
    from mgcompile.backends.llvm.ir.vector import Vec
    from mgcompile.backends.llvm.ir.vector_builder import Block
    from mgcompile.backends.llvm.ir.vector_type import Kind
    from mgcompile.program.ir import Access, Bundle
    from mgcompile.schedule.ir import Group

__all__ = [
    "apply",
    "apply_to_all",
    "load_lanes",
    "outside_reads",
    "splats",
    "write_group",
    "write_many_operands",
]

MOST_OPERANDS = 16
"""Elements along an axis that are written out, one by one."""


def outside_reads(
    writer: Writer, codegen: CodegenContext, group: Group, inside: Sequence[int] | None = None
) -> dict[Access, Address]:
    """Return addresses on what a group reads from memory: neither constants nor arrays `inside`."""
    read = group.outside_reads(codegen.loops, inside)
    return {access: codegen.address(writer, access) for access in read}


def write_group(writer: Writer, codegen: CodegenContext, group: Group) -> None:
    """Append a loop over the group's points, and for each over the vectors of the tile."""
    shape, loops = group.shape, len(codegen.iterations)
    read = outside_reads(writer, codegen, group)
    written = {
        bundle.result: codegen.result(writer, bundle.result, shape)
        for bundle in group.bundles
        if codegen.loops.stored(bundle.result)
    }
    addresses = [*read.values(), *written.values()]
    with ExitStack() as stack:
        for axis, length in enumerate(shape):
            turn = stack.enter_context(writer.loop(length))
            for address in addresses:
                address.enter(loops + axis, turn.index)
        _write_lanes(writer, codegen, group, read, written)


def _write_lanes(
    writer: Writer,
    codegen: CodegenContext,
    group: Group,
    read: dict[Access, Address],
    written: dict[int, Address],
) -> None:
    kind = codegen.vector
    start: Index = 0
    if group.vectors == TOGETHER:

        def among(block: Block, distance: Index) -> None:
            known = splats(block, codegen, read)
            _append_point(block, codegen, group, (read, written), known, distance)

        start = first_left(writer, kind, "%lane_bytes", among)
    before = writer.block(kind)
    shared = splats(before, codegen, read)
    writer.splice(before)

    def alone(block: Block, distance: Index) -> None:
        known = {access: block.register(vec.name) for access, vec in shared.items()}
        _append_point(block, codegen, group, (read, written), known, distance)

    if group.vectors == 2:
        pair_by_pair(writer, codegen, alone)
        return
    one_by_one(writer, kind, (start, "%lane_bytes"), alone, shared=start != 0)


def splats(block: Block, codegen: CodegenContext, read: dict[Access, Address]) -> dict[Access, Vec]:
    """Append the loads of what all samples share; return it in every lane."""
    known = {}
    for access, address in read.items():
        if not codegen.batched(access.array):
            scalar = codegen.scalar
            text = f"load {scalar}, ptr {address.pointer}, align {codegen.tile.bytes}"
            known[access] = splat(block, block.append(text, scalar).name)
    return known


def _append_point(
    block: Block,
    codegen: CodegenContext,
    group: Group,
    memory: tuple[dict[Access, Address], dict[int, Address]],
    known: dict[Access, Vec],
    distance: Index,
) -> None:
    """Append the loads, ops and stores of a group for the lanes from a distance on."""
    read, written = memory
    for access, address in read.items():
        if codegen.batched(access.array):
            width = codegen.alignment(access.array)
            known[access] = load_lanes(block, address.pointer, distance, width)
    results = apply(block, codegen, group, known)
    align = codegen.tile.bytes * codegen.tile.width
    for array, address in written.items():
        text = f"getelementptr i8, ptr {address.pointer}, i64 {distance}"
        where = block.append(text, block.kind).name
        block.lines.append(
            f"  store {block.kind} {results[array].name}, ptr {where}, align {align}"
        )


def load_lanes(block: Block, pointer: str, distance: Index, align: int) -> Vec:
    """Append a load of the lanes from a distance on."""
    where = block.append(f"getelementptr i8, ptr {pointer}, i64 {distance}", block.kind).name
    return block.append(f"load {block.kind}, ptr {where}, align {align}", block.kind)


def apply(
    block: Block,
    codegen: CodegenContext,
    group: Group,
    known: dict[Access, Vec],
    made: Mapping[int, Vec] | None = None,
) -> dict[int, Vec]:
    """Append the ops of a group for one vector.

    Args:
        block: takes the instructions.
        codegen: where the group stands.
        group: the bundles.
        known: the registers of what is read from memory.
        made: the registers of what was made before at the same point.

    Returns:
        The register of each result, and what was made before.
    """
    results = dict(made or {})
    for bundle in group.bundles:
        operands = []
        for access in bundle.operands:
            number = codegen.loops.constant(access)
            if number is not None:
                operands.append(block.constant(number))
            elif access.array in results:
                operands.append(results[access.array])
            else:
                operands.append(known[access])
        shared = (bundle.result, 0) in codegen.loops.shared_calls
        with block.rounded(exactly=bundle.result in codegen.exact), block.sharing(shared=shared):
            results[bundle.result] = emit(block, bundle.op, operands)
    return results


def write_many_operands(writer: Writer, codegen: CodegenContext, bundle: Bundle) -> None:
    """Append the nest of an op whose operands are the elements along the reduced axes."""
    (access,) = bundle.operands
    loops, kind = len(codegen.iterations), codegen.vector
    width = codegen.tile.bytes * kind.lanes
    read = codegen.address(writer, access)
    written = codegen.result(writer, bundle.result, bundle.shape)
    with ExitStack() as stack:
        for axis, length in enumerate(bundle.shape):
            turn = stack.enter_context(writer.loop(length))
            for address in (read, written):
                address.enter(loops + axis, turn.index)
        with writer.loop("%lane_bytes", step=width) as turn:

            def load(block: Block, address: Address) -> Vec:
                return load_lanes(block, address.pointer, turn.index, width)

            result = apply_to_all(writer, bundle, kind, read, loops, load)
            writer.store(kind, result, writer.offset(written.pointer, turn.index), width)


def apply_to_all(
    writer: Writer,
    bundle: Bundle,
    kind: Kind,
    read: Address,
    loops: int,
    load: Callable[[Block, Address], Vec],
) -> str:
    """Append an op of all elements along the reduced axes; return the register of the result.

    Args:
        writer: The function.
        bundle: The op, the shape and the reduced axes.
        kind: Of the registers.
        read: An address on the elements, with every axis entered but the reduced ones.
        loops: How many loops are around.
        load: Appends the load of a register, of an address with every axis entered.
    """
    first = loops + len(bundle.shape)
    axes = [(first + axis, length) for axis, length in enumerate(bundle.reduced)]
    if is_streamed(bundle.op) and extent(bundle.reduced) > MOST_OPERANDS:
        return write_streamed(
            writer,
            bundle.op,
            kind,
            lambda fold: fold_by_sample(writer, kind, read, axes, load, fold),
            lambda block, name: block.register(name),
        )
    block = writer.block(kind)
    operands = []
    for point in itertools.product(*(range(length) for _, length in axes)):
        one = read.fork()
        for (axis, _), index in zip(axes, point, strict=True):
            one.enter(axis, index)
        operands.append(load(block, one))
    result = emit(block, bundle.op, operands)
    writer.splice(block)
    return result.name

"""Write the loop nest of elementwise bundles whose elements, not samples, are in the lanes."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

from mgcompile.backends.llvm.codegen.element_folds import fold_elements
from mgcompile.backends.llvm.codegen.element_lanes import (
    Lanes,
    fetch,
    joined_axes,
    put,
    splat,
    write_vectors,
)
from mgcompile.backends.llvm.codegen.elementwise import apply, apply_to_all, outside_reads
from mgcompile.backends.llvm.codegen.streaming_reduction import is_streamed, write_streamed
from mgcompile.backends.llvm.math.custom_ops import is_called_back
from mgcompile.program.ir import extent
from mgcompile.schedule.costs import is_cheap, weight
from mgcompile.schedule.lanes import fetch_cost, put_cost
from mgcompile.support.op_traits import is_known

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mgcompile.backends.llvm.codegen.codegen_context import Address, CodegenContext
    from mgcompile.backends.llvm.ir.function_builder import Writer
    from mgcompile.backends.llvm.ir.vector import Vec
    from mgcompile.backends.llvm.ir.vector_builder import Block
    from mgcompile.program.ir import Access, Bundle
    from mgcompile.schedule.ir import Group

__all__ = ["lane_axis", "write_element_group", "write_element_operands"]

WRITTEN_OUT = 24
"""Instructions, about, up to which the vectors of a row are written one after the other."""

SPARE = 0.5
"""What lanes hold that are not in use: a number at which hardly a function has a special case."""


def write_element_group(writer: Writer, codegen: CodegenContext, group: Group) -> None:
    """Append a loop over the group's points, a vector of neighbours at a time."""
    first = len(codegen.iterations)
    read = outside_reads(writer, codegen, group, set(group.results))
    written = {
        bundle.result: codegen.result(writer, bundle.result, group.shape)
        for bundle in group.bundles
        if codegen.stored(bundle.result)
    }
    shape = joined_axes(group.shape, [*read.values(), *written.values()], first)
    work = sum(weight(bundle) for bundle in group.bundles)
    axis = lane_axis(codegen, shape, [*read.values()], [*written.values()], work)
    if axis is not None and shape[axis] % codegen.tile.width and _asks_python(group.bundles):
        axis = None  # a rule sees no numbers but those of the program
    whole = 0 if axis is None else shape[axis] // codegen.tile.width
    step = whole if 0 < whole * work <= WRITTEN_OUT else 1

    def point(lanes: Lanes, addresses: Sequence[Address]) -> None:
        here = dict(zip(read, addresses, strict=False))
        results = dict(zip(written, addresses[len(read) :], strict=True))
        _write_point(writer, codegen, group, lanes, here, results)

    write_vectors(
        writer, codegen, shape, axis, [*read.values(), *written.values()], point, step=step
    )


def write_element_operands(writer: Writer, codegen: CodegenContext, bundle: Bundle) -> None:
    """Append the nest of an op whose operands are the elements along the reduced axes."""
    (access,) = bundle.operands
    first, width, shape = len(codegen.iterations), codegen.tile.width, bundle.shape
    read = codegen.address(writer, access)
    written = codegen.result(writer, bundle.result, shape)
    operands = extent(bundle.reduced)
    if is_streamed(bundle.op) and operands >= 2 * width and len(bundle.reduced) == 1:
        place = first + len(shape)
        if read.strides[place] == 1 and not (read.steps and read.steps[place]):
            _write_streamed(writer, codegen, bundle, read, written)
            return
    axis = lane_axis(codegen, shape, [read] * operands, [written], operands * weight(bundle))
    if axis is not None and shape[axis] % width and _asks_python([bundle]):
        axis = None

    def point(lanes: Lanes, addresses: Sequence[Address]) -> None:
        _apply_to_all(writer, codegen, bundle, lanes, *addresses)

    write_vectors(writer, codegen, shape, axis, (read, written), point)


def _asks_python(bundles: Sequence[Bundle]) -> bool:
    """Tell whether Python runs the rule of one of the ops."""
    return any(
        not is_known(bundle.op)
        and is_called_back(bundle.op, len(bundle.operands) * extent(bundle.reduced))
        for bundle in bundles
    )


def _write_streamed(
    writer: Writer, codegen: CodegenContext, bundle: Bundle, read: Address, written: Address
) -> None:
    """Append the nest with operands, which are neighbours in memory, in the lanes."""
    first, scalar = len(codegen.iterations), codegen.scalar
    with ExitStack() as stack:
        for axis, length in enumerate(bundle.shape):
            turn = stack.enter_context(writer.loop(length))
            for address in (read, written):
                address.enter(first + axis, turn.index)
        reduced = first + len(bundle.shape), bundle.reduced[0]
        result = write_streamed(
            writer,
            bundle.op,
            scalar,
            lambda fold: fold_elements(writer, codegen, read, reduced, fold),
            splat,
        )
        block = writer.block(scalar)
        put(block, scalar, written, block.register(result), Lanes(scalar, 1))
        writer.splice(block)


def _apply_to_all(
    writer: Writer,
    codegen: CodegenContext,
    bundle: Bundle,
    lanes: Lanes,
    read: Address,
    written: Address,
) -> None:
    scalar, loops = codegen.scalar, len(codegen.iterations)

    def load(block: Block, address: Address) -> Vec:
        return fetch(block, scalar, address, lanes, SPARE)

    result = apply_to_all(writer, bundle, lanes.kind, read, loops, load)
    block = writer.block(lanes.kind)
    put(block, scalar, written, block.register(result), lanes)
    writer.splice(block)


def _write_point(
    writer: Writer,
    codegen: CodegenContext,
    group: Group,
    lanes: Lanes,
    read: dict[Access, Address],
    written: dict[int, Address],
) -> None:
    """Append loads, ops and stores of one vector of points."""
    block, scalar = writer.block(lanes.kind), codegen.scalar
    fill = None if all(is_cheap(bundle) for bundle in group.bundles) else SPARE
    known = {access: fetch(block, scalar, address, lanes, fill) for access, address in read.items()}
    results = apply(block, codegen, group, known)
    for array, address in written.items():
        put(block, scalar, address, results[array], lanes)
    writer.splice(block)


def lane_axis(
    codegen: CodegenContext,
    shape: Sequence[int],
    read: Sequence[Address],
    written: Sequence[Address],
    work: int,
) -> int | None:
    """Return the axis whose points are best put into the lanes; None where none is worth it.

    `work` is about how many instructions a point takes beside its loads and stores.
    """
    width, first = codegen.tile.width, len(codegen.iterations)
    points = extent(tuple(shape))
    best, least = None, float(points * (work + len(read) + len(written)))
    for axis, length in enumerate(shape):
        if length == 1:
            continue
        whole, rest = divmod(length, width)
        cost = 0.0
        for count, live in ((whole, width), (1, rest)):
            if count and live:
                place = first + axis
                loads = sum(fetch_cost(*_moves(address, place), live) for address in read)
                stores = sum(put_cost(*_moves(address, place), live) for address in written)
                cost += count * (work + loads + stores)
        cost *= points // length
        if cost < least:
            best, least = axis, cost
    return best


def _moves(address: Address, place: int) -> tuple[int, int]:
    return address.strides[place], address.steps[place] if address.steps else 0

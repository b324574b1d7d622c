"""Write the loop nest of elementwise bundles whose elements, not samples, are in the lanes."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

from attrs import evolve

from mgcompile.backends.llvm.codegen.element_folds import fold_elements
from mgcompile.backends.llvm.codegen.element_lanes import (
    Lanes,
    fetch,
    put,
    splat,
    write_vectors,
)
from mgcompile.backends.llvm.codegen.elementwise import apply, apply_to_all, outside_reads
from mgcompile.backends.llvm.codegen.streaming_reduction import is_streamed, write_streamed
from mgcompile.backends.llvm.math.custom_ops import is_called_back
from mgcompile.program.ir import extent
from mgcompile.schedule.costs import is_cheap
from mgcompile.support.op_traits import is_known

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mgcompile.backends.llvm.codegen.codegen_context import Address, CodegenContext
    from mgcompile.backends.llvm.ir.function_builder import Writer
    from mgcompile.backends.llvm.ir.vector import Vec
    from mgcompile.backends.llvm.ir.vector_builder import Block
    from mgcompile.program.ir import Access, Bundle
    from mgcompile.schedule.decisions import ElementNest
    from mgcompile.schedule.ir import Group

__all__ = ["write_element_group", "write_element_operands"]

SPARE = 0.5
"""What lanes hold that are not in use: a number at which hardly a function has a special case."""


def write_element_group(writer: Writer, codegen: CodegenContext, group: Group) -> None:
    """Append a loop over the group's points, a vector of neighbours at a time."""
    read = outside_reads(writer, codegen, group)
    written = {
        array: codegen.result(writer, array, group.shape)
        for array in group.results
        if codegen.loops.stored(array)
    }
    (nest,) = codegen.loops.element_nests[group.results[0]]

    def point(lanes: Lanes, addresses: Sequence[Address]) -> None:
        here = dict(zip(read, addresses, strict=False))
        results = dict(zip(written, addresses[len(read) :], strict=True))
        _write_point(writer, codegen, group, lanes, here, results)

    nest = _without_spare_lanes(codegen, nest, group.bundles)
    write_vectors(writer, codegen, nest, [*read.values(), *written.values()], point)


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
    (nest,) = codegen.loops.element_nests[bundle.result]

    def point(lanes: Lanes, addresses: Sequence[Address]) -> None:
        _apply_to_all(writer, codegen, bundle, lanes, *addresses)

    nest = _without_spare_lanes(codegen, nest, [bundle])
    write_vectors(writer, codegen, nest, (read, written), point)


def _without_spare_lanes(
    codegen: CodegenContext, nest: ElementNest, bundles: Sequence[Bundle]
) -> ElementNest:
    """Return the nest without lanes where Python runs a rule and some were not in use.

    A rule sees no numbers but those of the program.
    """
    if nest.lane is None or nest.shape[nest.lane] % codegen.tile.width == 0:
        return nest
    asked = any(
        not is_known(bundle.op)
        and is_called_back(bundle.op, len(bundle.operands) * extent(bundle.reduced))
        for bundle in bundles
    )
    return evolve(nest, lane=None) if asked else nest


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

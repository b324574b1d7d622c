"""Write products of matrices, and other sums, as register tiles with samples in the lanes."""

from __future__ import annotations

import itertools
from contextlib import ExitStack
from typing import TYPE_CHECKING

from attrs import evolve

from mgcompile.backends.llvm.codegen.horizontal_sum import (
    horizontal,
    runs,
    summed_bytes,
    write_mask,
)
from mgcompile.backends.llvm.codegen.interleave import in_pairs
from mgcompile.backends.llvm.codegen.register_tile import RegisterTile, finish, reduce_terms
from mgcompile.backends.llvm.ir.vector_type import Kind

if TYPE_CHECKING:
    from mgcompile.backends.llvm.codegen.codegen_context import CodegenContext
    from mgcompile.backends.llvm.ir.function_builder import Index, Writer
    from mgcompile.schedule.decisions import Blocking
    from mgcompile.schedule.ir import Product

__all__ = ["write_product"]


def write_product(writer: Writer, codegen: CodegenContext, product: Product) -> None:
    """Append the nests that compute a `sum` or `dot`, and what finishes it in registers.

    Args:
        writer: the function.
        codegen: where the product stands.
        product: the bundle is with or without reduced axes; with `over_batch` its result is added
            to, not set.
    """
    for blocking in codegen.loops.blockings[product.bundle.result]:
        _write_nest(writer, codegen, product, blocking)


def _write_nest(
    writer: Writer, codegen: CodegenContext, product: Product, blocking: Blocking
) -> None:
    bundle = product.bundle
    nest = evolve(
        RegisterTile.of(writer, codegen, product),
        turn=blocking.turn,
        copies=tuple(itertools.product(*map(range, blocking.block))),
        vectors=1 if bundle.over_batch else 2,
        kind=codegen.vector,
    )
    with ExitStack() as stack:
        for axis, part in enumerate(blocking.ranges):
            turn = stack.enter_context(writer.loop(part.stop, start=part.start, step=part.step))
            nest = nest.entered(axis, part.step, turn.index)
        if bundle.over_batch:
            _write_over_batch(nest)
        else:
            _write_lanes(nest)


def _write_lanes(nest: RegisterTile) -> None:
    def turn(distance: Index, vectors: int) -> None:
        here = evolve(nest, vectors=vectors).shifted(distance)
        finish(here, reduce_terms(here, 0, here.first()))

    in_pairs(nest.writer, nest.codegen, turn)


def _write_over_batch(nest: RegisterTile) -> None:
    writer, codegen, bundle, kind = nest.writer, nest.codegen, nest.bundle, nest.kind
    size = codegen.tile.bytes
    carried = [(str(kind), zero) for zero in nest.first()]
    end = summed_bytes(writer, codegen)
    with writer.loop(end, step=size * kind.lanes, carried=carried) as turn:
        here = nest.shifted(turn.index)
        if not all(codegen.batched(access.array) for access in bundle.operands):
            here = evolve(here, mask=write_mask(writer, codegen, turn.index))
        turn.following = reduce_terms(here, 0, turn.values)
    result = nest.results[bundle.result]
    for first, count in runs(codegen, bundle, nest.copies, kind.lanes):
        pointer = result.at(nest.copies[first]).pointer
        part_kind = Kind(kind.element, count)
        old = writer.load(part_kind, pointer, size)
        part = horizontal(writer, kind, turn.values[first : first + count])
        writer.store(part_kind, writer.value(f"fadd {part_kind} {old}, {part}"), pointer, size)

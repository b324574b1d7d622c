"""Write a pass over the elements of one sample: neighbours in the lanes, folded at the end."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from attrs import evolve

from mgcompile.backends.llvm.codegen.element_lanes import Lanes, fetch, laned
from mgcompile.backends.llvm.codegen.streaming_reduction import TOGETHER
from mgcompile.backends.llvm.codegen.transpose import shuffled

if TYPE_CHECKING:
    from mgcompile.backends.llvm.codegen.codegen_context import Address, CodegenContext
    from mgcompile.backends.llvm.codegen.streaming_reduction import Fold
    from mgcompile.backends.llvm.ir.function_builder import Index, Writer
    from mgcompile.backends.llvm.ir.vector_builder import Block
    from mgcompile.backends.llvm.ir.vector_type import Kind

__all__ = ["fold_elements"]


def fold_elements(
    writer: Writer, codegen: CodegenContext, read: Address, reduced: tuple[int, int], fold: Fold
) -> list[str]:
    """Append a pass along one axis; return the registers of the state, numbers.

    Args:
        writer: The function.
        codegen: Where it stands.
        read: An address on the elements, with every axis entered but the reduced one.
        reduced: That axis's number in the address, and its length.
        fold: The pass. Lanes that are not in use hold what it begins with.
    """
    axis, length = reduced
    narrow = codegen.vector
    wide = evolve(narrow, lanes=TOGETHER * narrow.lanes)
    state = [wide.literal(number) for number in fold.first]
    blocks, rest = divmod(length, wide.lanes)
    if blocks:
        many = laned(read, axis, wide.lanes)
        carried = [(str(wide), name) for name in state]
        with writer.loop(blocks, carried=carried) as turn:
            lanes = Lanes(wide, wide.lanes)
            turn.following = _taken(
                writer, codegen, many, axis, turn.index, lanes, fold, turn.values
            )
        state = turn.values
    state = _halved(writer, fold, wide, narrow, state)
    few, first = laned(read, axis, narrow.lanes), blocks * TOGETHER
    for number, start in enumerate(range(0, rest, narrow.lanes)):
        lanes = Lanes(narrow, min(narrow.lanes, rest - start))
        state = _taken(writer, codegen, few, axis, first + number, lanes, fold, state)
    return _halved(writer, fold, narrow, codegen.scalar, state)


def _taken(
    writer: Writer,
    codegen: CodegenContext,
    read: Address,
    axis: int,
    index: Index,
    lanes: Lanes,
    fold: Fold,
    state: list[str],
) -> list[str]:
    """Append how one vector goes into the state; the lanes left over stay as they are."""
    here = read.fork()
    here.enter(axis, index)
    block = writer.block(lanes.kind)
    x = fetch(block, codegen.scalar, here, lanes, fill=-math.inf)
    before = [block.register(name) for name in state]
    after = fold.taken(block, x, before)
    if not lanes.full:
        bits = ", ".join(f"i1 {int(lane < lanes.live)}" for lane in range(lanes.kind.lanes))
        mask = block.register(f"<{bits}>", lanes.kind.mask)
        after = [block.select(mask, a, b) for a, b in zip(after, before, strict=True)]
    writer.splice(block)
    return [each.name for each in after]


def _halved(writer: Writer, fold: Fold, kind: Kind, to: Kind, state: list[str]) -> list[str]:
    """Append the joining of halves until a state is of the kind `to`."""
    while kind != to:
        half = evolve(kind, lanes=kind.lanes // 2)
        block: Block = writer.block(half)
        whole = [block.register(name, kind) for name in state]
        low = [shuffled(block, each, each, range(half.lanes)) for each in whole]
        high = [shuffled(block, each, each, range(half.lanes, kind.lanes)) for each in whole]
        state = [each.name for each in fold.joined(block, low, high)]
        writer.splice(block)
        kind = half
    return state

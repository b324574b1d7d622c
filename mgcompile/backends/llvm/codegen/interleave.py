"""Write loops over vectors: several side by side, or one by one.

An elementary function is a long chain of steps, each of which waits for the one before. Several
vectors side by side keep a core busy meanwhile, and read each constant once; to have room for them,
their code has no branches. Lanes that need more than the usual computation, rare as they are, are
only noted, and what they are among is computed once more, one by one. Where vectors are worked on
one by one, the few lanes that are only noted have their vector computed once more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import evolve

from mgcompile.schedule.costs import TOGETHER

if TYPE_CHECKING:
    from collections.abc import Callable

    from mgcompile.backends.llvm.codegen.codegen_context import CodegenContext
    from mgcompile.backends.llvm.ir.function_builder import Index, Writer
    from mgcompile.backends.llvm.ir.vector_builder import Block
    from mgcompile.backends.llvm.ir.vector_type import Kind

    Point = Callable[[Block, Index], None]

__all__ = ["first_left", "in_pairs", "one_by_one", "pair_by_pair", "straight"]


def first_left(writer: Writer, kind: Kind, stop: Index, point: Point) -> str:
    """Append a loop over vectors side by side; return where the one that follows has to begin.

    Args:
        writer: the function.
        kind: a full register.
        stop: where the lanes end, in bytes.
        point: appends loads, ops and stores for the lanes from a distance on to a block.

    Returns:
        Where this loop ended, or 0 when there were special lanes: in bytes, a register.
    """
    step = TOGETHER * kind.lanes * kind.bits // 8
    whole = writer.value(f"and i64 {stop}, {-step}")
    register = kind.integer
    carried = [(str(register), "zeroinitializer")]
    with writer.loop(whole, step=step, carried=carried, maybe_empty=True) as turn:
        block = writer.block(_wide(kind), straight=True)
        point(block, turn.index)
        doubt = block.doubt() | block.register(turn.values[0], register)
        turn.following = [doubt.name]
        writer.splice(block)
    doubtful = _any(writer, register, turn.values[0])
    return writer.value(f"select i1 {doubtful}, i64 0, i64 {whole}")


def straight(writer: Writer, kind: Kind, distance: Index, point: Point) -> str:
    """Append one turn of such a loop; return whether there were special lanes, an i1."""
    block = writer.block(_wide(kind), straight=True)
    point(block, distance)
    doubt = block.doubt()
    writer.splice(block)
    return _any(writer, doubt.kind, doubt.name)


def one_by_one(
    writer: Writer,
    kind: Kind,
    bounds: tuple[Index, Index],
    point: Point,
    *,
    shared: bool = True,
) -> None:
    """Append a loop over single vectors, special lanes or not.

    Args:
        writer: the function.
        kind: a full register.
        bounds: begin and end of the lanes, in bytes; there may be none.
        point: as above; what it stores it must not read.
        shared: whether functions are called, not inlined: where the loop is not the usual way.
    """
    start, stop = bounds
    step = kind.lanes * kind.bits // 8
    with writer.loop(stop, start=start, step=step, maybe_empty=start != 0) as state:
        _single(writer, kind, state.index, point, shared=shared)


def _single(writer: Writer, kind: Kind, distance: Index, point: Point, *, shared: bool) -> None:
    """Append what is done with one vector, and once more where a lane of it is special."""
    block = writer.block(kind, shared=shared, noting=True)
    point(block, distance)
    doubt = block.any_doubt()
    writer.splice(block)
    if doubt is not None:
        with writer.when(doubt.name, rarely=True):
            block = writer.block(kind, shared=True)
            point(block, distance)
            writer.splice(block)


def pair_by_pair(writer: Writer, codegen: CodegenContext, point: Point) -> None:
    """Append a loop over pairs of a tile's vectors; `point` as above, but called once."""
    kind = codegen.vector
    step = kind.lanes * kind.bits // 8

    def turn(distance: Index, vectors: int) -> None:
        for vector in range(vectors):
            block = writer.block(kind)
            point(block, writer.add(distance, vector * step))
            writer.splice(block)

    in_pairs(writer, codegen, turn)


def in_pairs(writer: Writer, codegen: CodegenContext, turn: Callable[[Index, int], None]) -> None:
    """Append what is done with a tile's vectors: pair by pair, and with the last of an odd number.

    Args:
        writer: the function.
        codegen: where it stands; a tile of two vectors needs no loop, and where tiles are filled
            up to whole pairs no vector is left.
        turn: appends the code for some vectors: where they begin, and whether they are two or one.
    """
    pair = 2 * codegen.vector.lanes * codegen.tile.bytes
    even = codegen.filled_up_to == 2
    if codegen.tile.samples == 2 * codegen.tile.width:
        if even:
            turn(0, 2)
            return
        both = writer.value(f"icmp eq i64 %lane_bytes, {pair}")
        with writer.when(both):
            turn(0, 2)
        with writer.unless(both):
            turn(0, 1)
        return
    if even:
        with writer.loop("%lane_bytes", step=pair) as state:
            turn(state.index, 2)
        return
    whole = writer.value(f"and i64 %lane_bytes, {-pair}")
    with writer.loop(whole, step=pair, maybe_empty=True) as state:
        turn(state.index, 2)
    with writer.when(writer.value(f"icmp ult i64 {whole}, %lane_bytes")):
        turn(whole, 1)


def _wide(kind: Kind) -> Kind:
    return evolve(kind, lanes=TOGETHER * kind.lanes)


def _any(writer: Writer, kind: Kind, doubt: str) -> str:
    bits = f"i{kind.bits * kind.lanes}"
    whole = writer.value(f"bitcast {kind} {doubt} to {bits}")
    return writer.value(f"icmp ne {bits} {whole}, 0")

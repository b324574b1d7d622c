"""Write look-ups: the number of a choice becomes an address; only what is taken is read."""

from __future__ import annotations

import math
from contextlib import ExitStack
from typing import TYPE_CHECKING

from mgcompile.backends.llvm.codegen.element_lanes import fetch, put, write_vectors
from mgcompile.backends.llvm.ir.vector import Vec
from mgcompile.backends.llvm.ir.vector_type import Kind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mgcompile.backends.llvm.codegen.codegen_context import Address, CodegenContext
    from mgcompile.backends.llvm.codegen.element_lanes import Lanes
    from mgcompile.backends.llvm.ir.function_builder import Index, Writer
    from mgcompile.program.ir import Bundle
    from mgcompile.schedule.decisions import ElementNest

__all__ = ["write_lookup"]


def write_lookup(writer: Writer, codegen: CodegenContext, bundle: Bundle) -> None:
    """Append the nest of a `take` of an index from the choices along the reduced axis.

    Axes along which the index stays are innermost: for them it becomes an address once. A number
    that is none of a choice gives NaN.
    """
    first, (count,) = len(codegen.iterations), bundle.reduced
    index, choices = (codegen.address(writer, access) for access in bundle.operands)
    written = codegen.result(writer, bundle.result, bundle.shape)
    inner = [axis for axis in range(len(bundle.shape)) if not index.moves(first + axis)]
    with ExitStack() as stack:
        for axis, length in enumerate(bundle.shape):
            if axis not in inner:
                turn = stack.enter_context(writer.loop(length))
                for address in (index, choices, written):
                    address.enter(first + axis, turn.index)
        across = [bundle.shape[axis] if axis in inner else 1 for axis in range(len(bundle.shape))]
        if codegen.samples_in_lanes(bundle):
            _write_samples(writer, codegen, bundle, (index, choices, written), across)
        else:
            places, known = _places(writer, codegen.scalar, index.pointer, index.unit, count)
            choices.enter(first + len(across), places[0])
            (nest,) = codegen.loops.element_nests[bundle.result]
            _write_elements(writer, codegen, nest, choices, written, known)


def _places(
    writer: Writer, kind: Kind, pointer: str, align: int, count: int
) -> tuple[list[Index], str]:
    """Append the number of a choice for every lane, and a mask of those that there are.

    Where there is none, the number is 0.
    """
    block = writer.block(kind)
    number = block.append(f"load {kind}, ptr {pointer}, align {align}", kind)
    inside = (number >= 0.0) & (number < float(count))
    clamped = block.select(inside, number, 0.0)
    whole = block.convert("fptosi", clamped, kind.integer)
    known = inside & block.convert("sitofp", whole, kind).same(clamped)
    safe = block.select(known, whole, block.constant(0, kind.integer))
    places: list[Index] = []
    for lane in range(kind.lanes):
        text, one = safe.name, Kind(kind.integer.element, 1)
        if kind.lanes > 1:
            text = block.append(f"extractelement {safe.kind} {text}, i64 {lane}", one).name
        if kind.bits < 64:
            text = block.append(f"sext {one} {text} to i64", Kind("i64", 1)).name
        places.append(text)
    writer.splice(block)
    return places, known.name


def _write_elements(
    writer: Writer,
    codegen: CodegenContext,
    nest: ElementNest,
    choices: Address,
    written: Address,
    known: str,
) -> None:
    """Append the loops over the axes along which the index stays, neighbours in the lanes."""

    def point(lanes: Lanes, addresses: Sequence[Address]) -> None:
        block, kind, (taken, onto) = writer.block(lanes.kind), lanes.kind, addresses
        value = fetch(block, codegen.scalar, taken, lanes)
        nan = kind.literal(math.nan)
        found = block.append(f"select i1 {known}, {kind} {value.name}, {kind} {nan}", kind)
        put(block, codegen.scalar, onto, found, lanes)
        writer.splice(block)

    write_vectors(writer, codegen, nest, (choices, written), point)


def _write_samples(
    writer: Writer,
    codegen: CodegenContext,
    bundle: Bundle,
    addresses: tuple[Address, Address, Address],
    across: Sequence[int],
) -> None:
    """Append the loop over vectors of samples, each of which takes its own choice."""
    index, choices, written = addresses
    kind, size, (count,) = codegen.vector, codegen.tile.bytes, bundle.reduced
    first, width = len(codegen.iterations), codegen.tile.bytes * codegen.vector.lanes
    own, table = (codegen.batched(access.array) for access in bundle.operands)
    with writer.loop("%lane_bytes", step=width) as turn:
        if own:
            pointer = writer.offset(index.pointer, turn.index)
            places, known = _places(writer, kind, pointer, size, count)
        else:
            places, known = _places(writer, codegen.scalar, index.pointer, size, count)
            places = places * kind.lanes
        taken = []
        for lane, place in enumerate(places):
            one = choices.fork()
            one.enter(first + len(across), place)
            if table:
                one.pointer = writer.offset(one.pointer, writer.add(turn.index, lane * size))
            taken.append(one)
        result = written.fork()
        result.pointer = writer.offset(result.pointer, turn.index)
        with ExitStack() as stack:
            for axis, length in enumerate(across):
                if length > 1:
                    point = stack.enter_context(writer.loop(length))
                    for address in (*taken, result):
                        address.enter(first + axis, point.index)
            block = writer.block(kind)
            vector = Vec(block, "poison", kind)
            for lane, one in enumerate(taken):
                text = f"load {codegen.scalar}, ptr {one.pointer}, align {size}"
                number = block.append(text, codegen.scalar)
                item = f"{codegen.scalar} {number.name}, i64 {lane}"
                vector = block.append(f"insertelement {kind} {vector.name}, {item}", kind)
            mask = f"{kind.mask} {known}" if own else f"i1 {known}"
            nan = kind.literal(math.nan)
            text = f"select {mask}, {kind} {vector.name}, {kind} {nan}"
            found = block.append(text, kind)
            writer.splice(block)
            writer.store(kind, found.name, result.pointer, width)

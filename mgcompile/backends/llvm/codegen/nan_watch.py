"""Write what looks for NaN among derivatives as they are handed over, and notes it in a slot.

Two vectors are compared in one instruction, which is true in a lane where either holds a NaN.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mgcompile.backends.llvm.abi.context import slot_address

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mgcompile.backends.llvm.codegen.codegen_context import CodegenContext
    from mgcompile.backends.llvm.ir.function_builder import Index, Writer
    from mgcompile.backends.llvm.ir.vector_type import Kind
    from mgcompile.program.ir import Output

__all__ = ["is_derivative", "note_nan", "watch_run", "watch_tile", "watched_copy"]

_AT_ONCE = 4
"""Vectors that are looked at before a branch."""

_PIECE = 8 << 10
"""Bytes that are looked at before they are copied."""


def is_derivative(output: Output) -> bool:
    """Tell whether an output may be NaN where a factor of 0 was not looked for."""
    return output.name not in ("value", "loss")


def note_nan(writer: Writer, kind: Kind, numbers: Sequence[str]) -> None:
    """Append the note that there is a NaN among the numbers in some registers, if there is."""
    pairs = zip(numbers[::2], [*numbers[1::2], numbers[-1]], strict=False)
    first, *others = [writer.value(f"fcmp uno {kind} {a}, {b}") for a, b in pairs]
    mask = "i1" if kind.lanes == 1 else f"<{kind.lanes} x i1>"
    for other in others:
        first = writer.value(f"or {mask} {first}, {other}")
    if kind.lanes > 1:
        bits = writer.value(f"bitcast {mask} {first} to i{kind.lanes}")
        first = writer.value(f"icmp ne i{kind.lanes} {bits}, 0")
    with writer.when(first):
        writer.store("i64", "1", slot_address(writer, "NAN"), 8)


def watch_tile(writer: Writer, codegen: CodegenContext, source: str, array: int, full: str) -> None:
    """Append a look at the samples of a tile, of which there are ``%real_bytes``.

    Args:
        writer: the function.
        codegen: where it stands.
        source: where the array begins.
        array: which one.
        full: whether the tile is, an i1.
    """
    size, vector = codegen.tile.bytes, codegen.vector
    width, all_bytes = size * vector.lanes, size * codegen.tile.samples
    group = next(k for k in (_AT_ONCE, 2, 1) if not all_bytes % (k * width))
    length = codegen.program.arrays[array].size

    def look(stop: Index, count: int) -> None:
        with writer.loop(length) as element:
            row = writer.offset(source, writer.mul(element.index, codegen.unit(array)))
            with writer.loop(stop, step=count * width) as turn:
                _note(writer, vector, writer.offset(row, turn.index), size, count)

    with writer.when(full):
        look(all_bytes, group)
    with writer.unless(full):  # the last vector is full: the last sample stands in it again
        look("%real_bytes", 1)


def _note(writer: Writer, kind: Kind, place: str, size: int, count: int) -> None:
    """Append a look at `count` vectors, or numbers, one behind the other."""
    step = size * kind.lanes
    numbers = [writer.load(kind, writer.offset(place, k * step), size) for k in range(count)]
    note_nan(writer, kind, numbers)


def watch_run(writer: Writer, codegen: CodegenContext, source: str, length: int) -> None:
    """Append a look at numbers that stand one behind the other."""
    size, vector, begin = codegen.tile.bytes, codegen.vector, 0
    for kind, count in ((vector, _AT_ONCE), (vector, 1), (codegen.scalar, 1)):
        step = kind.lanes * count
        end = begin + (length - begin) // step * step
        if begin == end:
            continue
        with writer.loop(end * size, start=begin * size, step=step * size) as turn:
            _note(writer, kind, writer.offset(source, turn.index), size, count)
        begin = end


def watched_copy(
    writer: Writer, codegen: CodegenContext, source: str, target: str, length: int
) -> None:
    """Append a copy of numbers that stand one behind the other, and a look at them.

    Each piece is copied while it is in the nearest cache.
    """
    size = codegen.tile.bytes
    piece = _PIECE // size
    whole = length // piece * piece

    def go(first: Index, count: int) -> None:
        here = writer.offset(source, first)
        watch_run(writer, codegen, here, count)
        writer.copy(here, writer.offset(target, first), count * size)

    if whole:
        with writer.loop(whole * size, step=_PIECE) as turn:
            go(turn.index, piece)
    if whole < length:
        go(whole * size, length - whole)

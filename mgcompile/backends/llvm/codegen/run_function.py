"""Write the functions that run all phases: threads share chunks, and add them up in order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mgcompile.backends.llvm.abi.context import slot
from mgcompile.backends.llvm.codegen.barrier import barrier
from mgcompile.backends.llvm.codegen.memory_spaces import areas
from mgcompile.backends.llvm.codegen.nan_watch import is_derivative, watched_copy
from mgcompile.backends.llvm.codegen.signal_poll import poll, stopped
from mgcompile.backends.llvm.codegen.tile_loop import call_units
from mgcompile.backends.llvm.ir.function_builder import Writer

if TYPE_CHECKING:
    from mgcompile.backends.llvm.codegen.codegen_context import CodegenContext
    from mgcompile.backends.llvm.ir.function_builder import Index
    from mgcompile.schedule.ir import Phase

__all__ = ["MOST_CHUNKS", "RUN", "phases_function", "run_function"]

RUN = "mg_run"
"""The function ``void mg_run(ptr context, ptr scratch, i64 thread, i64 threads)``."""

MOST_CHUNKS = 16
"""Chunks that a batch is summed in, at most, whatever the number of threads."""

_THREAD = ("ptr %context", "ptr %scratch", "i64 %thread", "i64 %threads")


def run_function(codegen: CodegenContext, *, internal: bool = False) -> str:
    """Write the function that runs the program once and hands over what is not batched."""
    writer = Writer(codegen.library, RUN, _THREAD, internal=internal)
    areas(writer, codegen)
    writer.do(f"call void @phases({', '.join(_THREAD)})")
    with writer.when(writer.value("icmp eq i64 %thread, 0")):
        _write_shared_outputs(writer, codegen, watched=not internal)
    return writer.text()


def phases_function(codegen: CodegenContext, *, polls: bool) -> str:
    """Write the function that runs all phases; threads share the chunks of each among them.

    When it `polls` signals, it may end with chunks left out (see `signal_poll`).
    """
    writer = Writer(codegen.library, "phases", _THREAD)
    areas(writer, codegen)
    shape = codegen.tile
    count = slot(writer, "COUNT")
    writer.do("%partial = getelementptr i8, ptr %sums, i64 0")
    writer.do("%store = getelementptr i8, ptr %scratch, i64 0")  # shared code never reads it
    number = writer.value(f"uitofp i64 {count} to {codegen.scalar}")
    writer.store(codegen.scalar, number, "%samples", shape.bytes)
    tiles = writer.value(f"udiv i64 {writer.add(count, shape.samples - 1)}, {shape.samples}")
    even = writer.value(f"udiv i64 {writer.add(tiles, MOST_CHUNKS - 1)}, {MOST_CHUNKS}")
    share = _maximum(writer, even, shape.chunk)
    full = writer.value(f"udiv i64 {writer.add(tiles, writer.add(share, -1))}, {share}")
    chunks = _maximum(writer, full, 1)
    leads = writer.value("icmp eq i64 %thread, 0")
    for place, phase in enumerate(codegen.loops.phases):
        if phase.shared:
            with writer.when(leads):
                call_units(writer, f"shared{place}")
            barrier(writer)
        if phase.tiled or phase.tile_outputs:
            _write_chunks(writer, codegen, place, (chunks, share, tiles), polls=polls)
            barrier(writer)
        if phase.sums[1] > phase.sums[0]:
            with writer.when(leads):
                _write_total(writer, codegen, phase, chunks)
            barrier(writer)
    return writer.text()


def _maximum(writer: Writer, a: Index, b: int) -> str:
    writer.library.declare("@llvm.umax.i64", "declare i64 @llvm.umax.i64(i64, i64)")
    return writer.value(f"call i64 @llvm.umax.i64(i64 {a}, i64 {b})")


def _write_chunks(
    writer: Writer,
    codegen: CodegenContext,
    place: int,
    numbers: tuple[Index, Index, Index],
    *,
    polls: bool,
) -> None:
    """Append the loop over the chunks that fall to this thread."""
    chunks, share, tiles = numbers
    distance = codegen.loops.sizes["sums"] * codegen.tile.bytes
    with writer.loop(chunks, start="%thread", step="%threads", maybe_empty=True) as turn:
        if polls:
            # The first chunk of a batch comes right after the batch itself, which is counted too.
            more = writer.value(f"icmp ne i64 {turn.index}, 0")
            leads = writer.value("icmp eq i64 %thread, 0")
            with writer.when(writer.value(f"and i1 {more}, {leads}")):
                poll(writer)
            writer.leave_loop(turn, stopped(writer))
        partial = writer.offset("%sums", writer.mul(turn.index, distance))
        begin = writer.mul(turn.index, share)
        end = writer.minimum(writer.add(begin, share), tiles)
        writer.do(
            f"call void @tiles{place}(ptr %context, ptr %scratch, ptr {partial}, "
            f"i64 {begin}, i64 {end})"
        )


def _write_total(writer: Writer, codegen: CodegenContext, phase: Phase, chunks: Index) -> None:
    """Append the sum of the chunks' parts, in the order of the chunks, into the first one's."""
    size, kind = codegen.tile.bytes, codegen.scalar
    distance = codegen.loops.sizes["sums"] * size
    start, stop = phase.sums
    with writer.loop(chunks, start=1, maybe_empty=True) as chunk:
        part = writer.offset("%sums", writer.mul(chunk.index, distance))
        with writer.loop(stop, start=start) as turn:
            moved = writer.mul(turn.index, size)
            total = writer.offset("%sums", moved)
            old = writer.load(kind, total, size)
            new = writer.load(kind, writer.offset(part, moved), size)
            writer.store(kind, writer.value(f"fadd {kind} {old}, {new}"), total, size)


def _write_shared_outputs(writer: Writer, codegen: CodegenContext, *, watched: bool) -> None:
    outputs = str(slot(writer, "OUTPUTS", "ptr"))
    for number, output in enumerate(codegen.program.outputs):
        array = output.array
        if array in codegen.loops.batched_outputs:
            continue
        target = writer.load("ptr", writer.offset(outputs, 24 * number), 8)
        size, source = codegen.program.arrays[array].size, codegen.start(writer, array)
        if watched and is_derivative(output):
            watched_copy(writer, codegen, source, target, size)
        else:
            writer.copy(source, target, size * codegen.tile.bytes)

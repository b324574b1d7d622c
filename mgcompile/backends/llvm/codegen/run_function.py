"""Write the functions that run all phases: threads share chunks, and add them up in order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mgcompile.backends.llvm.abi.context import slot
from mgcompile.backends.llvm.codegen.memory_spaces import areas
from mgcompile.backends.llvm.codegen.nan_watch import is_derivative, watched_copy
from mgcompile.backends.llvm.codegen.signal_poll import poll, stopped
from mgcompile.backends.llvm.codegen.team import (
    barrier,
    begin_together,
    left,
    next_chunk,
    own_range,
)
from mgcompile.backends.llvm.codegen.tile_loop import call_units
from mgcompile.backends.llvm.ir.function_builder import Writer

if TYPE_CHECKING:
    from mgcompile.backends.llvm.codegen.codegen_context import CodegenContext
    from mgcompile.backends.llvm.ir.function_builder import Index
    from mgcompile.backends.llvm.ir.vector_type import Kind
    from mgcompile.schedule.ir import LoopProgram

__all__ = [
    "MOST_CHUNKS",
    "RUN",
    "begin_phases",
    "most_chunks",
    "phases_function",
    "run_function",
    "run_phases",
]

RUN = "mg_run"
"""The function ``void mg_run(ptr context, ptr scratch, i64 thread, i64 threads)``."""

MOST_CHUNKS = 16
"""Chunks that a batch is summed in, at most, whatever the number of threads."""

MOST_UNSUMMED = 128
"""The same where nothing is summed: the last one that a thread waits for is then short."""

_THREAD = ("ptr %context", "ptr %scratch", "i64 %thread", "i64 %threads")

_CHAINS = 4
"""Vectors of a total that are added up side by side, so that no addition waits for another."""


def most_chunks(loops: LoopProgram) -> int:
    """Return how many chunks a batch has at most."""
    return MOST_CHUNKS if loops.sizes["sums"] else MOST_UNSUMMED


def run_function(codegen: CodegenContext, *, internal: bool = False) -> str:
    """Write the function that runs the program once and hands over what is not batched."""
    writer = Writer(codegen.library, RUN, _THREAD, internal=internal)
    begin_together(writer)
    areas(writer, codegen)
    begin_phases(writer)
    run_phases(writer)
    with writer.when(writer.value("icmp eq i64 %thread, 0")):
        _write_shared_outputs(writer, codegen, watched=not internal)
    left(writer)
    return writer.text()


def begin_phases(writer: Writer) -> None:
    """Append, at a function's beginning, what it needs to run phases, once or again and again."""
    writer.do("%begun = alloca i64, align 8")
    writer.store("i64", "0", "%begun", 8)


def run_phases(writer: Writer) -> None:
    """Append a run of all phases."""
    writer.do(f"call void @phases({', '.join(_THREAD)}, ptr %begun)")


def phases_function(codegen: CodegenContext, *, polls: bool) -> str:
    """Write the function that runs all phases; threads share the chunks of each among them.

    What ``%begun`` points to counts the chunks of all phases so far, for each thread by itself.
    When the function `polls` signals, it may end with chunks left out (see `signal_poll`).
    """
    writer = Writer(codegen.library, "phases", (*_THREAD, "ptr %begun"))
    areas(writer, codegen)
    shape = codegen.tile
    count = slot(writer, "COUNT")
    writer.do("%partial = getelementptr i8, ptr %sums, i64 0")
    writer.do("%store = getelementptr i8, ptr %scratch, i64 0")  # shared code never reads it
    number = writer.value(f"uitofp i64 {count} to {codegen.scalar}")
    writer.store(codegen.scalar, number, "%samples", shape.bytes)
    tiles = writer.value(f"udiv i64 {writer.add(count, shape.samples - 1)}, {shape.samples}")
    most = most_chunks(codegen.loops)
    even = writer.value(f"udiv i64 {writer.add(tiles, most - 1)}, {most}")
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
            begun = writer.load("i64", "%begun", 8)
            with writer.when(writer.value(f"icmp ult i64 %thread, {chunks}")):
                _write_chunks(writer, codegen, place, (chunks, share, tiles, begun), polls=polls)
            writer.store("i64", str(writer.add(begun, chunks)), "%begun", 8)
            barrier(writer)
        if phase.sums[1] > phase.sums[0]:
            with writer.when(writer.value(f"icmp ugt i64 {chunks}, 1")):
                _write_totals(writer, codegen, phase.sums, chunks)
                barrier(writer)
    return writer.text()


def _maximum(writer: Writer, a: Index, b: int) -> str:
    writer.library.declare("@llvm.umax.i64", "declare i64 @llvm.umax.i64(i64, i64)")
    return writer.value(f"call i64 @llvm.umax.i64(i64 {a}, i64 {b})")


def _write_chunks(
    writer: Writer,
    codegen: CodegenContext,
    place: int,
    numbers: tuple[Index, Index, Index, Index],
    *,
    polls: bool,
) -> None:
    """Append the loop over the chunks that fall to this thread, one at least.

    Each thread fails once to get another chunk, so that `CLAIMS` grows by the number of chunks: by
    those that are nobody's first, and by one for each thread that had a first one.
    """
    chunks, share, tiles, begun = numbers
    distance = codegen.loops.sizes["sums"] * codegen.tile.bytes
    with writer.repeat(("i64", "%thread")) as turn:
        chunk = turn.values[0]
        if polls:
            # The first chunk of a batch comes right after the batch itself, which is counted too.
            more = writer.value(f"icmp ne i64 {chunk}, 0")
            leads = writer.value("icmp eq i64 %thread, 0")
            with writer.when(writer.value(f"and i1 {more}, {leads}")):
                poll(writer)
            writer.leave_loop(turn, stopped(writer))
        partial = writer.offset("%sums", writer.mul(chunk, distance))
        begin = writer.mul(chunk, share)
        end = writer.minimum(writer.add(begin, share), tiles)
        writer.do(
            f"call void @tiles{place}(ptr %context, ptr %scratch, ptr {partial}, "
            f"i64 {begin}, i64 {end})"
        )
        following = next_chunk(writer, chunk, begun)
        writer.leave_loop(turn, writer.value(f"icmp uge i64 {following}, {chunks}"))
        turn.following = [following]


def _write_totals(
    writer: Writer, codegen: CodegenContext, sums: tuple[int, int], chunks: Index
) -> None:
    """Append the sums of the chunks' parts, in the order of the chunks, into the first one's.

    Threads share the sums among them: each adds up all parts of its own.
    """
    start, stop = sums
    unit = _CHAINS * codegen.tile.width
    whole = (stop - start) // unit * unit
    if whole:
        first, last = own_range(writer, whole, unit)
        first, last = writer.add(first, start), writer.add(last, start)
        with writer.loop(last, start=first, step=unit, maybe_empty=True) as turn:
            _write_total(writer, codegen, (codegen.vector, _CHAINS), turn.index, chunks)
    if start + whole < stop:
        with (
            writer.when(writer.value("icmp eq i64 %thread, 0")),
            writer.loop(stop, start=start + whole) as turn,
        ):
            _write_total(writer, codegen, (codegen.scalar, 1), turn.index, chunks)


def _write_total(
    writer: Writer, codegen: CodegenContext, what: tuple[Kind, int], element: Index, chunks: Index
) -> None:
    """Append the sums of the parts of some vectors, of a kind, from an element on."""
    (kind, vectors), size = what, codegen.tile.bytes
    places = [writer.offset("%sums", writer.mul(element, size))]
    places += [writer.offset(places[0], k * kind.lanes * size) for k in range(1, vectors)]
    distance = codegen.loops.sizes["sums"] * size
    carried = [(str(kind), writer.load(kind, place, size)) for place in places]
    with writer.loop(chunks, start=1, carried=carried) as chunk:
        moved = writer.mul(chunk.index, distance)
        parts = [writer.load(kind, writer.offset(place, moved), size) for place in places]
        chunk.following = [
            writer.value(f"fadd {kind} {total}, {part}")
            for total, part in zip(chunk.values, parts, strict=True)
        ]
    for place, total in zip(places, chunk.values, strict=True):
        writer.store(kind, total, place, size)


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

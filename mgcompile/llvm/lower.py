"""Lower a whole program to one LLVM module: functions for each phase, one that runs them all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen

from mgcompile.llvm.areas import areas, scratch_offsets
from mgcompile.llvm.axes import without_single_axes
from mgcompile.llvm.barrier import barrier, barrier_function
from mgcompile.llvm.context import slot
from mgcompile.llvm.entry import ENTER, entry_function, has_entry
from mgcompile.llvm.frame import AREAS, Frame, Shape, Tables
from mgcompile.llvm.fuse import Group, is_heavy
from mgcompile.llvm.library import Library
from mgcompile.llvm.listening import heed, heed_function, stopped
from mgcompile.llvm.memory import Layout, PlannedPhase, plan
from mgcompile.llvm.outer import outer_function
from mgcompile.llvm.placing import placed
from mgcompile.llvm.scatter import clear
from mgcompile.llvm.side_by_side import TOGETHER
from mgcompile.llvm.statements import write_units
from mgcompile.llvm.target import host_target
from mgcompile.llvm.training import train_function
from mgcompile.llvm.transfer import input_function, output_function
from mgcompile.llvm.updating import left_to_update
from mgcompile.llvm.vm.machine import write_machines
from mgcompile.llvm.vm.opcodes import Opcodes
from mgcompile.llvm.vm.tapes import needs_machine, unused_rows
from mgcompile.llvm.wide import BLOCK
from mgcompile.llvm.writer import Writer
from mgcompile.program import Tape

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mgcompile.backend import Rule
    from mgcompile.llvm.fuse import Unit
    from mgcompile.llvm.library import Import
    from mgcompile.llvm.writer import Index
    from mgcompile.program import Program

__all__ = ["RUN", "TRAIN", "Lowered", "lower"]

RUN = "mg_run"
"""The function ``void mg_run(ptr context, ptr scratch, i64 thread, i64 threads)``."""

TRAIN = "mg_train"
"""The function ``void mg_train(ptr context, ptr scratch, i64 thread, i64 threads, ptr course)``."""

# LLVM's time grows faster than a function does; beyond this many lines another one is begun.
_LONG_FUNCTION = 3_000

CACHE_BYTES = 24 * 1024
"""What a tile's arrays may take so that they stay in the first-level cache."""

PASSING_BYTES = 10 * 1024
"""The same where all is functions and arithmetic: what passes through takes much of the cache."""

MACHINE_BYTES = 2 << 20
"""The same where a tape is run by the machine."""

STREAM_BYTES = 8 * 1024 * 1024
"""What a tile's arrays may take when most of them are passed through once, in order."""

MOST_VECTORS = 16
"""The vectors of samples in a tile, at most: more no longer saves loop overhead."""

CHUNK_TILES = 16
MOST_CHUNKS = 16
"""A batch is summed in at most 16 chunks of at least 16 tiles, whatever the number of threads."""


@frozen
class Lowered:
    """A program as IR text, and what is needed to call it.

    ``entries`` names the functions that can be called, ``imports`` those that are called.
    """

    program: Program
    layout: Layout
    shape: Shape
    tables: NDArray[np.int32]
    text: str
    entries: tuple[str, ...]
    imports: dict[str, Import]

    @property
    def scratch_bytes(self) -> int:
        """The memory that each thread needs for itself."""
        return scratch_offsets(self.layout, self.shape)["end"]


def choose_shape(
    layout: Layout, dtype: str, width: int, *, machine: bool = False, unused: int = 0
) -> Shape:
    """Choose the number of samples of a tile: as many as the first-level cache has room for.

    Where the machine for tapes is at work, its cost for each step counts for more than the cache;
    of the tile's elements it never touches those `unused`.
    """
    copied = 0 if layout.in_place else layout.sizes["inputs"]
    elements = max(1, copied + layout.sizes["tile"] - unused)
    worked_on = max(1, elements - layout.streamed)
    item = 8 if dtype == "float64" else 4
    vectors, wide = MOST_VECTORS, any(phase.wide for phase in layout.phases)
    if wide:
        vectors = min(vectors, BLOCK // width)
    least, most_bytes, fewer = 2, CACHE_BYTES, 2
    if machine:
        least, most_bytes = 4, MACHINE_BYTES
    elif not wide and _only_functions(layout):
        least, most_bytes, fewer = TOGETHER, PASSING_BYTES, TOGETHER
    while vectors > least and (
        worked_on * vectors * width * item > most_bytes
        or elements * vectors * width * item > STREAM_BYTES
    ):
        vectors -= fewer
    while wide and BLOCK % (vectors * width):
        vectors -= 2  # a block is made of whole tiles
    return Shape(dtype, width, vectors * width)


def _only_functions(layout: Layout) -> bool:
    """Tell whether tiles go through elementwise loops alone, functions among them."""
    units = [unit for phase in layout.phases for unit in phase.tiled]
    groups = [unit for unit in units if isinstance(unit, Group)]
    return len(groups) == len(units) and any(is_heavy(group) for group in groups)


def lower(program: Program, dtype: str, rule: Rule | None = None) -> Lowered:
    """Lower a verified program.

    Args:
        program: the program.
        dtype: "float64" or "float32".
        rule: an optimiser's update, for a loss_and_grad program that is to be trained.

    Returns:
        The module's text and the layout that its callers have to provide memory for.
    """
    library = Library(host_target())
    ready = placed(without_single_axes(program))
    layout, program = plan(ready), ready.program
    machine = any(isinstance(s, Tape) and needs_machine(s) for s in program.statements)
    unused = unused_rows(program)
    lanes = library.target.lanes(dtype)
    shape = choose_shape(layout, dtype, lanes, machine=machine, unused=unused)
    left = left_to_update(ready, layout, rule)
    frame = Frame(program, layout, shape, Tables(), library, Opcodes(), machine=machine)
    functions = [input_function(frame)]
    for number, array in enumerate(output.array for output in program.outputs):
        if array in layout.batched_outputs:
            functions.append(output_function(frame, number, array))
    for number, phase in enumerate(layout.phases):
        functions += _units_functions(frame, f"shared{number}", phase.shared)
        functions += _units_functions(frame, f"tile{number}", phase.tiled)
        updates = left is not None and bool(phase.wide)
        functions.append(_tiles_function(frame, number, phase, updates=updates))
        if phase.wide:
            functions.append(
                outer_function(frame, f"outer{number}", phase, rule if updates else None)
            )
    functions.append(barrier_function(library))
    functions.append(_phases_function(frame, heeds=rule is not None))
    entries: tuple[str, ...] = (TRAIN,)
    if rule is not None:
        functions.append(heed_function(library))
        functions.append(train_function(frame, TRAIN, rule, left))
    else:
        functions.append(_run_function(frame))
        entries = (RUN,)
        if has_entry(frame):
            functions.append(entry_function(frame, RUN))
            entries = (RUN, ENTER)
    write_machines(frame)
    text = "\n\n".join([*functions, library.text()])
    tables = frame.tables.array()
    return Lowered(program, layout, shape, tables, text, entries, library.imports)


def _arguments() -> list[str]:
    return [f"ptr %{area}" for area in AREAS] + ["i64 %lane_bytes", "i64 %real_bytes"]


def _units_functions(frame: Frame, name: str, block: tuple[Unit, ...]) -> list[str]:
    """Write units as the function `name`; where they are many, each part calls the next."""
    writer = _units_writer(frame, name)
    parts = [writer]
    cleared: set[int] = set()
    for unit in block:
        if len(writer.lines) > _LONG_FUNCTION:
            following = f"{name}_part{len(parts)}"
            writer.do(f"call void @{following}({', '.join(_arguments())})")
            writer = _units_writer(frame, following)
            parts.append(writer)
        write_units(writer, frame, (unit,), cleared)
    for part in parts:
        part.do("ret void")
    return [part.text() for part in parts]


def _units_writer(frame: Frame, name: str) -> Writer:
    return Writer(frame.library, name, _arguments(), spills=True)


def _call(writer: Writer, name: str, **known: Index) -> None:
    """Append a call of a function of units; areas not named have their own register."""
    values = [f"ptr {known.get(area, f'%{area}')}" for area in AREAS]
    values += [f"i64 {known.get(name, 0)}" for name in ("lane_bytes", "real_bytes")]
    writer.do(f"call void @{name}({', '.join(values)})")


def _clear_sums(writer: Writer, frame: Frame, phase: PlannedPhase, *, updates: bool) -> None:
    """Append the code that sets a chunk's sums to zero.

    Where wide products update the parameters, all of the gradient that is summed has been cleared
    before.
    """
    size, (start, stop) = frame.shape.bytes, phase.sums

    def clear_range(first: int, last: int) -> None:
        if first < last:
            clear(writer, writer.offset("%partial", first * size), (last - first) * size)

    if not updates:
        clear_range(start, stop)
        return
    gradient = frame.program.output("param_gradient")
    first = frame.layout.places[gradient].offset
    last = first + frame.program.arrays[gradient].size
    clear_range(start, min(first, stop))
    clear_range(max(last, start), stop)
    with writer.when(writer.value(f"icmp eq i64 {slot(writer, 'UPDATES')}, 0")):
        clear_range(max(first, start), min(last, stop))


def _tiles_function(
    frame: Frame, number: int, phase: PlannedPhase, *, updates: bool = False
) -> str:
    """Write the loop over the tiles of one chunk of the batch."""
    signature = ["ptr %context", "ptr %scratch", "ptr %partial", "i64 %begin", "i64 %end"]
    writer = Writer(frame.library, f"tiles{number}", signature)
    areas(writer, frame)
    shape = frame.shape
    if phase.sums[1] > phase.sums[0]:
        _clear_sums(writer, frame, phase, updates=updates)
    if not phase.wide:
        _write_tiles(writer, frame, number, phase, ("%begin", "%end"))
    else:
        tiles = BLOCK // shape.tile
        with writer.loop("%end", start="%begin", step=tiles, maybe_empty=True) as turn:
            end = writer.minimum(writer.add(turn.index, tiles), "%end")
            _write_tiles(writer, frame, number, phase, (turn.index, end))
            first = writer.mul(turn.index, shape.tile)
            left = writer.value(f"sub i64 {slot(writer, 'COUNT')}, {first}")
            samples = writer.minimum(left, BLOCK)
            writer.do(
                f"call void @outer{number}(ptr %context, ptr %block, ptr %turned, ptr %panel, "
                f"ptr %partial, i64 {first}, i64 {samples})"
            )
    writer.do("ret void")
    return writer.text()


def _write_tiles(
    writer: Writer, frame: Frame, number: int, phase: PlannedPhase, bounds: tuple[Index, Index]
) -> None:
    """Append the loop over tiles: inputs in, the units, outputs out."""
    shape, layout = frame.shape, frame.layout
    count = slot(writer, "COUNT")
    store = str(slot(writer, "STORE", "ptr"))
    with writer.loop(bounds[1], start=bounds[0], maybe_empty=True) as turn:
        first = writer.mul(turn.index, shape.tile)
        real = writer.minimum(writer.value(f"sub i64 {count}, {first}"), shape.tile)
        real_bytes = writer.mul(real, shape.bytes)
        unit = (2 if frame.machine else 1) * shape.width * shape.bytes
        up = writer.add(real_bytes, unit - 1)
        lane_bytes = writer.value(f"and i64 {up}, {-unit}")
        if phase.needs_inputs:
            writer.do(
                f"call void @load_inputs(ptr %context, ptr %inputs, i64 {first}, "
                f"i64 {lane_bytes}, i64 {real_bytes})"
            )
        own = {
            "store": _of_tile(writer, frame, "store", store, turn.index),
            "block": "%block",
        }
        if phase.wide:
            in_block = writer.value(f"sub i64 {turn.index}, {bounds[0]}")
            own["block"] = _of_tile(writer, frame, "block", "%block", in_block)
        sizes = {"lane_bytes": lane_bytes, "real_bytes": real_bytes}
        _call(writer, f"tile{number}", **own, **sizes)
        for output, array in enumerate(each.array for each in frame.program.outputs):
            if array in phase.tile_outputs:
                base = layout.places[array].base
                register = own.get(base, f"%{base}")
                writer.do(
                    f"call void @store_output{output}(ptr %context, ptr {register}, "
                    f"i64 {first}, i64 {real_bytes})"
                )


def _of_tile(writer: Writer, frame: Frame, area: str, start: str, number: Index) -> str:
    """Return where the part of an area begins that belongs to a tile."""
    distance = frame.layout.sizes[area] * frame.shape.tile * frame.shape.bytes
    return writer.offset(start, writer.mul(number, distance))


_THREAD = ("ptr %context", "ptr %scratch", "i64 %thread", "i64 %threads")


def _run_function(frame: Frame) -> str:
    """Write the function that runs the program once and hands over what is not batched."""
    writer = Writer(frame.library, RUN, _THREAD, internal=False)
    areas(writer, frame)
    writer.do(f"call void @phases({', '.join(_THREAD)})")
    with writer.when(writer.value("icmp eq i64 %thread, 0")):
        _write_shared_outputs(writer, frame)
    writer.do("ret void")
    return writer.text()


def _phases_function(frame: Frame, *, heeds: bool) -> str:
    """Write the function that runs all phases; threads share the chunks of each among them.

    When it `heeds` signals, it may end with chunks left out (see `listening`).
    """
    writer = Writer(frame.library, "phases", _THREAD)
    areas(writer, frame)
    shape = frame.shape
    count = slot(writer, "COUNT")
    writer.do("%partial = getelementptr i8, ptr %sums, i64 0")
    writer.do("%store = getelementptr i8, ptr %scratch, i64 0")  # shared code never reads it
    number = writer.value(f"uitofp i64 {count} to {shape.scalar}")
    writer.store(shape.scalar, number, "%samples", shape.bytes)
    tiles = writer.value(f"udiv i64 {writer.add(count, shape.tile - 1)}, {shape.tile}")
    even = writer.value(f"udiv i64 {writer.add(tiles, MOST_CHUNKS - 1)}, {MOST_CHUNKS}")
    share = _maximum(writer, even, CHUNK_TILES)
    full = writer.value(f"udiv i64 {writer.add(tiles, writer.add(share, -1))}, {share}")
    chunks = _maximum(writer, full, 1)
    leads = writer.value("icmp eq i64 %thread, 0")
    for place, phase in enumerate(frame.layout.phases):
        if phase.shared:
            with writer.when(leads):
                _call(writer, f"shared{place}")
            barrier(writer)
        if phase.tiled or phase.tile_outputs:
            _write_chunks(writer, frame, place, (chunks, share, tiles), heeds=heeds)
            barrier(writer)
        if phase.sums[1] > phase.sums[0]:
            with writer.when(leads):
                _write_total(writer, frame, phase, chunks)
            barrier(writer)
    writer.do("ret void")
    return writer.text()


def _maximum(writer: Writer, a: Index, b: int) -> str:
    writer.library.declare("@llvm.umax.i64", "declare i64 @llvm.umax.i64(i64, i64)")
    return writer.value(f"call i64 @llvm.umax.i64(i64 {a}, i64 {b})")


def _write_chunks(
    writer: Writer,
    frame: Frame,
    place: int,
    numbers: tuple[Index, Index, Index],
    *,
    heeds: bool,
) -> None:
    """Append the loop over the chunks that fall to this thread."""
    chunks, share, tiles = numbers
    distance = frame.layout.sizes["sums"] * frame.shape.bytes
    name = writer.fresh("chunks")
    some = writer.value(f"icmp ult i64 %thread, {chunks}")
    origin = writer.label
    writer.do(f"br i1 {some}, label %{name}, label %{name}.end")
    writer.begin(name)
    index = f"%{name}.i"
    following = f"%{name}.next"
    first = len(writer.lines)
    if heeds:
        # The first chunk of a batch comes right after the batch itself, which is counted too.
        more = writer.value(f"icmp ne i64 {index}, 0")
        leads = writer.value("icmp eq i64 %thread, 0")
        with writer.when(writer.value(f"and i1 {more}, {leads}")):
            heed(writer)
        end_early = stopped(writer)
        writer.do(f"br i1 {end_early}, label %{name}.end, label %{name}.work")
        writer.begin(f"{name}.work")
    partial = writer.offset("%sums", writer.mul(index, distance))
    begin = writer.mul(index, share)
    end = writer.minimum(writer.add(begin, share), tiles)
    writer.do(
        f"call void @tiles{place}(ptr %context, ptr %scratch, ptr {partial}, "
        f"i64 {begin}, i64 {end})"
    )
    writer.do(f"{following} = add i64 {index}, %threads")
    phi = f"  {index} = phi i64 [ %thread, %{origin} ], [ {following}, %{writer.label} ]"
    writer.lines.insert(first, phi)
    again = writer.value(f"icmp ult i64 {following}, {chunks}")
    writer.do(f"br i1 {again}, label %{name}, label %{name}.end")
    writer.begin(f"{name}.end")


def _write_total(writer: Writer, frame: Frame, phase: PlannedPhase, chunks: Index) -> None:
    """Append the sum of the chunks' parts, in the order of the chunks, into the first one's."""
    size, kind = frame.shape.bytes, frame.shape.scalar
    distance = frame.layout.sizes["sums"] * size
    start, stop = phase.sums
    with writer.loop(chunks, start=1, maybe_empty=True) as chunk:
        part = writer.offset("%sums", writer.mul(chunk.index, distance))
        with writer.loop(stop, start=start) as turn:
            moved = writer.mul(turn.index, size)
            total = writer.offset("%sums", moved)
            old = writer.load(kind, total, size)
            new = writer.load(kind, writer.offset(part, moved), size)
            writer.store(kind, writer.value(f"fadd {kind} {old}, {new}"), total, size)


def _write_shared_outputs(writer: Writer, frame: Frame) -> None:
    outputs = str(slot(writer, "OUTPUTS", "ptr"))
    writer.library.declare(
        "@llvm.memcpy.p0.p0.i64", "declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)"
    )
    for number, array in enumerate(output.array for output in frame.program.outputs):
        if array in frame.layout.batched_outputs:
            continue
        target = writer.load("ptr", writer.offset(outputs, 24 * number), 8)
        size = frame.program.arrays[array].size * frame.shape.bytes
        source = frame.start(writer, array)
        writer.do(
            f"call void @llvm.memcpy.p0.p0.i64(ptr {target}, ptr {source}, i64 {size}, i1 false)"
        )

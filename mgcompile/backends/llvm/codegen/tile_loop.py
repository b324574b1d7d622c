"""Write the functions of a phase: its units, and the loop over the tiles of a chunk."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mgcompile.backends.llvm.abi.context import slot
from mgcompile.backends.llvm.codegen.codegen_context import MEMORY_SPACES
from mgcompile.backends.llvm.codegen.memory_spaces import areas
from mgcompile.backends.llvm.codegen.scatter import clear
from mgcompile.backends.llvm.codegen.statement import write_units
from mgcompile.backends.llvm.ir.function_builder import Writer
from mgcompile.schedule.ir import BLOCK

if TYPE_CHECKING:
    from mgcompile.backends.llvm.codegen.codegen_context import CodegenContext
    from mgcompile.backends.llvm.ir.function_builder import Index
    from mgcompile.schedule.ir import Phase, Unit

__all__ = ["call_units", "tiles_function", "units_functions"]

# LLVM's time grows faster than a function does; beyond this many lines another one is begun.
_LONG_FUNCTION = 3_000


def _arguments() -> list[str]:
    return [f"ptr %{area}" for area in MEMORY_SPACES] + ["i64 %lane_bytes", "i64 %real_bytes"]


def units_functions(codegen: CodegenContext, name: str, block: tuple[Unit, ...]) -> list[str]:
    """Write units as the function `name`; where they are many, each part calls the next."""
    writer = _units_writer(codegen, name)
    parts = [writer]
    cleared: set[int] = set()
    for unit in block:
        if len(writer.lines) > _LONG_FUNCTION:
            following = f"{name}_part{len(parts)}"
            writer.do(f"call void @{following}({', '.join(_arguments())})")
            writer = _units_writer(codegen, following)
            parts.append(writer)
        write_units(writer, codegen, (unit,), cleared)
    return [part.text() for part in parts]


def _units_writer(codegen: CodegenContext, name: str) -> Writer:
    return Writer(codegen.library, name, _arguments(), spills=True)


def call_units(writer: Writer, name: str, **known: Index) -> None:
    """Append a call of a function of units; areas not named have their own register."""
    values = [f"ptr {known.get(area, f'%{area}')}" for area in MEMORY_SPACES]
    values += [f"i64 {known.get(name, 0)}" for name in ("lane_bytes", "real_bytes")]
    writer.do(f"call void @{name}({', '.join(values)})")


def _clear_sums(writer: Writer, codegen: CodegenContext, phase: Phase, *, updates: bool) -> None:
    """Append the code that sets a chunk's sums to zero.

    Where wide products update the parameters, all of the gradient that is summed has been cleared
    before.
    """
    size, (start, stop) = codegen.tile.bytes, phase.sums

    def clear_range(first: int, last: int) -> None:
        if first < last:
            clear(writer, writer.offset("%partial", first * size), (last - first) * size)

    if not updates:
        clear_range(start, stop)
        return
    gradient = codegen.program.output("param_gradient")
    first = codegen.loops.places[gradient].offset
    last = first + codegen.program.arrays[gradient].size
    clear_range(start, min(first, stop))
    clear_range(max(last, start), stop)
    with writer.when(writer.value(f"icmp eq i64 {slot(writer, 'UPDATES')}, 0")):
        clear_range(max(first, start), min(last, stop))


def tiles_function(
    codegen: CodegenContext, number: int, phase: Phase, *, updates: bool = False
) -> str:
    """Write the loop over the tiles of one chunk of the batch."""
    signature = ["ptr %context", "ptr %scratch", "ptr %partial", "i64 %begin", "i64 %end"]
    writer = Writer(codegen.library, f"tiles{number}", signature)
    areas(writer, codegen)
    shape = codegen.tile
    if phase.sums[1] > phase.sums[0]:
        _clear_sums(writer, codegen, phase, updates=updates)
    if not phase.weight_gradients:
        _write_tiles(writer, codegen, number, phase, ("%begin", "%end"))
    else:
        tiles = BLOCK // shape.samples
        with writer.loop("%end", start="%begin", step=tiles, maybe_empty=True) as turn:
            end = writer.minimum(writer.add(turn.index, tiles), "%end")
            _write_tiles(writer, codegen, number, phase, (turn.index, end))
            first = writer.mul(turn.index, shape.samples)
            left = writer.value(f"sub i64 {slot(writer, 'COUNT')}, {first}")
            samples = writer.minimum(left, BLOCK)
            writer.do(
                f"call void @outer{number}(ptr %context, ptr %block, ptr %turned, ptr %panel, "
                f"ptr %partial, i64 {first}, i64 {samples})"
            )
    return writer.text()


def _write_tiles(
    writer: Writer, codegen: CodegenContext, number: int, phase: Phase, bounds: tuple[Index, Index]
) -> None:
    """Append the loop over tiles: inputs in, the units, outputs out."""
    shape, layout = codegen.tile, codegen.loops
    count = slot(writer, "COUNT")
    store = str(slot(writer, "STORE", "ptr"))
    with writer.loop(bounds[1], start=bounds[0], maybe_empty=True) as turn:
        first = writer.mul(turn.index, shape.samples)
        real = writer.minimum(writer.value(f"sub i64 {count}, {first}"), shape.samples)
        real_bytes = writer.mul(real, shape.bytes)
        unit = codegen.filled_up_to * shape.width * shape.bytes
        up = writer.add(real_bytes, unit - 1)
        rounded = writer.value(f"and i64 {up}, {-unit}")
        lane_bytes = real_bytes if codegen.one_sample else rounded
        if phase.needs_inputs:
            writer.do(
                f"call void @load_inputs(ptr %context, ptr %inputs, i64 {first}, "
                f"i64 {lane_bytes}, i64 {real_bytes})"
            )
        own = {
            "store": _of_tile(writer, codegen, "store", store, turn.index),
            "block": "%block",
        }
        if phase.weight_gradients:
            in_block = writer.value(f"sub i64 {turn.index}, {bounds[0]}")
            own["block"] = _of_tile(writer, codegen, "block", "%block", in_block)
        sizes = {"lane_bytes": lane_bytes, "real_bytes": real_bytes}
        call_units(writer, f"tile{number}", **own, **sizes)
        for output, array in enumerate(each.array for each in codegen.program.outputs):
            if array in phase.tile_outputs:
                base = layout.places[array].space
                register = own.get(base, f"%{base}")
                writer.do(
                    f"call void @store_output{output}(ptr %context, ptr {register}, "
                    f"i64 {first}, i64 {real_bytes})"
                )


def _of_tile(writer: Writer, codegen: CodegenContext, area: str, start: str, number: Index) -> str:
    """Return where the part of an area begins that belongs to a tile."""
    distance = codegen.loops.sizes[area] * codegen.tile.samples * codegen.tile.bytes
    return writer.offset(start, writer.mul(number, distance))

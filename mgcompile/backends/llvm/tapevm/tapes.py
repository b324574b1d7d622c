"""Write the call that runs a tape."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mgcompile.backends.llvm.codegen.codegen_context import AREAS
from mgcompile.backends.llvm.tapevm.machine import machine_name
from mgcompile.backends.llvm.tapevm.stream import write_stream

if TYPE_CHECKING:
    from mgcompile.backends.llvm.codegen.codegen_context import Frame
    from mgcompile.backends.llvm.ir.function_builder import Writer
    from mgcompile.program.ir import Tape

__all__ = ["run_tape"]


def run_tape(writer: Writer, frame: Frame, tape: Tape) -> None:
    """Append the run of a tape by the machine, which `write_machines` adds in the end."""
    kept = frame.loops.live_outs[tape.result]
    stream = write_stream(tape, frame.loops.places, kept, frame.opcodes)
    name = machine_name(batched=frame.batched(tape.result))
    code = writer.offset("%tables", 4 * frame.tables.add(stream))
    areas = ", ".join(f"ptr %{area}" for area in AREAS)
    writer.do(f"call void @{name}({areas}, i64 %lane_bytes, ptr {code})")

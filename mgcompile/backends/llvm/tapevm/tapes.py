"""Write the call that runs a tape."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mgcompile.backends.llvm.codegen.codegen_context import MEMORY_SPACES
from mgcompile.backends.llvm.tapevm.machine import machine_name
from mgcompile.backends.llvm.tapevm.stream import write_stream

if TYPE_CHECKING:
    from mgcompile.backends.llvm.codegen.codegen_context import CodegenContext
    from mgcompile.backends.llvm.ir.function_builder import Writer
    from mgcompile.program.ir import Tape

__all__ = ["run_tape"]


def run_tape(writer: Writer, codegen: CodegenContext, tape: Tape) -> None:
    """Append the run of a tape by the machine, which `write_machines` adds in the end."""
    kept = codegen.loops.live_outs[tape.result]
    stream = write_stream(tape, codegen.loops.places, kept, codegen.opcodes)
    name = machine_name(batched=codegen.batched(tape.result))
    code = writer.offset("%tables", 4 * codegen.tables.add(stream))
    areas = ", ".join(f"ptr %{area}" for area in MEMORY_SPACES)
    writer.do(f"call void @{name}({areas}, i64 %lane_bytes, ptr {code})")

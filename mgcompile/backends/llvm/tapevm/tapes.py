"""Write the call that runs a tape."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mgcompile.backends.llvm.codegen.codegen_context import AREAS
from mgcompile.backends.llvm.tapevm.machine import machine_name
from mgcompile.backends.llvm.tapevm.rows import rows_in_use
from mgcompile.backends.llvm.tapevm.stream import write_stream
from mgcompile.program.ir import Tape

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from mgcompile.backends.llvm.codegen.codegen_context import Frame
    from mgcompile.backends.llvm.ir.function_builder import Writer
    from mgcompile.program.ir import Program

__all__ = ["needs_machine", "run_tape", "unused_rows"]

LONGEST_WRITTEN = 64
"""Instructions written out as code. A longer tape is run by the machine, which is as fast."""


MOST_READ = 4 * LONGEST_WRITTEN
"""Operands of the instructions written out, of which a single sum may have any number."""


def needs_machine(tape: Tape) -> bool:
    """Tell whether a tape is too long for code of its own, or reads too much."""
    return len(tape.code) > LONGEST_WRITTEN or len(tape.operand) > MOST_READ


def run_tape(writer: Writer, frame: Frame, tape: Tape) -> None:
    """Append the run of a tape by the machine, which `write_machines` adds in the end."""
    kept = frame.kept[tape.result]
    stream = write_stream(tape, frame.layout.places, kept, frame.opcodes)
    name = machine_name(batched=frame.batched(tape.result))
    code = writer.offset("%tables", 4 * frame.tables.add(stream))
    areas = ", ".join(f"ptr %{area}" for area in AREAS)
    writer.do(f"call void @{name}({areas}, i64 %lane_bytes, ptr {code})")


def unused_rows(program: Program, kept: Mapping[int, NDArray[np.bool_]]) -> int:
    """Return how many elements of the results of tapes on the machine are never touched.

    Args:
        program: the program.
        kept: which elements are read outside of their tape (see `kept_results`).
    """
    return sum(
        len(tape.code) - rows_in_use(tape, kept[tape.result])
        for tape in program.statements
        if isinstance(tape, Tape) and needs_machine(tape)
    )

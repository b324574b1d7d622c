"""Write the call that runs a tape."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mgcompile.llvm.frame import AREAS
from mgcompile.llvm.schedule import accesses
from mgcompile.llvm.vm.machine import machine_name
from mgcompile.llvm.vm.rows import rows_in_use
from mgcompile.llvm.vm.stream import write_stream
from mgcompile.program import Tape, map_elements

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mgcompile.llvm.frame import Frame
    from mgcompile.llvm.writer import Writer
    from mgcompile.program import Program

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
    kept = read_elements(frame.program, tape.result)
    stream = write_stream(tape, frame.layout.places, kept, frame.opcodes)
    name = machine_name(batched=frame.batched(tape.result))
    code = writer.offset("%tables", 4 * frame.tables.add(stream))
    areas = ", ".join(f"ptr %{area}" for area in AREAS)
    writer.do(f"call void @{name}({areas}, i64 %lane_bytes, ptr {code})")


def unused_rows(program: Program) -> int:
    """Return how many elements of the results of tapes on the machine are never touched."""
    return sum(
        len(tape.code) - rows_in_use(tape, read_elements(program, tape.result))
        for tape in program.statements
        if isinstance(tape, Tape) and needs_machine(tape)
    )


def read_elements(program: Program, array: int) -> NDArray[np.bool_]:
    """Return which elements of an array anything reads: a statement or the caller."""
    found = np.zeros(program.arrays[array].size, dtype=bool)
    if any(output.array == array for output in program.outputs):
        found[:] = True
    for access, domain in accesses(program):
        if access.array == array:
            found[map_elements(access.index, domain).ravel()] = True
    return found

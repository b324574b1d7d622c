"""Lower a whole program to one LLVM module: functions for each phase, one that runs them all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen

from mgcompile.llvm.areas import scratch_offsets
from mgcompile.llvm.axes import without_single_axes
from mgcompile.llvm.barrier import barrier_function
from mgcompile.llvm.entry import ENTER, entry_function, has_entry
from mgcompile.llvm.frame import Frame, Shape, Tables
from mgcompile.llvm.kept import kept_results
from mgcompile.llvm.library import Library
from mgcompile.llvm.listening import heed_function
from mgcompile.llvm.memory import Layout, plan
from mgcompile.llvm.outer import outer_function
from mgcompile.llvm.phases import RUN, phases_function, run_function
from mgcompile.llvm.placing import placed
from mgcompile.llvm.target import host_target
from mgcompile.llvm.tile_size import choose_shape
from mgcompile.llvm.tiles import tiles_function, units_functions
from mgcompile.llvm.training import train_function
from mgcompile.llvm.transfer import input_function, output_function
from mgcompile.llvm.updating import left_to_update
from mgcompile.llvm.vm.machine import write_machines
from mgcompile.llvm.vm.opcodes import Opcodes
from mgcompile.llvm.vm.tapes import needs_machine, unused_rows
from mgcompile.program import Tape

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mgcompile.backend import Rule
    from mgcompile.llvm.library import Import
    from mgcompile.program import Program

__all__ = ["TRAIN", "Lowered", "lower"]

TRAIN = "mg_train"
"""The function ``void mg_train(ptr context, ptr scratch, i64 thread, i64 threads, ptr course)``."""


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
    kept = kept_results(program)
    unused = unused_rows(program, kept)
    lanes = library.target.lanes(dtype)
    shape = choose_shape(layout, dtype, lanes, machine=machine, unused=unused)
    left = left_to_update(ready, layout, rule)
    frame = Frame(program, layout, shape, Tables(), library, Opcodes(), kept, machine=machine)
    functions = [input_function(frame)]
    for number, array in enumerate(output.array for output in program.outputs):
        if array in layout.batched_outputs:
            functions.append(output_function(frame, number, array))
    for number, phase in enumerate(layout.phases):
        functions += units_functions(frame, f"shared{number}", phase.shared)
        functions += units_functions(frame, f"tile{number}", phase.tiled)
        updates = left is not None and bool(phase.wide)
        functions.append(tiles_function(frame, number, phase, updates=updates))
        if phase.wide:
            functions.append(
                outer_function(frame, f"outer{number}", phase, rule if updates else None)
            )
    functions.append(barrier_function(library))
    functions.append(phases_function(frame, heeds=rule is not None))
    entries: tuple[str, ...] = (TRAIN,)
    if rule is not None:
        functions.append(heed_function(library))
        functions.append(train_function(frame, TRAIN, rule, left))
    else:
        functions.append(run_function(frame))
        entries = (RUN,)
        if has_entry(frame):
            functions.append(entry_function(frame, RUN))
            entries = (RUN, ENTER)
    write_machines(frame)
    text = "\n\n".join([*functions, library.text()])
    tables = frame.tables.array()
    return Lowered(program, layout, shape, tables, text, entries, library.imports)

"""Lower a whole program to one LLVM module: functions for each phase, one that runs them all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen

from mgcompile.backends.llvm.codegen.batch_io import input_function, output_function
from mgcompile.backends.llvm.codegen.codegen_context import CodegenContext, Tables
from mgcompile.backends.llvm.codegen.cpython_entry import ENTER, entry_function, has_entry
from mgcompile.backends.llvm.codegen.memory_spaces import scratch_offsets
from mgcompile.backends.llvm.codegen.nan_watch import is_derivative
from mgcompile.backends.llvm.codegen.outer_product import outer_function
from mgcompile.backends.llvm.codegen.run_function import RUN, phases_function, run_function
from mgcompile.backends.llvm.codegen.signal_poll import poll_function
from mgcompile.backends.llvm.codegen.team import team_functions
from mgcompile.backends.llvm.codegen.tile_loop import tiles_function, units_functions
from mgcompile.backends.llvm.codegen.train_function import train_function
from mgcompile.backends.llvm.ir.module_builder import Library
from mgcompile.backends.llvm.ir.target import host_target
from mgcompile.backends.llvm.tapevm.machine import write_machines
from mgcompile.backends.llvm.tapevm.opcodes import Opcodes
from mgcompile.program.rounding import rounded_as_written
from mgcompile.schedule.pipeline import schedule

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mgcompile.backends.llvm.ir.module_builder import Import
    from mgcompile.backends.llvm.ir.target import Target
    from mgcompile.program.ir import Program
    from mgcompile.program.optimizer import OptimizerSpec
    from mgcompile.schedule.decisions import Tile
    from mgcompile.schedule.ir import LoopProgram

__all__ = ["TRAIN", "Lowered", "lower"]

TRAIN = "mg_train"
"""The function ``void mg_train(ptr context, ptr scratch, i64 thread, i64 threads, ptr run)``."""


@frozen
class Lowered:
    """A program as IR text, and what is needed to call it.

    ``entries`` names the functions that can be called, ``imports`` those that are called.
    """

    loops: LoopProgram
    tables: NDArray[np.int32]
    text: str
    entries: tuple[str, ...]
    imports: dict[str, Import]

    @property
    def program(self) -> Program:
        """The program, as the schedule has rewritten it."""
        return self.loops.program

    @property
    def tile(self) -> Tile:
        """The sizes that all code is made for."""
        return self.loops.chosen_tile

    @property
    def scratch_bytes(self) -> int:
        """The memory that each thread needs for itself."""
        return scratch_offsets(self.loops)["end"]


def lower(
    program: Program,
    dtype: str,
    rule: OptimizerSpec | None = None,
    target: Target | None = None,
    *,
    one_sample: bool = False,
) -> Lowered:
    """Lower a verified program.

    Args:
        program: the program.
        dtype: "float64" or "float32".
        rule: an optimiser's update, for a loss_and_grad program that is to be trained.
        target: another processor, for code that knows nothing of Python; None: this one.
        one_sample: whether code is for one sample at a time.

    Returns:
        The module's text and the loop program that its callers provide memory for.
    """
    library = Library(target or host_target(), flags="" if program.strict else "contract")
    width = library.target.lanes(dtype)
    loops = schedule(program, dtype, width, rule, one_sample=one_sample, units=library.target.units)
    exact = frozenset() if program.strict else rounded_as_written(loops.program)
    codegen = CodegenContext(loops, Tables(), library, Opcodes(), exact)
    functions = [input_function(codegen)]
    for number, output in enumerate(loops.program.outputs):
        if output.array in loops.batched_outputs:
            watched = target is None and is_derivative(output)
            functions.append(output_function(codegen, number, output.array, watched=watched))
    for number, phase in enumerate(loops.phases):
        functions += units_functions(codegen, f"shared{number}", phase.shared)
        functions += units_functions(codegen, f"tile{number}", phase.tiled)
        updates = loops.left_to_update is not None and bool(phase.weight_gradients)
        functions.append(tiles_function(codegen, number, phase, updates=updates))
        if phase.weight_gradients:
            functions.append(
                outer_function(codegen, f"outer{number}", phase, rule if updates else None)
            )
    functions += team_functions(library)
    functions.append(phases_function(codegen, polls=rule is not None))
    entries: tuple[str, ...] = (TRAIN,)
    if rule is not None:
        functions.append(poll_function(library))
        functions.append(train_function(codegen, TRAIN, rule, loops.left_to_update))
    else:
        functions.append(run_function(codegen, internal=target is not None))
        entries = (RUN,)
        if target is None and has_entry(codegen):
            functions.append(entry_function(codegen, RUN))
            entries = (RUN, ENTER)
    write_machines(codegen)
    text = "\n\n".join([*functions, library.text()])
    tables = codegen.tables.array()
    return Lowered(loops, tables, text, entries, library.imports)

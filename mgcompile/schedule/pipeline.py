"""The passes of the schedule, in order: each decides one thing more of a loop program."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mgcompile.schedule.batch_tile import choose_tile
from mgcompile.schedule.element_lanes import choose_element_lanes, elements_alone
from mgcompile.schedule.element_sums import choose_element_sums, sums_alone
from mgcompile.schedule.fission import split_bodies
from mgcompile.schedule.fused_sgd import fuse_sgd
from mgcompile.schedule.fusion import fuse, single_groups
from mgcompile.schedule.interleave import choose_vectors
from mgcompile.schedule.ir import LoopProgram
from mgcompile.schedule.layout import place_arrays
from mgcompile.schedule.live_outs import find_live_outs, runs_alone
from mgcompile.schedule.long_sums import cut_long_sums
from mgcompile.schedule.lookups import find_lookups
from mgcompile.schedule.matrix_product_tiles import choose_blockings, single_blockings
from mgcompile.schedule.outer_products import find_weight_gradients
from mgcompile.schedule.phases import split_phases
from mgcompile.schedule.printer import format_loops
from mgcompile.schedule.scatter_elision import elide_scatters
from mgcompile.schedule.shared_calls import share_calls
from mgcompile.schedule.sink_epilogue import sink_epilogues
from mgcompile.schedule.sink_scatter import sink_into_scatters
from mgcompile.schedule.unit_dims import drop_unit_dims
from mgcompile.schedule.verifier import verify_loops
from mgcompile.support.passes import Level, Pass, run_passes

if TYPE_CHECKING:
    from mgcompile.program.ir import Program
    from mgcompile.program.optimizer import OptimizerSpec

__all__ = ["PASSES", "schedule"]

LOOPS = Level("loop program", verify_loops, format_loops)

PASSES = (
    Pass("unit-dims", LOOPS, drop_unit_dims, "leave out axes of length 1", optional=True),
    Pass("lookups", LOOPS, find_lookups, "read what `take` takes alone, by its address",
         optional=True),
    Pass("scatter-elision", LOOPS, elide_scatters, "write parts where they go", optional=True),
    Pass("phases", LOOPS, split_phases, "what runs once, what for every tile, what waits"),
    Pass("weight-gradients", LOOPS, find_weight_gradients, "sum outer products block by block",
         optional=True),
    Pass("fusion", LOOPS, fuse, "one loop for elementwise bundles of a shape",
         optional=True, otherwise=single_groups),
    Pass("fission", LOOPS, split_bodies, "cut long bodies, functions apart", optional=True),
    Pass("sink-epilogue", LOOPS, sink_epilogues, "finish sums in registers", optional=True),
    Pass("sink-scatter", LOOPS, sink_into_scatters, "compute products where scatters add them",
         optional=True),
    Pass("long-sums", LOOPS, cut_long_sums, "cut sums of many operands into chains of shorter ones",
         optional=True),
    Pass("live-outs", LOOPS, find_live_outs, "what is read of tapes; which are interpreted"),
    Pass("layout", LOOPS, place_arrays, "a place in memory for every array"),
    Pass("batch-tile", LOOPS, choose_tile, "samples of a tile"),
    Pass("interleave", LOOPS, choose_vectors, "vectors of samples worked on side by side",
         optional=True),
    Pass("register-blocking", LOOPS, choose_blockings, "sums that are in registers at once",
         optional=True, otherwise=single_blockings),
    Pass("element-lanes", LOOPS, choose_element_lanes, "an axis in the lanes where no samples are",
         optional=True, otherwise=elements_alone),
    Pass("element-sums", LOOPS, choose_element_sums, "results or terms of a sum in the lanes",
         optional=True, otherwise=sums_alone),
    Pass("shared-calls", LOOPS, share_calls, "what is applied in many places calls one copy",
         optional=True),
    Pass("fused-sgd", LOOPS, fuse_sgd, "update weights where gradients are summed", optional=True),
)  # fmt: skip


def schedule(
    program: Program,
    dtype: str,
    width: int,
    optimizer: OptimizerSpec | None,
    *,
    one_sample: bool = False,
    units: int = 2,
) -> LoopProgram:
    """Decide all that code generation follows.

    Args:
        program: a verified program.
        dtype: "float64" or "float32".
        width: elements of a vector register of the target.
        optimizer: the update of a training loop; None for a single run.
        one_sample: whether code is for one sample at a time; a program with long tapes stays as it
            is, as their machine works on vectors of samples.
        units: multiply-adds of vectors that can start in a cycle.
    """
    alone = one_sample and runs_alone(program)
    begun = LoopProgram(program, dtype, width, optimizer, one_sample=alone, units=units)
    loops: LoopProgram = run_passes(PASSES, begun)
    return loops

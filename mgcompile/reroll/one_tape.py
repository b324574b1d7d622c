"""Write a whole graph as tapes, without looking for structure: ready soon, however irregular."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mgcompile.graph.choices import chooses_by_inputs
from mgcompile.graph.ir import INPUT
from mgcompile.graph.levels import levels
from mgcompile.program.builder import Builder
from mgcompile.program.verifier import verify
from mgcompile.reroll.emit import gather_outputs
from mgcompile.reroll.emit_tape import write_tape
from mgcompile.reroll.value_map import ValueMap

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mgcompile.graph.ir import Graph
    from mgcompile.program.ir import Program

__all__ = ["on_tapes"]


def on_tapes(graph: Graph, n_inputs: int, n_params: int) -> Program:
    """Return the forward program of a canonical graph as two tapes at most.

    One has what all samples share, the other what each has of its own.

    Args:
        graph: Without sums over the samples of a recorded data set.
        n_inputs: The number of inputs.
        n_params: The number of parameters.
    """
    builder = Builder(n_inputs, n_params)
    builder.strict = graph.strict
    builder.chooses = chooses_by_inputs(graph)
    value_map = ValueMap(graph, builder)
    _, order = levels(graph)
    batched = _batched(graph, order)[order]
    for nodes in (order[~batched], order[batched]):
        if len(nodes):
            write_tape(graph, nodes, value_map, builder)
    return verify(builder.finish([("value", gather_outputs(graph, value_map, builder))], None))


def _batched(graph: Graph, order: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Tell which nodes depend on an input."""
    found = bytearray((graph.code == INPUT).tobytes())
    start, operand = graph.start.tolist(), graph.operand.tolist()
    for node in order.tolist():
        for edge in range(start[node], start[node + 1]):
            if found[operand[edge]]:
                found[node] = 1
                break
    return np.frombuffer(found, np.uint8).astype(bool)

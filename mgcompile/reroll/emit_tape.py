"""Write nodes without structure as a tape."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mgcompile.support.csr import places_within, starts

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mgcompile.graph.ir import Graph
    from mgcompile.program.builder import Builder
    from mgcompile.reroll.value_map import ValueMap

    Numbers = NDArray[np.int64]

__all__ = ["edges_of", "write_tape"]


def edges_of(graph: Graph, nodes: Numbers) -> tuple[Numbers, Numbers]:
    """Return the operands of `nodes`, one node after the other, and how many each has."""
    width = graph.start[nodes + 1] - graph.start[nodes]
    return graph.operand[np.repeat(graph.start[nodes], width) + places_within(width)], width


def write_tape(graph: Graph, nodes: Numbers, value_map: ValueMap, builder: Builder) -> int:
    """Append a tape of `nodes` and place them.

    Args:
        graph: The graph.
        nodes: Nodes of ops, operands first; what they read outside is placed already.
        value_map: Where nodes are.
        builder: Where the tape goes.

    Returns:
        The array of the results.
    """
    operand, width = edges_of(graph, nodes)
    number = np.full(len(graph.code), -1, dtype=np.int64)
    number[nodes] = 0
    outside = np.unique(operand[number[operand] < 0])
    externals, pool = [], 0
    for access, chosen in value_map.elements(outside):
        number[outside[chosen]] = pool + np.arange(len(chosen))
        externals.append((access, len(chosen)))
        pool += len(chosen)
    number[nodes] = pool + np.arange(len(nodes))
    used, code = np.unique(graph.code[nodes], return_inverse=True)
    table = [graph.ops[place] for place in used.tolist()]
    result = builder.tape(externals, table, code, starts(width), number[operand])
    value_map.put(nodes, result)
    return result

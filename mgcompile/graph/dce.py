"""Drop nodes of a graph that nothing reads any more."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import numpy as np

from mgcompile.graph.ir import INPUT, PARAM, Graph, edge_owner
from mgcompile.support.csr import places_within, starts

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Numbers = NDArray[np.int64]
    Mask = NDArray[np.bool_]

__all__ = ["compacted", "renumbered", "without"]


def compacted(graph: Graph) -> Graph:
    """Drop nodes that no root depends on any more; parameters and inputs stay."""
    always = (graph.code == PARAM) | (graph.code == INPUT)
    always[graph.roots] = True
    used = always.copy()
    used[graph.operand] = True
    if np.all(used):
        return graph
    owner = edge_owner(graph.start)
    while True:
        fewer = always.copy()
        fewer[graph.operand[used[owner]]] = True
        if np.array_equal(fewer, used):
            return without(graph, ~used)
        used = fewer


def without(graph: Graph, dead: Mask) -> Graph:
    """Drop nodes that nothing else reads."""
    return renumbered(graph, np.flatnonzero(~dead))


def renumbered(graph: Graph, nodes: Numbers) -> Graph:
    """Return a graph of some nodes, numbered in this order; they read one another alone."""
    number = np.zeros(len(graph.code), dtype=np.int64)
    number[nodes] = np.arange(len(nodes))
    width = np.diff(graph.start)[nodes]
    edges = np.repeat(graph.start[nodes], width) + places_within(width)
    return attrs.evolve(
        graph,
        code=graph.code[nodes],
        start=starts(width),
        operand=number[graph.operand[edges]],
        index=graph.index[nodes],
        value=graph.value[nodes],
        roots=number[graph.roots],
    )

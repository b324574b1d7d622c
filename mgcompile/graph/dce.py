"""Drop nodes of a graph that nothing reads any more."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import numpy as np

from mgcompile.graph.ir import INPUT, PARAM, Graph, edge_owner
from mgcompile.support.csr import starts

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Numbers = NDArray[np.int64]
    Mask = NDArray[np.bool_]

__all__ = ["compacted", "without"]


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
    used = ~dead
    number = np.cumsum(used) - 1
    width = np.diff(graph.start)
    kept = used if np.all(width[dead] == 0) else used[edge_owner(graph.start)]
    return attrs.evolve(
        graph,
        code=graph.code[used],
        start=starts(width[used]),
        operand=number[graph.operand if kept is used else graph.operand[kept]],
        index=graph.index[used],
        value=graph.value[used],
        roots=number[graph.roots],
    )

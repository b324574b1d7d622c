"""Find the short sums that lead to the edge of a domain, where their order matters most.

`x + (y - z)` under a root is meant as it is written: added up in another order, terms that cancel
can leave a tiny negative number instead of 0 or a positive one. Long sums, and those of terms that
cannot be negative, are left to be put in order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mgcompile.graph.ir import CONST, applies, edge_owner
from mgcompile.support.op_traits import has_edge, traits_of
from mgcore import ops

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mgcompile.graph.ir import Graph

    Numbers = NDArray[np.int64]
    Mask = NDArray[np.bool_]

__all__ = ["kept_as_written"]

LONGEST = 8
"""Terms of a sum that is kept as it is written."""

_ROUNDS = 8


def kept_as_written(graph: Graph, root: Numbers, node: Numbers) -> Mask:
    """Tell of which sums the additions are to stay as they are; shape (n,), by root.

    Args:
        graph: The graph.
        root: For every term of a sum that could be flattened the addition at its root.
        node: The terms.
    """
    n = len(graph.code)
    if not any(map(has_edge, graph.ops)):
        return np.zeros(n, dtype=bool)
    near = _leading_to_edges(graph)
    if not np.any(near[root]):
        return np.zeros(n, dtype=bool)
    count = np.bincount(root, minlength=n)
    negative = np.bincount(root[~_never_negative(graph)[node]], minlength=n) > 0
    found: Mask = near & negative & (count <= LONGEST)
    return found


def _leading_to_edges(graph: Graph) -> Mask:
    """Return the nodes from which arithmetic alone leads to an op whose domain ends.

    What a square is made of leads nowhere: however it is rounded, the square is 0 or more.
    """
    owner = edge_owner(graph.start)
    ending = np.array([has_edge(op) for op in graph.ops] + [False] * 3)[graph.code]
    through = np.array([traits_of(op).arithmetic for op in graph.ops] + [False] * 3)[graph.code]
    through &= ~_never_negative(graph)
    found = np.zeros(len(graph.code), dtype=bool)
    found[graph.operand[ending[owner]]] = True
    for _ in range(_ROUNDS):
        more = graph.operand[(found & through)[owner]]
        if np.all(found[more]):
            break
        found[more] = True
    return found


def _never_negative(graph: Graph) -> Mask:
    """Return the nodes that are known to be 0 or more: squares, exponentials, their products."""
    found: Mask = (graph.code == CONST) & (graph.value >= 0.0)
    found |= applies(graph, ops.exp, ops.abs, ops.sqrt)
    products = np.flatnonzero(applies(graph, ops.mul))
    first = graph.operand[graph.start[products]]
    second = graph.operand[graph.start[products] + 1]
    for _ in range(_ROUNDS // 2):
        found[products] = (first == second) | (found[first] & found[second])
    return found

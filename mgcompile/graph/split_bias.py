"""Take a bias out of the dot that holds it as the weight of a constant 1.

``dot(w1, w2, b, x1, x2, 1)``, which is how a neuron records itself, becomes
``dot(w1, w2, x1, x2) + b``: a matrix product and a vector, as from ``dot(w1, w2, x1, x2) + b``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import numpy as np

from mgcompile.graph.ir import CONST, PARAM, Graph, applies, edge_owner
from mgcompile.support.csr import starts
from mgcore import ops

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Numbers = NDArray[np.int64]

__all__ = ["split_biases"]


def split_biases(graph: Graph) -> Graph:
    """Return an equal graph where the last pair of a dot is no parameter times the constant 1."""
    dots, bias = _biased(graph)
    if graph.strict or not len(dots):
        return graph
    n, table = len(graph.code), graph.ops
    if ops.add not in table:
        table = (*table, ops.add)
    inner = n + np.arange(len(dots))
    moved = np.arange(n)
    moved[dots] = inner
    ends = graph.start[dots + 1]
    kept = np.ones(len(graph.operand), dtype=bool)
    kept[(graph.start[dots] + ends) // 2 - 1] = False
    kept[ends - 1] = False
    users = np.concatenate([moved[edge_owner(graph.start)[kept]], dots, dots])
    reads = np.concatenate([graph.operand[kept], inner, bias])
    code = np.concatenate([graph.code, graph.code[dots]])
    code[dots] = table.index(ops.add)
    fill = np.zeros(len(dots))
    return attrs.evolve(
        graph,
        ops=table,
        code=code,
        start=starts(np.bincount(users, minlength=len(code))),
        operand=reads[np.argsort(users, kind="stable")],
        index=np.concatenate([graph.index, fill.astype(np.int64)]),
        value=np.concatenate([graph.value, fill]),
    )


def _biased(graph: Graph) -> tuple[Numbers, Numbers]:
    """Return the dots whose last pair is a parameter times 1, and those parameters.

    Not if another dot has the parameter times another constant: then the constants are samples,
    and one of them is 1 by chance.
    """
    dots = np.flatnonzero(applies(graph, ops.dot))
    ends = graph.start[dots + 1]
    wide = ends - graph.start[dots] > 2
    dots, ends = dots[wide], ends[wide]
    first = graph.operand[(graph.start[dots] + ends) // 2 - 1]
    second = graph.operand[ends - 1]
    swap = graph.code[second] == PARAM
    weight, factor = np.where(swap, second, first), np.where(swap, first, second)
    weighing = (graph.code[weight] == PARAM) & (graph.code[factor] == CONST)
    dots, weight, factor = dots[weighing], weight[weighing], factor[weighing]
    other = np.zeros(len(graph.code), dtype=bool)
    other[weight[graph.value[factor] != 1.0]] = True
    found = ~other[weight]
    return dots[found], weight[found]

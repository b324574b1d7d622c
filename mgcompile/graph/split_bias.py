"""Take a bias out of the dot that holds it as the weight of a constant 1.

``dot(w1, w2, b, x1, x2, 1)``, which is how a neuron records itself, becomes
``dot(w1, w2, x1, x2) + b``: a matrix product and a vector, as from ``dot(w1, w2, x1, x2) + b``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mgcompile.graph.editor import Editor
from mgcompile.graph.ir import CONST, PARAM, Graph, applies, edge_owner
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
    inner_of = np.full(len(graph.code), -1)
    editor = Editor(graph)
    inner = inner_of[dots] = editor.add(len(dots), ops.dot)
    editor.become(dots, ops.add)
    owner, ends = edge_owner(graph.start), graph.start[dots + 1]
    own = inner_of[owner] >= 0
    editor.drop(own)
    own[(graph.start[dots] + ends) // 2 - 1] = False
    own[ends - 1] = False
    editor.read(inner_of[owner[own]], graph.operand[own])
    editor.read(dots, inner)
    editor.read(dots, bias)
    return editor.finished()


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

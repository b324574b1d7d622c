"""A recorded graph as flat arrays: what `capture` gives and the first stages rewrite."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import numpy as np

from mgcore import Op

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "CONST",
    "INPUT",
    "PARAM",
    "SUM_OVER_SAMPLES",
    "Graph",
    "applies",
    "edge_owner",
    "may_hold_samples",
    "mixed",
    "operand_table",
    "owners_of",
]

# Codes of leaves; a node of an op has the op's place in `Graph.ops`, 0 or more.
PARAM, CONST, INPUT = -3, -2, -1

SUM_OVER_SAMPLES = Op(
    "sum_over_samples",
    forward=lambda x: x,
    partials=(lambda out, x: 1.0,),  # noqa: ARG005 - the arguments that every partial gets
)
"""Marks a sum over all samples in a graph of one sample. Its rules are never applied."""


@attrs.frozen(slots=True, eq=False)
class Graph:
    """Nodes 0 ... n - 1; operands of node i are `operand[start[i]:start[i + 1]]`.

    Args:
        ops: The distinct ops.
        code: Place in `ops`, or PARAM, CONST, INPUT; shape (n,).
        start: Shape (n + 1,).
        operand: Node numbers, shape (edges,). The order of nodes is not topological.
        index: Number of the parameter or the input, 0 for other nodes; shape (n,).
        value: Value of a constant, 0 for other nodes; float64, shape (n,).
        roots: The nodes of the outputs, in their order.
        strict: Whether every op is done as it was recorded, in Python's order.
    """

    ops: tuple[Op, ...]
    code: NDArray[np.int64]
    start: NDArray[np.int64]
    operand: NDArray[np.int64]
    index: NDArray[np.int64]
    value: NDArray[np.float64]
    roots: NDArray[np.int64]
    strict: bool = False


def applies(graph: Graph, *those: Op) -> NDArray[np.bool_]:
    """Tell which nodes apply one of these ops; shape (n,)."""
    found = np.zeros(len(graph.code), dtype=bool)
    for code, op in enumerate(graph.ops):
        if op in those:
            found |= graph.code == code
    return found


def may_hold_samples(graph: Graph) -> bool:
    """Tell whether a graph has constants and no inputs: they may be a recorded data set."""
    return bool(np.any(graph.code == CONST)) and not np.any(graph.code == INPUT)


def operand_table(graph: Graph, nodes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the operands of nodes with the same number of them; shape `nodes.shape + (width,)`."""
    width = int(graph.start[nodes.flat[0] + 1] - graph.start[nodes.flat[0]])
    table: NDArray[np.int64] = graph.operand[graph.start[nodes][..., None] + np.arange(width)]
    return table


def owners_of(start: NDArray[np.int64], edges: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the nodes whose operands the edges are; quick when they are few among many."""
    if 4 * len(edges) > int(start[-1]):
        return edge_owner(start)[edges]
    return np.searchsorted(start, edges, side="right") - 1


def edge_owner(start: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return for every edge the node whose operand it is."""
    return np.repeat(np.arange(len(start) - 1), np.diff(start))


def mixed(numbers: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return well mixed 64-bit hashes (the finaliser of MurmurHash3)."""
    with np.errstate(over="ignore"):
        x = numbers.astype(np.uint64)
        x ^= x >> np.uint64(33)
        x *= np.uint64(0xFF51AFD7ED558CCD)
        x ^= x >> np.uint64(33)
        x *= np.uint64(0xC4CEB9FE1A85EC53)
        x ^= x >> np.uint64(33)
    return x.astype(np.int64)

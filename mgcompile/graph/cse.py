"""Make one node of equal ones. All on whole arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import numpy as np

from mgcompile.graph.dce import compacted
from mgcompile.graph.ir import CONST, applies, mixed
from mgcore import ops

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mgcompile.graph.ir import Graph

    Numbers = NDArray[np.int64]
    Mask = NDArray[np.bool_]

__all__ = ["merge_equal"]

# Every round looks one level further; what lies deeper is computed more than once.
_ROUNDS = 8
_WIDEST = 3
_WEIGHTS = np.array([1_000_003, 998_244_353, 2_147_483_629, 4_294_967_291], dtype=np.int64)


def merge_equal(graph: Graph) -> Graph:
    """Make one node of nodes with the same op and operands, and of equal constants.

    A node with more than 3 operands stays as it is.
    """
    # One more than there are nodes: it stands for an operand that a node does not have.
    merged = np.arange(len(graph.code) + 1)
    constants = np.flatnonzero(graph.code == CONST)
    if len(constants):
        bits = graph.value[constants].view(np.int64)
        _, first, which = np.unique(bits, return_index=True, return_inverse=True)
        merged[constants] = constants[first[which]]
    nodes = np.flatnonzero((graph.code >= 0) & (np.diff(graph.start) <= _WIDEST))
    if len(nodes):
        merged = _with_equal_ops(graph, nodes, merged)
    return compacted(attrs.evolve(graph, operand=merged[graph.operand], roots=merged[graph.roots]))


def _with_equal_ops(graph: Graph, nodes: Numbers, merged: Numbers) -> Numbers:
    """Return for every node the first that is equal to it, where that is known of leaves."""
    operands = _operands(graph, nodes)
    columns = np.zeros((1 + _WIDEST, len(nodes)), dtype=np.int64)
    columns[0] = graph.code[nodes]
    commutative = applies(graph, ops.add, ops.mul)[nodes]
    hashes = np.zeros(len(nodes), dtype=np.int64)
    alive = np.ones(len(nodes), dtype=bool)
    changed = np.arange(len(nodes))
    for _ in range(_ROUNDS):
        first, second, third = merged[operands[:, changed]]
        swap = commutative[changed] & (first > second)
        first, second = np.where(swap, second, first), np.where(swap, first, second)
        columns[1:, changed] = first, second, third
        hashes[changed] = mixed(_WEIGHTS @ columns[:, changed])
        looked_at = np.flatnonzero(alive & _among(hashes, hashes[changed]))
        leader = _leaders(columns, hashes, looked_at)
        gone = leader != looked_at
        before = merged
        merged = merged.copy()
        merged[nodes[looked_at[gone]]] = nodes[leader[gone]]
        merged = merged[merged]
        alive[looked_at[gone]] = False
        # Only a node of which an operand was merged can be equal to another now.
        changed = np.flatnonzero(alive & np.any((merged != before)[operands], axis=0))
        if not len(changed):
            break
    return merged


def _operands(graph: Graph, nodes: Numbers) -> Numbers:
    """Return the operands of nodes with at most 3, filled up with the number of nodes.

    Shape (3, number of nodes).
    """
    padded = np.append(graph.operand, np.zeros(_WIDEST, dtype=np.int64))
    slot = np.arange(_WIDEST)[:, None]
    found: Numbers = padded[graph.start[nodes] + slot]
    found[slot >= graph.start[nodes + 1] - graph.start[nodes]] = len(graph.code)
    return found


def _among(numbers: Numbers, few: Numbers) -> Mask:
    """Tell which numbers are among a few."""
    if len(few) == len(numbers):
        return np.ones(len(numbers), dtype=bool)
    few = np.sort(few)
    place = np.minimum(np.searchsorted(few, numbers), len(few) - 1)
    found: Mask = few[place] == numbers
    return found


def _leaders(columns: Numbers, hashes: Numbers, looked_at: Numbers) -> Numbers:
    """Return for each of the columns `looked_at` the first among them that is equal to it."""
    order = np.argsort(hashes[looked_at])
    ranked = looked_at[order]
    ranked_hashes = hashes[ranked]
    same = ranked_hashes[1:] == ranked_hashes[:-1]
    # Sorting by a hash brings equal ones together; that they are equal is checked.
    pairs = np.flatnonzero(same)
    same[pairs] = np.all(columns[:, ranked[pairs]] == columns[:, ranked[pairs + 1]], axis=0)
    begin = np.flatnonzero(np.append(True, ~same))
    first = np.minimum.reduceat(ranked, begin)
    leader = np.empty_like(looked_at)
    leader[order] = np.repeat(first, np.diff(np.append(begin, len(ranked))))
    return leader

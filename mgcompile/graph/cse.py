"""Make one node of nodes that compute the same: the same op on the same operands.

First on whole arrays, a level further in every round; what is equal only deeper than that, as in
two copies of a whole recurrence, is followed node by node from there on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import numpy as np

from mgcompile.graph.dce import compacted
from mgcompile.graph.ir import CONST, applies, may_hold_samples, mixed, owners_of
from mgcompile.support.csr import places_within, starts
from mgcore import ops

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mgcompile.graph.ir import Graph

    Numbers = NDArray[np.int64]
    Mask = NDArray[np.bool_]

__all__ = ["merge_computed", "merge_equal"]

# So many rounds on whole arrays; each takes time for the whole graph.
_ROUNDS = 8
# Of nodes with more operands all are looked at only where three of them are equal.
_FEW = 3
# Hashes are told apart by so many remainders at first.
_BEGINNINGS = 1 << 16
_WEIGHTS = np.array([1_000_003, 998_244_353, 2_147_483_629, 4_294_967_291], dtype=np.int64)


def merge_computed(graph: Graph) -> Graph:
    """Make one node of equal ones.

    Where the constants may be samples, which may be equal by chance, equal nodes stay apart.
    """
    return graph if may_hold_samples(graph) else merge_equal(graph)


def merge_equal(graph: Graph) -> Graph:
    """Make one node of nodes with the same op and operands, and of equal constants.

    The two operands of an `add` or a `mul` may change places; those of a longer sum keep theirs,
    since its rounding depends on the order.
    """
    # One more than there are nodes: it stands for an operand that a node does not have.
    merged = np.arange(len(graph.code) + 1)
    constants = np.flatnonzero(graph.code == CONST)
    if len(constants):
        bits = graph.value[constants].view(np.int64)
        _, first, which = np.unique(bits, return_index=True, return_inverse=True)
        merged[constants] = constants[first[which]]
    nodes = np.flatnonzero(graph.code >= 0)
    if len(nodes):
        _Numbering(graph, nodes, merged).run()
    return compacted(attrs.evolve(graph, operand=merged[graph.operand], roots=merged[graph.roots]))


class _Numbering:
    """Finds for every node the first one that is equal to it: `merged`, changed in place.

    `columns` describe each node of an op: which op on how many operands, and the operands, or three
    of them where there are more.
    """

    def __init__(self, graph: Graph, nodes: Numbers, merged: Numbers) -> None:
        self.graph = graph
        self.nodes = nodes
        self.merged = merged
        self.width = (graph.start[1:] - graph.start[:-1])[nodes]
        self.commutative = applies(graph, ops.add, ops.mul)[nodes] & (self.width == 2)
        self.place = np.full(len(graph.code), -1, dtype=np.int64)
        self.place[nodes] = np.arange(len(nodes))
        self.columns = np.zeros((1 + _FEW, len(nodes)), dtype=np.int64)
        self.columns[0] = graph.code[nodes] * (int(self.width.max()) + 1) + self.width
        self.hashes = np.zeros(len(nodes), dtype=np.int64)
        self.alive = np.ones(len(nodes), dtype=bool)

    def run(self) -> None:
        """Merge until no node has an operand that was merged after it was looked at."""
        changed = np.arange(len(self.nodes))
        for _ in range(_ROUNDS):
            self._describe(changed)
            gone = self._merge_round(changed)
            changed = self._users(gone)
            if not len(changed):
                return
        _follow(self.graph, self.merged, self.nodes[self.alive], self.nodes[changed])

    def _describe(self, chosen: Numbers) -> None:
        """Bring the columns of some nodes up to what their operands are merged into."""
        few = chosen[self.width[chosen] <= _FEW]
        first, second, third = self.merged[self._operands(few)]
        swap = self.commutative[few] & (first > second)
        first, second = np.where(swap, second, first), np.where(swap, first, second)
        self.columns[1:, few] = first, second, third
        many = chosen[self.width[chosen] > _FEW]
        begin, end = self.graph.start[self.nodes[many]], self.graph.start[self.nodes[many] + 1]
        for row, edge in enumerate((begin, (begin + end) // 2, end - 1), start=1):
            self.columns[row, many] = self.merged[self.graph.operand[edge]]
        with np.errstate(over="ignore"):
            self.hashes[chosen] = mixed(_WEIGHTS @ self.columns[:, chosen])

    def _operands(self, chosen: Numbers) -> Numbers:
        """Return the operands of nodes with at most 3, filled up; shape (3, nodes)."""
        graph, nodes = self.graph, self.nodes[chosen]
        padded = np.append(graph.operand, np.zeros(_FEW, dtype=np.int64))
        slot = np.arange(_FEW)[:, None]
        found: Numbers = padded[graph.start[nodes] + slot]
        found[slot >= self.width[chosen]] = len(graph.code)
        return found

    def _edges(self, chosen: Numbers) -> tuple[Numbers, Numbers, Numbers]:
        """Return the edges of nodes in a row, their slots, and where each node's begin."""
        width = self.width[chosen]
        slots = places_within(width)
        edges: Numbers = np.repeat(self.graph.start[self.nodes[chosen]], width) + slots
        begins: Numbers = starts(width)[:-1]
        return edges, slots, begins

    def _merge_round(self, changed: Numbers) -> Numbers:
        """Merge what is equal to a changed node; return the nodes that are gone."""
        looked_at = np.flatnonzero(self.alive & _among(self.hashes, self.hashes[changed]))
        leader = self._leaders(looked_at)
        gone = leader != looked_at
        self.merged[self.nodes[looked_at[gone]]] = self.nodes[leader[gone]]
        self.merged[:] = self.merged[self.merged]
        self.alive[looked_at[gone]] = False
        found: Numbers = self.nodes[looked_at[gone]]
        return found

    def _users(self, gone: Numbers) -> Numbers:
        """Return the nodes still alive, by place, that read a node that is gone."""
        if not len(gone):
            return gone
        is_gone = np.zeros(len(self.graph.code), dtype=bool)
        is_gone[gone] = True
        edges = np.flatnonzero(is_gone[self.graph.operand])
        users = np.unique(self.place[owners_of(self.graph.start, edges)])
        found: Numbers = users[self.alive[users]]
        return found

    def _leaders(self, looked_at: Numbers) -> Numbers:
        """Return for each node `looked_at` the first among them that is equal to it."""
        order = np.argsort(self.hashes[looked_at])
        ranked = looked_at[order]
        same = self._hashed_alike(ranked)
        many = np.append(same, False) | np.append(False, same)
        many &= self.width[ranked] > _FEW
        if np.any(many):
            more = np.zeros(len(ranked), dtype=np.int64)
            more[many] = self._whole_hashes(ranked[many])
            again = np.lexsort((more, self.hashes[ranked]))
            order, ranked = order[again], ranked[again]
            same = self._hashed_alike(ranked)
        # Sorting by a hash brings equal ones together; that they are equal is checked.
        pairs = np.flatnonzero(same)
        same[pairs] = self._equal(ranked[pairs], ranked[pairs + 1])
        begin = np.flatnonzero(np.append(True, ~same))
        first = np.minimum.reduceat(ranked, begin)
        leader = np.empty_like(looked_at)
        leader[order] = np.repeat(first, np.diff(np.append(begin, len(ranked))))
        return leader

    def _hashed_alike(self, ranked: Numbers) -> Mask:
        hashes = self.hashes[ranked]
        found: Mask = hashes[1:] == hashes[:-1]
        return found

    def _whole_hashes(self, many: Numbers) -> Numbers:
        """Return hashes of all operands of nodes."""
        edges, slots, begins = self._edges(many)
        with np.errstate(over="ignore"):
            hashes = mixed(self.merged[self.graph.operand[edges]] * _WEIGHTS[0] + slots)
            found: Numbers = np.add.reduceat(hashes, begins)
        return found

    def _equal(self, one: Numbers, other: Numbers) -> Mask:
        """Tell which nodes of `one` are equal to those of `other`."""
        found: Mask = np.all(self.columns[:, one] == self.columns[:, other], axis=0)
        many = np.flatnonzero(found & (self.width[one] > _FEW))
        if len(many):
            mine, _, begins = self._edges(one[many])
            its, _, _ = self._edges(other[many])
            read = self.merged[self.graph.operand]
            found[many] = np.logical_and.reduceat(read[mine] == read[its], begins)
        return found


def _among(hashes: Numbers, few: Numbers) -> Mask:
    """Tell which hashes are among a few."""
    if len(few) == len(hashes):
        return np.ones(len(hashes), dtype=bool)
    begins = np.zeros(_BEGINNINGS, dtype=bool)
    begins[few % _BEGINNINGS] = True
    found = begins[hashes % _BEGINNINGS]
    alike = np.flatnonzero(found)  # those are looked for in earnest
    few = np.sort(few)
    place = np.minimum(np.searchsorted(few, hashes[alike]), len(few) - 1)
    found[alike] = few[place] == hashes[alike]
    return found


def _follow(graph: Graph, merged: Numbers, alive: Numbers, changed: Numbers) -> None:
    """Merge on from nodes of which an operand was merged, user by user."""
    leader = merged.tolist()
    start, operand, code = graph.start.tolist(), graph.operand.tolist(), graph.code.tolist()
    commutative = applies(graph, ops.add, ops.mul).tolist()

    def leading(node: int) -> int:
        while leader[node] != node:
            node = leader[node]
        return node

    def described(node: int) -> tuple[int, ...]:
        reads = [leading(x) for x in operand[start[node] : start[node + 1]]]
        if commutative[node] and len(reads) == 2 and reads[0] > reads[1]:
            reads.reverse()
        return (code[node], *reads)

    known: dict[tuple[int, ...], int] = {}
    waiting = set(changed.tolist())
    for node in alive.tolist():
        if node not in waiting:
            known[described(node)] = node
    order = np.argsort(graph.operand, kind="stable")
    users = owners_of(graph.start, order).tolist()
    first = np.searchsorted(graph.operand[order], np.arange(len(code) + 1)).tolist()
    queue = sorted(waiting)
    for node in queue:
        if leader[node] != node:
            continue
        equal = known.setdefault(described(node), node)
        if equal != node and leading(equal) != node:
            leader[node] = equal
            queue += users[first[node] : first[node + 1]]
    merged[:] = [leading(node) for node in range(len(leader))]

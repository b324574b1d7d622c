"""Find the samples of a loss that was recorded over its whole data set.

The candidate numbers of samples come from the sums: the terms of one are labelled with the numbers
of the samples, and hand their labels on to what they read, down to what several samples share. Then
every node is held against its twin in the first sample: it has to read the same node, the twin of
what its twin reads, or a constant, which is data where it differs. That is checked exactly.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import numpy as np

from mgcompile.graph.ir import CONST, edge_owner, may_hold_samples, operand_table
from mgcompile.support.csr import places_within, starts
from mgcore import ops

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mgcompile.reroll.isomorphism import IsomorphismClasses

    Numbers = NDArray[np.int64]
    Mask = NDArray[np.bool_]

__all__ = ["BatchAxis", "BatchSum", "detect_batch"]

_FEWEST = 4
_MOST_CANDIDATES = 16
_ROUNDS = 8
_SHARED, _UNSEEN = -1, -2


@attrs.frozen(slots=True, eq=False)
class BatchSum:
    """Terms of sums that come, sample by sample, from all samples.

    Args:
        nodes: The sums, of one group; shape (m,).
        factors: The terms: what is added up, or for dots both factors of the products; shape
            (1 or 2, m, samples, terms).
        columns: Which terms of each sum they are.
        varies: Whether the terms differ from sample to sample.
    """

    nodes: Numbers
    factors: Numbers
    columns: Numbers
    varies: bool


@attrs.frozen(slots=True, eq=False)
class BatchAxis:
    """A recorded data set.

    Args:
        count: Number of samples.
        label: The sample that each node belongs to, negative for what is no part of one.
        twin: For nodes of samples the node of the first sample that does the same.
        batch_sums: All terms that are summed over the samples.
    """

    count: int
    label: Numbers
    twin: Numbers
    batch_sums: tuple[BatchSum, ...]


def detect_batch(classes: IsomorphismClasses) -> BatchAxis | None:
    """Return the data set recorded in a graph without inputs, if there is one."""
    if not may_hold_samples(classes.graph):
        return None
    candidates = _candidates(classes)
    if not candidates:
        return None
    edges = _inner_edges(classes)
    for count in candidates:
        found = _Attempt(classes, count, *edges).run()
        if found is not None:
            return found
    return None


def _is_sum(classes: IsomorphismClasses, group: int) -> bool:
    op = classes.graph.ops[int(classes.graph.code[classes.nodes(group)[0]])]
    return op is ops.sum or op is ops.dot


def _candidates(classes: IsomorphismClasses) -> list[int]:
    """Return numbers of samples worth trying: divisors of the lengths of long sums."""
    found: dict[int, None] = {}
    sizes = np.diff(classes.start)
    for group in range(classes.count - 1, -1, -1):
        if sizes[group] > _FEWEST or not _is_sum(classes, group):
            continue
        read = classes.group[operand_table(classes.graph, classes.nodes(group))[0]]
        for source in np.unique(read[read >= 0]).tolist():
            terms = int((read == source).sum())
            for divisor in range(1, min(terms // _FEWEST, 64) + 1):
                if terms % divisor == 0 and sizes[source] % (terms // divisor) == 0:
                    found.setdefault(terms // divisor)
    return sorted(found, reverse=True)[:_MOST_CANDIDATES]


def _inner_edges(classes: IsomorphismClasses) -> tuple[list[int], list[int], Numbers]:
    """Return what each node reads, leaves left out: where it begins, the nodes, the edges."""
    graph = classes.graph
    inner = np.flatnonzero(graph.code[graph.operand] >= 0)
    owner = edge_owner(graph.start)[inner]
    first = starts(np.bincount(owner, minlength=len(graph.code)))
    return first.tolist(), graph.operand[inner].tolist(), inner


class _Attempt:
    """Try one number of samples."""

    def __init__(
        self,
        classes: IsomorphismClasses,
        count: int,
        first: list[int],
        reads: list[int],
        inner: Numbers,
    ) -> None:
        self.classes = classes
        self.graph = classes.graph
        self.count = count
        self.first, self.reads, self.inner = first, reads, inner
        self.label = np.zeros(0, dtype=np.int64)
        self.twin = np.zeros(0, dtype=np.int64)

    def run(self) -> BatchAxis | None:
        """Drop sums whose terms turn out not to be alike, until all that are left are."""
        proposed = self._proposed()
        for _ in range(_ROUNDS):
            if not proposed:
                return None
            self.label = self._labelled(proposed)
            wrong = self._find_twins()
            varied = self._varied()
            found = {
                key: self._segment(key[0], columns, wrong, varied)
                for key, columns in proposed.items()
            }
            good = {key: batch_sum for key, batch_sum in found.items() if batch_sum is not None}
            if len(good) == len(proposed):
                some = any(batch_sum.varies for batch_sum in good.values())
                batch_sums = tuple(good.values())
                return BatchAxis(self.count, self.label, self.twin, batch_sums) if some else None
            proposed = {key: proposed[key] for key in good}
        return None

    def _proposed(self) -> dict[tuple[int, tuple[int, ...]], Numbers]:
        """Return the terms of sums that may be those of all samples: their columns.

        The keys are the group of the sum and the groups that a term (both its factors) comes from.
        """
        found = {}
        for group in range(self.classes.count):
            if not _is_sum(self.classes, group):
                continue
            kinds = self.classes.group[self._factors(self.classes.nodes(group)[:1])[:, 0]]
            for kind in np.unique(kinds, axis=1).T:
                columns = np.flatnonzero(np.all(kinds == kind[:, None], axis=0))
                if np.any(kind >= 0) and len(columns) % self.count == 0:
                    found[group, tuple(kind.tolist())] = columns
        return found

    def _factors(self, nodes: Numbers) -> Numbers:
        """Return the terms of sums of one group; shape (1 or 2, m, terms)."""
        table = operand_table(self.graph, nodes)
        paired = self.graph.ops[int(self.graph.code[nodes[0]])] is ops.dot
        return np.stack(np.split(table, 2, axis=1)) if paired else table[None]

    def _segment(
        self, group: int, columns: Numbers, wrong: Mask, varied: list[bool]
    ) -> BatchSum | None:
        """Return terms of those sums of a group that are no part of a sample.

        None if there are none, or if they are not alike in all samples.
        """
        nodes = self.classes.nodes(group)
        nodes = nodes[self.label[nodes] < 0]
        if not len(nodes):
            return None
        terms = self._factors(nodes)[:, :, columns]
        blocks = terms.reshape(*terms.shape[:2], self.count, -1)
        first = np.broadcast_to(blocks[:, :, :1], blocks.shape)
        sample = np.broadcast_to(np.arange(self.count)[:, None], blocks.shape)
        if np.any(wrong[blocks]) or not np.all(self._same(blocks, first, sample)):
            return None
        bits = self.graph.value.view(np.int64)
        data = (self.graph.code[blocks] == CONST) & (bits[blocks] != bits[first])
        varies = bool(np.any(data)) or any(varied[node] for node in blocks[:, :, 0].ravel())
        return BatchSum(nodes, blocks, columns, varies)

    def _labelled(self, proposed: dict[tuple[int, tuple[int, ...]], Numbers]) -> Numbers:
        """Hand labels on from the terms of sums to what these read."""
        graph = self.graph
        own = np.full(len(graph.operand), _SHARED, dtype=np.int64)
        for (group, _), columns in proposed.items():
            sums = self.classes.nodes(group)
            sample = np.repeat(np.arange(self.count), len(columns) // self.count)
            edges = graph.start[sums][:, None] + columns
            own[edges] = sample
            if graph.ops[int(graph.code[sums[0]])] is ops.dot:
                half = (graph.start[sums + 1] - graph.start[sums])[:, None] // 2
                own[edges + half] = sample
        of_term = own[self.inner].tolist()
        label = [_UNSEEN] * len(graph.code)
        for node in graph.roots.tolist():
            label[node] = _SHARED
        first, reads = self.first, self.reads
        for node in reversed(self.classes.members.tolist()):
            handed = label[node]
            for edge in range(first[node], first[node + 1]):
                x = reads[edge]
                mine = handed if handed >= 0 else of_term[edge]
                known = label[x]
                if known == _UNSEEN:
                    label[x] = mine
                elif known != mine:
                    label[x] = _SHARED
        return np.array(label, dtype=np.int64)

    def _find_twins(self) -> Mask:
        """Find the twin of every node of a sample; return which nodes differ from theirs."""
        classes, label, count = self.classes, self.label, self.count
        nodes = classes.members[label[classes.members] >= 0]
        group = classes.group[nodes]
        nodes = nodes[np.lexsort((classes.place[nodes], label[nodes], group))]
        size = np.bincount(group, minlength=classes.count)
        start = np.cumsum(size) - size
        group = classes.group[nodes]
        within = np.arange(len(nodes)) - start[group]
        each = np.maximum(size[group] // count, 1)
        alike = (size[group] % count == 0) & (label[nodes] == within // each)
        self.twin = np.full(len(label), -1, dtype=np.int64)
        self.twin[nodes[alike]] = nodes[(start[group] + within % each)[alike]]
        wrong = np.zeros(len(label), dtype=bool)
        wrong[nodes[~alike]] = True
        nodes = nodes[alike]
        width = self.graph.start[nodes + 1] - self.graph.start[nodes]
        owner = np.repeat(nodes, width)
        slot = places_within(width)
        read = self.graph.operand[self.graph.start[owner] + slot]
        other = self.graph.operand[self.graph.start[self.twin[owner]] + slot]
        wrong[owner[~self._same(read, other, label[owner])]] = True
        return self._with_users(wrong)

    def _same(self, read: Numbers, other: Numbers, sample: Numbers) -> Mask:
        """Tell where what `sample` reads corresponds to what the first sample does."""
        code = self.graph.code
        constant = (code[read] == CONST) & (code[other] == CONST)
        twins = (self.label[read] == sample) & (self.twin[read] == other)
        found: Mask = (read == other) | constant | (twins & (code[read] >= 0))
        return found

    def _with_users(self, wrong: Mask) -> Mask:
        """Return the nodes of samples that are wrong or depend on one that is."""
        if not np.any(wrong):
            return wrong
        found, first, reads = wrong.tolist(), self.first, self.reads
        for node in self.classes.members.tolist():
            if any(found[x] for x in reads[first[node] : first[node + 1]]):
                found[node] = True
        return np.array(found, dtype=bool)

    def _varied(self) -> list[bool]:
        """Tell which nodes of the first sample depend on data."""
        classes, graph = self.classes, self.graph
        nodes = classes.members[self.twin[classes.members] >= 0]
        owner = edge_owner(graph.start)
        edge = np.flatnonzero((graph.code[graph.operand] == CONST) & (self.twin[owner] >= 0))
        twin = self.twin[owner[edge]]
        other = graph.operand[graph.start[twin] + edge - graph.start[owner[edge]]]
        bits = graph.value.view(np.int64)
        found = [False] * len(graph.code)
        for node in twin[bits[graph.operand[edge]] != bits[other]].tolist():
            found[node] = True
        first, reads = self.first, self.reads
        for node in nodes[self.label[nodes] == 0].tolist():
            if any(found[x] for x in reads[first[node] : first[node + 1]]):
                found[node] = True
        return found

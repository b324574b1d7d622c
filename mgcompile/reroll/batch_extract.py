"""Keep one sample of a data set that was recorded into a graph.

What all samples do alike is kept for the first one; the constants in which they differ become
inputs, and the sums over all samples become an op of their own, `SUM_OVER_SAMPLES`. The rest of the
compiler then sees a graph of one sample, as if it had been recorded with inputs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mgcompile.graph.editor import Editor
from mgcompile.graph.ir import CONST, INPUT, SUM_OVER_SAMPLES, Graph
from mgcompile.support.csr import places_within
from mgcore import ops

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mgcompile.reroll.batch_detect import BatchAxis, BatchSum
    from mgcore import Op

    Numbers = NDArray[np.int64]

__all__ = ["extract_batch"]


def extract_batch(graph: Graph, samples: BatchAxis) -> tuple[Graph, NDArray[np.float64]]:
    """Return the graph of one sample, and the data set, shape (samples, inputs).

    Args:
        graph: A graph without inputs.
        samples: The data set found in it.
    """
    cut = _Cut(graph, samples)
    cut.keep_first()
    for batch_sum in samples.batch_sums:
        cut.mark_sum(batch_sum)
    return cut.graph(), cut.data()


class _Cut:
    """The graph in the making: new nodes are numbered on from the old ones."""

    def __init__(self, graph: Graph, samples: BatchAxis) -> None:
        self.old = graph
        self.samples = samples
        self.editor = Editor(graph)
        self.columns: dict[bytes, int] = {}
        self.summed: dict[int, list[int]] = {}
        self.repeated: dict[int, list[int]] = {}
        self.taken: dict[int, list[Numbers]] = {}

    def _new(self, what: Op | int, operands: list[int], index: int = 0, value: float = 0.0) -> int:
        (node,) = self.editor.add(1, what, value, index).tolist()
        self._read(node, operands)
        return int(node)

    def _read(self, node: int, operands: list[int]) -> None:
        self.editor.read(np.full(len(operands), node), np.array(operands, dtype=np.int64))

    def _first(self, blocks: Numbers) -> Numbers:
        """Return block 0 of nodes, the samples on the first axis, with inputs where data differ."""
        first: Numbers = blocks[0].copy()
        bits = self.old.value[blocks].view(np.int64)
        vary = (self.old.code[first] == CONST) & np.any(bits != bits[:1], axis=0)
        if np.any(vary):
            values = np.ascontiguousarray(self.old.value[blocks[:, vary]].T)
            first[vary] = [self._column(column) for column in values]
        return first

    def _column(self, values: NDArray[np.float64]) -> int:
        key = values.tobytes()
        if key not in self.columns:
            self.columns[key] = self._new(INPUT, [], len(self.columns))
        return self.columns[key]

    def keep_first(self) -> None:
        """Let the first sample's nodes read inputs where samples read different constants."""
        graph, samples = self.old, self.samples
        nodes = np.flatnonzero(samples.label >= 0)
        # Sorted so, row i of the nodes reshaped to (samples, -1) is sample i, twins in columns.
        nodes = nodes[np.lexsort((samples.twin[nodes], samples.label[nodes]))]
        width = (graph.start[nodes + 1] - graph.start[nodes]).reshape(samples.count, -1)[0]
        edge = np.repeat(graph.start[nodes].reshape(samples.count, -1), width, axis=1)
        edge += places_within(width)
        constant = graph.code[graph.operand[edge[0]]] == CONST
        edge = edge[:, constant]
        self.editor.redirect(edge[0], self._first(graph.operand[edge]))

    def mark_sum(self, batch_sum: BatchSum) -> None:
        """Take the terms of all samples out of sums, and put one sample's there."""
        first = self._first(np.moveaxis(batch_sum.factors, 2, 0))
        kept = self.summed if batch_sum.varies else self.repeated
        for member, node in enumerate(batch_sum.nodes.tolist()):
            self.taken.setdefault(node, []).append(batch_sum.columns)
            kept.setdefault(node, []).append(self._total(first[:, member]))

    def _total(self, factors: Numbers) -> int:
        """Return a node for the sum of terms, shape (factors, terms)."""
        paired, terms = len(factors) == 2, factors.shape[1]
        operands = factors.ravel().tolist()
        if terms == 1 and not paired:
            return int(operands[0])
        if paired:
            return self._new(ops.mul if terms == 1 else ops.dot, operands)
        return self._new(ops.add if terms == 2 else ops.sum, operands)

    def _close_sums(self) -> None:
        """Write the sums anew: what is summed over the samples, and the terms that are left."""
        graph = self.old
        for node, taken in self.taken.items():
            operands = graph.operand[graph.start[node] : graph.start[node + 1]]
            paired = graph.ops[int(graph.code[node])] is ops.dot
            factors = np.stack(np.split(operands, 2)) if paired else operands[None]
            left = np.delete(factors, np.concatenate(taken), axis=1)
            terms: list[tuple[Op, list[int]]] = []
            if node in self.summed:
                own = self._total(np.array([self.summed[node]]))
                terms.append((SUM_OVER_SAMPLES, [own]))
            if node in self.repeated:
                own = self._total(np.array([self.repeated[node]]))
                times = self._new(CONST, [], value=float(self.samples.count))
                terms.append((ops.mul, [times, own]))
            if len(terms) == 1 and not left.shape[1]:
                op, read = terms[0]
            else:
                read = [self._new(*term) for term in terms]
                if left.shape[1]:
                    read += [self._total(left)] if paired else left[0].tolist()
                op = ops.add if len(read) == 2 else ops.sum
            self.editor.become(np.array([node]), op)
            self._read(node, read)

    def data(self) -> NDArray[np.float64]:
        """Return the inputs' values, shape (samples, inputs)."""
        return np.stack([np.frombuffer(column) for column in self.columns], axis=1)

    def graph(self) -> Graph:
        """Return the graph without the nodes of other samples."""
        self._close_sums()
        dead = self.samples.label > 0
        rewritten = dead.copy()
        rewritten[list(self.taken)] = True
        self.editor.clear(rewritten)
        return self.editor.finished(dead)

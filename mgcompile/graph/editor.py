"""Put nodes in the place of others: what each is, as steps on its operands."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import numpy as np

from mgcompile.graph.ir import CONST
from mgcompile.support.csr import starts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mgcompile.graph.ir import Graph
    from mgcore import Op

    Numbers = NDArray[np.int64]

__all__ = ["Editor", "Slot", "Step"]


@attrs.frozen(slots=True)
class Slot:
    """One of the operands that a node had."""

    number: int


Step = tuple["Op", tuple[Slot | int | float, ...]]
"""An op and what it is applied to: an operand, the result of the step of a number, a constant."""


class Editor:
    """Replace nodes of a graph, and add those that they need; `finished` gives the graph."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self._ops = list(graph.ops)
        self._code = [graph.code.copy()]
        self._value = [graph.value]
        self._count = len(graph.code)
        self._kept = np.ones(len(graph.operand), dtype=bool)
        self._users: list[Numbers] = []
        self._reads: list[Numbers] = []
        self._constants: dict[str, int] = {}

    def replace(self, nodes: Numbers, steps: Sequence[Step]) -> None:
        """Let each node be what the last step makes.

        Args:
            nodes: Nodes with one number of operands.
            steps: One or more.
        """
        graph = self.graph
        width = int(graph.start[nodes[0] + 1] - graph.start[nodes[0]])
        places = graph.start[nodes][:, None] + np.arange(width)
        operands = graph.operand[places]
        self._kept[places] = False
        made: list[Numbers] = []
        for number, (op, reads) in enumerate(steps):
            if number == len(steps) - 1:
                self._code[0][nodes] = self._code_of(op)
                made.append(nodes)
            else:
                made.append(self._added(len(nodes), self._code_of(op)))
            for x in reads:
                self._users.append(made[-1])
                if isinstance(x, Slot):
                    self._reads.append(operands[:, x.number])
                elif isinstance(x, int):
                    self._reads.append(made[x])
                else:
                    self._reads.append(np.full(len(nodes), self._constant(x)))

    def _constant(self, value: float) -> int:
        key = value.hex()
        if key not in self._constants:
            self._constants[key] = int(self._added(1, CONST, value)[0])
        return self._constants[key]

    def _added(self, count: int, code: int, value: float = 0.0) -> Numbers:
        self._code.append(np.full(count, code))
        self._value.append(np.full(count, value))
        self._count += count
        return np.arange(self._count - count, self._count)

    def _code_of(self, op: Op) -> int:
        if op not in self._ops:
            self._ops.append(op)
        return self._ops.index(op)

    def finished(self) -> Graph:
        """Return the graph with all replacements."""
        if not self._users:
            return self.graph
        graph = self.graph
        owner = np.repeat(np.arange(len(graph.code)), np.diff(graph.start))
        users = np.concatenate([owner[self._kept], *self._users])
        reads = np.concatenate([graph.operand[self._kept], *self._reads])
        more = self._count - len(graph.code)
        return attrs.evolve(
            graph,
            ops=tuple(self._ops),
            code=np.concatenate(self._code),
            start=starts(np.bincount(users, minlength=self._count)),
            operand=reads[np.argsort(users, kind="stable")],
            index=np.concatenate([graph.index, np.zeros(more, dtype=np.int64)]),
            value=np.concatenate(self._value),
        )

"""Change a graph: the one place where its arrays are taken apart and put together again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import numpy as np

from mgcompile.graph.ir import CONST, operand_table, owners_of
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
    """Change a graph: what nodes are, what they read, which there are; `finished` gives the graph.

    Nodes that are added are numbered on from those of the graph. What a node reads comes after what
    it read before and was not dropped, in the order in which it was told.

    Args:
        graph: The graph.
    """

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self._ops = list(graph.ops)
        # Of all nodes, those added at the end. Large arrays are copied when there is a change.
        self._code, self._index, self._value = [graph.code], [graph.index], [graph.value]
        self._changed: list[tuple[Numbers, int, NDArray[np.float64] | None]] = []
        self._count = len(graph.code)
        self._operand = graph.operand
        self._kept = np.ones(len(graph.operand), dtype=bool)
        self._users: list[Numbers] = []
        self._reads: list[Numbers] = []
        self._constants: dict[str, int] = {}

    def add(
        self, count: int, what: Op | int, value: float = 0.0, index: int = 0
    ) -> NDArray[np.int64]:
        """Add nodes that read nothing yet; return their numbers.

        Args:
            count: How many.
            what: An op, or CONST or INPUT.
            value: Of a constant.
            index: Of an input.
        """
        self._code.append(np.full(count, self._code_of(what)))
        self._index.append(np.full(count, index))
        self._value.append(np.full(count, value))
        self._count += count
        return np.arange(self._count - count, self._count)

    def become(
        self, nodes: Numbers, what: Op | int, values: NDArray[np.float64] | None = None
    ) -> None:
        """Let nodes of the graph apply another op, or be constants of these values."""
        if len(nodes):
            self._changed.append((nodes, self._code_of(what), values))

    def clear(self, nodes: NDArray[np.bool_]) -> None:
        """Let nodes of the graph read nothing of what they read.

        Args:
            nodes: Which; shape (n,).
        """
        self._kept &= np.repeat(~nodes, np.diff(self.graph.start))

    def drop(self, edges: NDArray[np.bool_] | Numbers) -> None:
        """Let operands of the graph not be read any more where they were."""
        self._kept[edges] = False

    def redirect(self, edges: Numbers, operands: Numbers) -> None:
        """Let other nodes be read in the places of operands of the graph."""
        if self._operand is self.graph.operand:
            self._operand = self._operand.copy()
        self._operand[edges] = operands

    def read(self, users: Numbers, operands: Numbers) -> None:
        """Let each of the users read one operand more."""
        self._users.append(users)
        self._reads.append(operands)

    def replace(self, nodes: Numbers, steps: Sequence[Step]) -> None:
        """Let each node be what the last step makes.

        Args:
            nodes: Nodes with one number of operands.
            steps: One or more.
        """
        operands = operand_table(self.graph, nodes)
        self.drop(self.graph.start[nodes][:, None] + np.arange(operands.shape[1]))
        made: list[Numbers] = []
        for op, reads in steps[:-1]:
            made.append(self.add(len(nodes), op))
            self._read_all(made[-1], reads, operands, made)
        op, reads = steps[-1]
        self.become(nodes, op)
        self._read_all(nodes, reads, operands, made)

    def _read_all(
        self,
        users: Numbers,
        reads: Sequence[Slot | int | float],
        operands: Numbers,
        made: list[Numbers],
    ) -> None:
        for x in reads:
            if isinstance(x, Slot):
                self.read(users, operands[:, x.number])
            elif isinstance(x, int):
                self.read(users, made[x])
            else:
                self.read(users, np.full(len(users), self._constant(x)))

    def _constant(self, value: float) -> int:
        key = value.hex()
        if key not in self._constants:
            self._constants[key] = int(self.add(1, CONST, value)[0])
        return self._constants[key]

    def _code_of(self, what: Op | int) -> int:
        if isinstance(what, int):
            return what
        if what not in self._ops:
            self._ops.append(what)
        return self._ops.index(what)

    def finished(self, dead: NDArray[np.bool_] | None = None) -> Graph:
        """Return the graph with all changes.

        Args:
            dead: Which nodes of the graph to leave out: nothing else reads them now.
        """
        code, index = np.concatenate(self._code), np.concatenate(self._index)
        value = np.concatenate(self._value)
        for nodes, of_op, values in self._changed:
            code[nodes] = of_op
            if values is not None:
                value[nodes] = values
        users = np.concatenate([self._kept_users(), *self._users])
        reads = np.concatenate([self._operand[self._kept], *self._reads])
        roots = self.graph.roots
        if dead is not None:
            alive = np.ones(self._count, dtype=bool)
            alive[: len(dead)] = ~dead
            number = np.cumsum(alive) - 1
            code, index, value = code[alive], index[alive], value[alive]
            users, reads, roots = number[users], number[reads], number[roots]
        return attrs.evolve(
            self.graph,
            ops=tuple(self._ops),
            code=code,
            start=starts(np.bincount(users, minlength=len(code))),
            operand=reads[np.argsort(users, kind="stable")],
            index=index,
            value=value,
            roots=roots,
        )

    def _kept_users(self) -> Numbers:
        """Return the nodes that still read what they read, once for each operand."""
        return owners_of(self.graph.start, np.flatnonzero(self._kept))

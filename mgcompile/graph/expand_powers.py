"""Write powers with a constant exponent as products, roots and quotients.

They cost an instruction or two instead of some sixty, sums of squares become dot products, and the
slope of a square is that of a product. `x ** 0.5` is the root of `x + 0`, which has no sign at 0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import numpy as np

from mgcompile.graph.ir import CONST, Graph, applies
from mgcompile.support.csr import starts
from mgcore import Op, ops

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Numbers = NDArray[np.int64]

__all__ = ["expand_powers"]

_LARGEST, _SMALLEST = 8, -4

_X = "x"
Operand = str | float | int
"""The base, a constant (a float), or the number of a step."""

Step = tuple[Op, tuple[Operand, ...]]


def expand_powers(graph: Graph) -> Graph:
    """Return an equal graph without powers of a small constant exponent."""
    if ops.pow not in graph.ops:
        return graph
    powers = np.flatnonzero(applies(graph, ops.pow))
    exponent = graph.operand[graph.start[powers] + 1]
    constant = graph.code[exponent] == CONST
    powers, values = powers[constant], graph.value[exponent[constant]]
    editor = _Editor(graph)
    for value in np.unique(values).tolist():
        steps = _steps(value)
        if steps:
            editor.replace(powers[values == value], steps)
    return editor.finished()


def _steps(exponent: float) -> list[Step]:
    """Return what makes x to the power of `exponent`, the last step last; nothing if it stays."""
    if exponent == 0.5:
        return [(ops.add, (_X, 0.0)), (ops.sqrt, (0,))]
    if exponent == -0.5:
        return [(ops.add, (_X, 0.0)), (ops.sqrt, (0,)), (ops.div, (1.0, 1))]
    if exponent not in range(_SMALLEST, _LARGEST + 1) or exponent in (0.0, 1.0):
        return []
    steps: list[Step] = []
    base: Operand = _X
    if exponent < 0.0:
        # The reciprocal first: the power could overflow where the result is subnormal.
        steps.append((ops.div, (1.0, _X)))
        base = 0
    _multiply(steps, base, int(abs(exponent)))
    return steps


def _multiply(steps: list[Step], base: Operand, count: int) -> Operand:
    """Append the products that make `base` to the power of `count`; return where that is."""
    found = base
    for bit in bin(count)[3:]:
        steps.append((ops.mul, (found, found)))
        found = len(steps) - 1
        if bit == "1":
            steps.append((ops.mul, (found, base)))
            found = len(steps) - 1
    return found


class _Editor:
    """Put nodes in the place of others, and add those that they need."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.ops = list(graph.ops)
        self.code = [graph.code.copy()]
        self.value = [graph.value]
        self.count = len(graph.code)
        self.kept = np.ones(len(graph.operand), dtype=bool)
        self.users: list[Numbers] = []
        self.reads: list[Numbers] = []
        self.constants: dict[float, int] = {}

    def replace(self, nodes: Numbers, steps: list[Step]) -> None:
        """Let each node be what the last step makes of its first operand."""
        graph = self.graph
        places = graph.start[nodes]
        bases = graph.operand[places]
        self.kept[places] = self.kept[places + 1] = False
        made: list[Numbers] = []
        for number, (op, operands) in enumerate(steps):
            if number == len(steps) - 1:
                self.code[0][nodes] = self._code(op)
                made.append(nodes)
            else:
                made.append(self._added(len(nodes), self._code(op)))
            for operand in operands:
                self.users.append(made[-1])
                self.reads.append(self._read(operand, bases, made))

    def _read(self, operand: Operand, bases: Numbers, made: list[Numbers]) -> Numbers:
        if isinstance(operand, str):
            return bases
        if isinstance(operand, int):
            return made[operand]
        if operand not in self.constants:
            self.constants[operand] = int(self._added(1, CONST, operand)[0])
        return np.full(len(bases), self.constants[operand])

    def _added(self, count: int, code: int, value: float = 0.0) -> Numbers:
        self.code.append(np.full(count, code))
        self.value.append(np.full(count, value))
        self.count += count
        return np.arange(self.count - count, self.count)

    def _code(self, op: Op) -> int:
        if op not in self.ops:
            self.ops.append(op)
        return self.ops.index(op)

    def finished(self) -> Graph:
        """Return the graph with all replacements."""
        if not self.users:
            return self.graph
        graph = self.graph
        owner = np.repeat(np.arange(len(graph.code)), np.diff(graph.start))
        users = np.concatenate([owner[self.kept], *self.users])
        reads = np.concatenate([graph.operand[self.kept], *self.reads])
        more = self.count - len(graph.code)
        return attrs.evolve(
            graph,
            ops=tuple(self.ops),
            code=np.concatenate(self.code),
            start=starts(np.bincount(users, minlength=self.count)),
            operand=reads[np.argsort(users, kind="stable")],
            index=np.concatenate([graph.index, np.zeros(more, dtype=np.int64)]),
            value=np.concatenate(self.value),
        )

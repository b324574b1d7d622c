"""Gradients of strict kernels: the engine's own steps, node by node and in its order, as a graph.

Reverse mode on bundles adds contributions to an adjoint in an order of its own. Here the recorded
graph is walked as `mgcore.backward` walks it, and what it would compute is recorded: the sum of
contributions from 0 on, in the order in which it meets them. That graph is then compiled as any
other strict one.
"""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING

import attrs
import numpy as np

from mgcompile.autodiff.partial_template import partial_template
from mgcompile.graph.ir import CONST, INPUT, PARAM
from mgcompile.graph.pipeline import canonicalize
from mgcompile.program.builder import Builder, affine
from mgcompile.program.ir import Affine
from mgcompile.reroll.pipeline import reroll
from mgcompile.support.zero_product import ZERO_MUL
from mgcore import ops

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mgcompile.autodiff.partial_template import Template
    from mgcompile.graph.ir import Graph
    from mgcompile.program.ir import Program
    from mgcore import Op

__all__ = ["engine_gradient"]


def engine_gradient(program: Program, output: int, source: int) -> tuple[Builder, int, int] | None:
    """Return the values and a gradient in the engine's order.

    Args:
        program: A forward program.
        output: Which output the gradient is of.
        source: To what: INPUT or PARAM.

    Returns:
        A builder, the array of all values in it and that of the gradient; None if the program is
        not strict, or its graph is too large or holds a data set.
    """
    graph = program.recorded
    if graph is None or program.data is not None:
        return None
    count = {INPUT: program.n_inputs, PARAM: program.n_params}[source]
    whole = _Walk(graph, source).gradient(int(graph.roots[output]), count)
    made = reroll(canonicalize(whole), program.n_inputs, program.n_params)
    if made.data is not None:
        return None
    made = attrs.evolve(made, guarded=program.guarded)
    builder, array, values = Builder.continuing(made), made.output("value"), len(graph.roots)

    def part(first: int, size: int) -> int:
        return builder.scatter(size, [((size,), affine(array, first, 1), Affine(0, (1,)))])

    return builder, part(0, values), part(values, count)


class _Walk:
    """A graph to which the steps of a walk backwards are appended."""

    def __init__(self, graph: Graph, source: int) -> None:
        self.graph = graph
        self.source = source
        self.ops: dict[Op, int] = {op: code for code, op in enumerate(graph.ops)}
        self.code: list[int] = graph.code.tolist()
        ends, edges = graph.start.tolist(), graph.operand.tolist()
        self.operands: list[list[int]] = [edges[a:b] for a, b in itertools.pairwise(ends)]
        self.value: list[float] = graph.value.tolist()
        self._constants: dict[str, int] = {}
        self._templates: dict[object, Template] = {}

    def gradient(self, root: int, count: int) -> Graph:
        """Return the graph with the derivatives of `root` by the leaves as further roots."""
        order = self._topological(root)
        felt = self._felt(order)
        adjoints: dict[int, int] = {root: self.constant(1.0)}
        for node in reversed(order):
            if node in adjoints and felt[node] and self.code[node] >= 0:
                self._contribute(node, adjoints, felt)
        index, slopes = self.graph.index, [self.constant(0.0)] * count
        for leaf in np.flatnonzero(self.graph.code == self.source).tolist():
            slopes[index[leaf]] = adjoints.get(leaf, self.constant(0.0))
        return self._finished(slopes)

    def _topological(self, root: int) -> list[int]:
        """Return the nodes below a root in the order of `mgcore.order.topological_order`."""
        order: list[int] = []
        seen: set[int] = set()
        stack: list[int] = [root]
        while stack:
            node = stack.pop()
            if node < 0:  # the operands of the node below have been placed
                order.append(stack.pop())
            elif node not in seen:
                seen.add(node)
                if seen.issuperset(self.operands[node]):
                    order.append(node)
                else:
                    stack += (node, -1)
                    stack += self.operands[node][::-1]
        return order

    def _felt(self, order: Sequence[int]) -> list[bool]:
        felt = [code == self.source for code in self.code]
        for node in order:
            felt[node] = felt[node] or any(felt[x] for x in self.operands[node])
        return felt

    def _contribute(self, node: int, adjoints: dict[int, int], felt: Sequence[bool]) -> None:
        operands, upstream = self.operands[node], adjoints[node]
        template = self._template(node)
        known: list[int] = [*operands, node]
        for op, read in template.instructions:
            known.append(self.applied(op, [self._read(x, known) for x in read]))
        for x, partial in zip(operands, template.partials, strict=True):
            if felt[x]:
                term = self._product(upstream, partial, known)
                adjoints[x] = self.applied(ops.add, [adjoints.get(x, self.constant(0.0)), term])

    def _product(self, upstream: int, partial: float, known: Sequence[int]) -> int:
        if isinstance(partial, float):
            if partial == 1.0:
                return upstream
            op = ops.mul if math.isfinite(partial) else ZERO_MUL
            return self.applied(op, [upstream, self.constant(partial)])
        if upstream == self.constant(1.0):
            return known[partial]
        # The engine does not look at what lies below a node that the root does not feel.
        return self.applied(ZERO_MUL, [upstream, known[partial]])

    def _read(self, x: float, known: Sequence[int]) -> int:
        return self.constant(x) if isinstance(x, float) else known[x]

    def _template(self, node: int) -> Template:
        op = self.graph.ops[self.code[node]]
        numbers = tuple(
            self.value[x] if self.code[x] == CONST else None for x in self.operands[node]
        )
        key = (op, tuple(x if x is None else x.hex() for x in numbers))
        if key not in self._templates:
            self._templates[key] = partial_template(op, numbers)
        return self._templates[key]

    def constant(self, x: float) -> int:
        """Return the node of a constant."""
        key = float(x).hex()
        if key not in self._constants:
            self._constants[key] = self._new(CONST, [], float(x))
        return self._constants[key]

    def applied(self, op: Op, operands: list[int]) -> int:
        """Return a new node."""
        return self._new(self.ops.setdefault(op, len(self.ops)), operands, 0.0)

    def _new(self, code: int, operands: list[int], value: float) -> int:
        self.code.append(code)
        self.operands.append(operands)
        self.value.append(value)
        return len(self.code) - 1

    def _finished(self, more: Sequence[int]) -> Graph:
        width = np.array([len(x) for x in self.operands], dtype=np.int64)
        index = np.zeros(len(self.code), dtype=np.int64)
        index[: len(self.graph.index)] = self.graph.index
        return attrs.evolve(
            self.graph,
            ops=tuple(self.ops),
            code=np.array(self.code, dtype=np.int64),
            start=np.concatenate([[0], np.cumsum(width)]),
            operand=np.array([x for each in self.operands for x in each], dtype=np.int64),
            index=index,
            value=np.array(self.value),
            roots=np.concatenate([self.graph.roots, np.array(more, dtype=np.int64)]),
        )

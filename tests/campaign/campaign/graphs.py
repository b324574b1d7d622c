"""A graph as plain data: made, recorded, stored as JSON, printed as a script."""

from __future__ import annotations

import json
import math

import attrs

from campaign.plain import plain
from mgcore import Value, cond, ops

__all__ = ["LEAVES", "Graph", "Maker", "Node", "names", "record"]

LEAVES = {
    "x": "an input",
    "w": "a parameter",
    "v": "a Value that is neither: a recorded sample",
    "c": "a plain number",
}
INFIX = {"add": "+", "sub": "-", "mul": "*", "div": "/", "pow": "**"}


@attrs.frozen
class Node:
    """One leaf (`op` is a key of LEAVES, `number` its value) or application of an op."""

    op: str
    operands: tuple[int, ...] = ()
    number: float = 0.0

    @property
    def leaf(self):
        return self.op in LEAVES


@attrs.frozen
class Graph:
    """Nodes in topological order, and what is asked of them.

    Args:
        nodes: the nodes, operands first.
        outputs: places of the outputs.
        inputs: places of the inputs, in the order in which a kernel gets them.
        params: places of the parameters, in the same way.
        rows: further samples, each a number for every input.
        kind: the structure it was made as.
        seed: what it was made from.
    """

    nodes: tuple[Node, ...]
    outputs: tuple[int, ...]
    inputs: tuple[int, ...] = ()
    params: tuple[int, ...] = ()
    rows: tuple[tuple[float, ...], ...] = ()
    kind: str = ""
    seed: int = -1

    @property
    def leaves(self):
        """The places of all leaves to differentiate by: inputs, then parameters."""
        return self.inputs + self.params

    @property
    def samples(self):
        """All samples: the one recorded, then the others."""
        return (tuple(self.nodes[i].number for i in self.inputs), *self.rows)

    @property
    def ops(self):
        return {node.op for node in self.nodes if not node.leaf}

    def moved(self, row):
        """Return the graph with the sample `row` as the one recorded, and no others."""
        nodes = list(self.nodes)
        for place, number in zip(self.inputs, row, strict=True):
            nodes[place] = attrs.evolve(nodes[place], number=number)
        return attrs.evolve(self, nodes=tuple(nodes), rows=())

    def trimmed(self):
        """Return it without nodes that no output needs, and without inputs that none feels."""
        live = set(self.outputs)
        for place in range(len(self.nodes) - 1, -1, -1):
            if place in live:
                live.update(self.nodes[place].operands)
        live.update(self.params)
        order = sorted(live)
        new = {old: place for place, old in enumerate(order)}
        nodes = tuple(
            attrs.evolve(self.nodes[i], operands=tuple(new[j] for j in self.nodes[i].operands))
            for i in order
        )
        kept = [k for k, i in enumerate(self.inputs) if i in live]
        return attrs.evolve(
            self,
            nodes=nodes,
            outputs=tuple(new[i] for i in self.outputs),
            inputs=tuple(new[self.inputs[k]] for k in kept),
            params=tuple(new[i] for i in self.params),
            rows=tuple(tuple(row[k] for k in kept) for row in self.rows),
        )

    def to_json(self):
        nodes = [
            [n.op, n.number if math.isfinite(n.number) else repr(n.number)]
            if n.leaf
            else [n.op, *n.operands]
            for n in self.nodes
        ]
        return json.dumps(
            {
                "nodes": nodes,
                "outputs": self.outputs,
                "inputs": self.inputs,
                "params": self.params,
                "rows": self.rows,
                "kind": self.kind,
                "seed": self.seed,
            }
        )

    @classmethod
    def from_dict(cls, d):
        nodes = tuple(
            Node(op, (), float(rest[0])) if op in LEAVES else Node(op, tuple(rest))
            for op, *rest in d["nodes"]
        )
        rows = tuple(tuple(map(float, row)) for row in d.get("rows", ()))
        places = (tuple(d.get(key, ())) for key in ("outputs", "inputs", "params"))
        return cls(nodes, *places, rows, d.get("kind", ""), d.get("seed", -1))

    def script(self):
        """Return Python lines that record it: `y` (or `ys`), `inputs`, `params`, `X`."""
        shown, lines = names(self), []
        for i, node in enumerate(self.nodes):
            if node.op != "c":
                lines.append(f"{shown[i]} = {_expression(node, shown, self.nodes)}")
        if len(self.outputs) == 1:
            lines.append(f"y = {shown[self.outputs[0]]}")
        else:
            lines.append(f"y = [{', '.join(shown[i] for i in self.outputs)}]")
        lines.append(f"inputs = [{', '.join(shown[i] for i in self.inputs)}]")
        lines.append(f"params = [{', '.join(shown[i] for i in self.params)}]")
        if self.inputs:
            lines.append(f"X = {[list(row) for row in self.samples]!r}")
        return "\n".join(lines)


def names(graph):
    """Return what each node is called in a script."""
    shown = []
    for i, node in enumerate(graph.nodes):
        if node.op == "c":
            text = repr(node.number) if math.isfinite(node.number) else f"float('{node.number}')"
            shown.append(f"({text})" if node.number < 0 else text)
        else:
            shown.append(f"{node.op if node.leaf else 'n'}{i}")
    return shown


def _expression(node, names, nodes):
    if node.leaf:
        return f"Value({node.number!r}, {node.op + '_'!r})".replace(", 'v_'", "")
    shown = [names[i] for i in node.operands]
    if node.op == "cond":
        return f"cond({shown[0]}, lambda: {shown[1]}, lambda: {shown[2]})"
    if node.op in INFIX and not all(nodes[i].op == "c" for i in node.operands):
        return f"{shown[0]} {INFIX[node.op]} {shown[1]}"
    return f"ops.{node.op}({', '.join(shown)})"


def apply(op, operands):
    """Apply the op as a program would: by an operator where there is one."""
    if any(isinstance(x, Value) for x in operands):
        if op == "add":
            return operands[0] + operands[1]
        if op == "sub":
            return operands[0] - operands[1]
        if op == "mul":
            return operands[0] * operands[1]
        if op == "div":
            return operands[0] / operands[1]
        if op == "pow":
            return operands[0] ** operands[1]
    if op == "cond":
        test, x, y = operands
        return cond(test, lambda: x, lambda: y)
    return getattr(ops, op)(*operands)


def record(graph):
    """Return the graph as Values (floats where an op met plain numbers alone), one per node."""
    made = []
    for i, node in enumerate(graph.nodes):
        if node.op == "c":
            made.append(node.number)
        elif node.leaf:
            made.append(Value(node.number, f"{node.op}{i}"))
        else:
            made.append(apply(node.op, [made[j] for j in node.operands]))
    return made


class Ref:
    """A node while it is made; arithmetic and methods make more."""

    __slots__ = ("maker", "place")

    def __init__(self, maker, place):
        self.maker, self.place = maker, place

    @property
    def data(self):
        return self.maker.numbers[self.place]

    def __add__(self, other):
        return self.maker.op("add", self, other)

    def __radd__(self, other):
        return self.maker.op("add", other, self)

    def __sub__(self, other):
        return self.maker.op("sub", self, other)

    def __rsub__(self, other):
        return self.maker.op("sub", other, self)

    def __mul__(self, other):
        return self.maker.op("mul", self, other)

    def __rmul__(self, other):
        return self.maker.op("mul", other, self)

    def __truediv__(self, other):
        return self.maker.op("div", self, other)

    def __rtruediv__(self, other):
        return self.maker.op("div", other, self)

    def __pow__(self, other):
        return self.maker.op("pow", self, other)

    def __rpow__(self, other):
        return self.maker.op("pow", other, self)

    def __neg__(self):
        return self.maker.op("neg", self)


class Maker:
    """Makes a graph: leaves by `x`, `w`, `v`, ops by name or operator; numbers become constants."""

    def __init__(self):
        self.nodes, self.numbers = [], []
        self.inputs, self.params = [], []

    def _put(self, node, number):
        self.nodes.append(node)
        self.numbers.append(number)
        return Ref(self, len(self.nodes) - 1)

    def x(self, number):
        ref = self._put(Node("x", (), float(number)), float(number))
        self.inputs.append(ref)
        return ref

    def w(self, number):
        ref = self._put(Node("w", (), float(number)), float(number))
        self.params.append(ref)
        return ref

    def v(self, number):
        return self._put(Node("v", (), float(number)), float(number))

    def c(self, number):
        return self._put(Node("c", (), float(number)), float(number))

    def op(self, name, *operands):
        refs = [x if isinstance(x, Ref) else self.c(x) for x in operands]
        number = plain(name, [r.data for r in refs])
        return self._put(Node(name, tuple(r.place for r in refs)), number)

    def sum(self, *xs):
        return self.op("sum", *xs)

    def dot(self, ws, xs):
        return self.op("dot", *ws, *xs)

    def graph(self, outputs, rows=(), kind="", seed=-1):
        outputs = outputs if isinstance(outputs, list) else [outputs]
        return Graph(
            tuple(self.nodes),
            tuple(r.place for r in outputs),
            tuple(r.place for r in self.inputs),
            tuple(r.place for r in self.params),
            tuple(tuple(map(float, row)) for row in rows),
            kind,
            seed,
        ).trimmed()

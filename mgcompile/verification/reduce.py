"""Reduce a graph that is compiled wrongly to a small one that still is, as a script to send.

Hierarchical delta debugging: the root moves down while what is below it still fails, then nodes
become leaves with the numbers that they had, then ops of many operands lose some.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from mgcompile.graph.ir import CONST, INPUT, PARAM, Graph
from mgcompile.support.csr import starts
from mgcompile.support.sweeps import SWEEPS
from mgcore import ops

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from numpy.typing import NDArray

    from mgcore import Op

    Floats = NDArray[Any]

__all__ = ["Sketch", "reduced", "script", "sketched"]


@attrs.frozen(slots=True, eq=False)
class Sketch:
    """A graph in the form that is easy to cut: every node by number, operands first.

    Args:
        nodes: Op and operands of what is computed; None and no operands for a leaf.
        kinds: PARAM, INPUT or CONST for a leaf.
        numbers: What each node was at the recorded point.
        roots: The outputs.
    """

    nodes: dict[int, tuple[Op | None, tuple[int, ...]]]
    kinds: dict[int, int]
    numbers: dict[int, float]
    roots: tuple[int, ...]

    def live(self) -> list[int]:
        """Return the nodes that the roots depend on, operands first."""
        found: list[int] = []
        done: set[int] = set()
        stack = [(root, False) for root in self.roots]
        while stack:
            node, left = stack.pop()
            if left:
                found.append(node)
            elif node not in done:
                done.add(node)
                stack.append((node, True))
                stack += [(x, False) for x in self.nodes[node][1]]
        return found

    def graph(self) -> tuple[Graph, Floats, Floats, Floats]:
        """Return the graph, and the numbers of its inputs, parameters and roots."""
        live = self.live()
        ranked = [x for x in live if self.kinds.get(x) == PARAM]
        ranked += [x for x in live if self.kinds.get(x) == INPUT]
        given = set(ranked)
        ranked += [x for x in reversed(live) if x not in given]
        place = {node: i for i, node in enumerate(ranked)}
        table: dict[Op, int] = {}
        code, index, value, operand, width = [], [], [], [], []
        count = {PARAM: 0, INPUT: 0}
        for node in ranked:
            op, reads = self.nodes[node]
            kind = self.kinds[node] if op is None else table.setdefault(op, len(table))
            code.append(kind)
            index.append(count.get(kind, 0) if op is None else 0)
            if op is None and kind in count:
                count[kind] += 1
            value.append(self.numbers[node] if op is None and kind == CONST else 0.0)
            operand += [place[x] for x in reads]
            width.append(len(reads))
        graph = Graph(
            ops=tuple(table),
            code=np.array(code, dtype=np.int64),
            start=starts(np.array(width, dtype=np.int64)),
            operand=np.array(operand, dtype=np.int64),
            index=np.array(index, dtype=np.int64),
            value=np.array(value),
            roots=np.array([place[x] for x in self.roots], dtype=np.int64),
        )
        numbers = [
            np.array([self.numbers[x] for x in ranked if self.kinds.get(x) == kind])
            for kind in (INPUT, PARAM)
        ]
        return graph, numbers[0], numbers[1], np.array([self.numbers[x] for x in self.roots])


def sketched(graph: Graph, numbers: Floats) -> Sketch:
    """Return a graph as a sketch; `numbers` is what every node was."""
    nodes: dict[int, tuple[Op | None, tuple[int, ...]]] = {}
    kinds = {}
    for node, code in enumerate(graph.code.tolist()):
        reads = graph.operand[graph.start[node] : graph.start[node + 1]].tolist()
        nodes[node] = (None, ()) if code < 0 else (graph.ops[code], tuple(reads))
        if code < 0:
            kinds[node] = code
    known = dict(enumerate(numbers.tolist()))
    return Sketch(nodes, kinds, known, tuple(graph.roots.tolist()))


def reduced(sketch: Sketch, fails: Callable[[Sketch], bool], leaf: int, seconds: float) -> Sketch:
    """Return a small sketch that still fails.

    Args:
        sketch: One that fails.
        fails: Tells whether a sketch does; anything that it raises counts as no.
        leaf: PARAM or INPUT: what a node becomes that is cut off.
        seconds: How long to try.
    """
    until = time.monotonic() + seconds

    def still(candidate: Sketch) -> bool:
        if time.monotonic() > until:
            return False
        try:
            return fails(candidate)
        except Exception:
            return False

    for step in (_one_root, _lower_root, _cut, _fewer_operands, _cut):
        sketch = step(sketch, still, leaf)
    return sketch


def _first(candidates: Iterable[Sketch], still: Callable[[Sketch], bool]) -> Sketch | None:
    return next((each for each in candidates if still(each)), None)


def _one_root(sketch: Sketch, still: Callable[[Sketch], bool], _: int) -> Sketch:
    if len(sketch.roots) == 1:
        return sketch
    found = _first((attrs.evolve(sketch, roots=(root,)) for root in sketch.roots), still)
    return found or sketch


def _lower_root(sketch: Sketch, still: Callable[[Sketch], bool], _: int) -> Sketch:
    while len(sketch.roots) == 1:
        below = [x for x in sketch.nodes[sketch.roots[0]][1] if sketch.nodes[x][0] is not None]
        distinct = list(dict.fromkeys(below))[:8]
        found = _first((attrs.evolve(sketch, roots=(x,)) for x in distinct), still)
        if found is None:
            break
        sketch = found
    return sketch


def _cut(sketch: Sketch, still: Callable[[Sketch], bool], leaf: int) -> Sketch:
    """Make leaves of nodes: of many at once while that works, of each at last."""
    inner = [x for x in sketch.live() if sketch.nodes[x][0] is not None and x not in sketch.roots]
    size = max(1, len(inner) // 2)
    while inner:
        for first in range(0, len(inner), size):
            some = inner[first : first + size]
            candidate = attrs.evolve(
                sketch,
                nodes={**sketch.nodes, **dict.fromkeys(some, (None, ()))},
                kinds={**sketch.kinds, **dict.fromkeys(some, leaf)},
            )
            if still(candidate):
                sketch = candidate
        if size == 1:
            break
        live = set(sketch.live())
        inner = [x for x in inner if x in live and sketch.nodes[x][0] is not None]
        size = max(1, min(size // 2, len(inner)))
    return sketch


def _fewer_operands(sketch: Sketch, still: Callable[[Sketch], bool], _: int) -> Sketch:
    for node in reversed(sketch.live()):
        op, reads = sketch.nodes[node]
        if op is None or op.arity is not None:
            continue
        paired = 2 if op is ops.dot else 1
        half = len(reads) // paired
        step = half // 2
        while step and half > 1:
            for first in range(0, half, step):
                kept = [i for i in range(half) if not first <= i < first + step]
                fewer = tuple(reads[i + part * half] for part in range(paired) for i in kept)
                candidate = attrs.evolve(sketch, nodes={**sketch.nodes, node: (op, fewer)})
                if kept and still(candidate):
                    sketch, reads, half = candidate, fewer, len(kept)
                    break
            else:
                step //= 2
            step = min(step, half // 2)
    return sketch


_CALLS = {
    "forward": "kernel({X})",
    "inputs": "kernel.value_and_grad({X})",
    "all_inputs": "kernel.value_and_grad({X})",
    "loss": "kernel.loss_and_grad({X})",
    "minibatch": "kernel.loss_and_grad({X})",
    "input_product": "kernel.hvp({X}, v={v}, wrt='inputs')",
    "param_product": "kernel.hvp({X}, v={v}, wrt='params')",
    **{
        kind: f"kernel.jacobian({{X}}, wrt={sweep.source!r}, per_sample={not sweep.summed}, "
        f"mode={sweep.mode!r})"
        for kind, sweep in SWEEPS.items()
    },
}


def script(sketch: Sketch, kind: str, options: str) -> str:
    """Return a sketch as a program that raises the error again.

    Args:
        sketch: The graph.
        kind: What program of it is wrong.
        options: More arguments of `compile`, as text.
    """
    live = sketch.live()
    names: dict[int, str] = {}
    lines = ["import numpy as np", "", "import mgcompile", "from mgcore import Value, ops", ""]
    prefix = {PARAM: "p", INPUT: "x"}
    for node in live:
        op, reads = sketch.nodes[node]
        number = repr(sketch.numbers[node])
        number = number if np.isfinite(sketch.numbers[node]) else f'float("{number}")'
        if op is None and sketch.kinds[node] == CONST:
            names[node] = number
            continue
        names[node] = f"{'v' if op is not None else prefix[sketch.kinds[node]]}{len(names)}"
        made = (
            f"Value({number})"
            if op is None
            else f"ops.{op.name}({', '.join(names[x] for x in reads)})"
        )
        lines.append(f"{names[node]} = {made}")
    leaves = {
        kind: [names[x] for x in live if sketch.kinds.get(x) == kind and sketch.nodes[x][0] is None]
        for kind in (INPUT, PARAM)
    }
    numbers = [sketch.numbers[x] for x in live if sketch.kinds.get(x) == INPUT]
    of = leaves[INPUT] if kind == "input_product" else leaves[PARAM]
    call = _CALLS.get(kind, _CALLS["loss"]).format(
        X=f"np.array([{numbers}])" if numbers else "", v=f"np.ones({len(of)})"
    )
    if kind in SWEEPS and len(sketch.roots) > 1:  # which a Jacobian of so few outputs may not use
        call = f"kernel._built.checked({kind!r}, 0)"
    outputs = ", ".join(names[x] for x in sketch.roots)
    inputs, params = ", ".join(leaves[INPUT]), ", ".join(leaves[PARAM])
    lines += [
        "",
        f"outputs, inputs, params = [{outputs}], [{inputs}], [{params}]",
        f"kernel = mgcompile.compile(outputs, inputs, params, {options}, verify='full')",
        call.replace("(, ", "("),
    ]
    return "\n".join(lines) + "\n"

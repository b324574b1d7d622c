"""Print a graph for a person, one node a line, operands first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mgcompile.graph.ir import CONST, INPUT, PARAM
from mgcompile.graph.levels import levels

if TYPE_CHECKING:
    from mgcompile.graph.ir import Graph

__all__ = ["format_graph"]

_LONGEST = 200
_WIDEST = 12


def format_graph(graph: Graph) -> str:
    """Return a graph as text: its nodes, operands first, and its outputs.

    Args:
        graph: Any graph. Of one with many nodes the last ones before the outputs are shown.

    Returns:
        Lines such as `n7 = tanh(n6)`; leaves stand where they are read, as `inputs[0]`,
        `params[3]` or the number that a constant is.
    """
    _, order = levels(graph)
    reached = _reached(graph)
    shown = order[reached[order]]
    kinds = [int(np.sum((graph.code == code) & reached)) for code in (INPUT, PARAM, CONST)]
    head = "{} nodes, {} inputs, {} params, {} constants".format(f"{len(shown):,}", *kinds)
    lines = [head]
    if len(shown) > _LONGEST:
        lines.append(f"... {len(shown) - _LONGEST:,} more")
        shown = shown[-_LONGEST:]
    for node in shown.tolist():
        operands = graph.operand[graph.start[node] : graph.start[node + 1]].tolist()
        names = [_name(graph, operand) for operand in operands[:_WIDEST]]
        if len(operands) > _WIDEST:
            names.append(f"... {len(operands) - _WIDEST:,} more")
        lines.append(f"n{node} = {graph.ops[int(graph.code[node])].name}({', '.join(names)})")
    lines.append("return " + ", ".join(_name(graph, root) for root in graph.roots.tolist()))
    return "\n".join(lines)


def _name(graph: Graph, node: int) -> str:
    code = int(graph.code[node])
    if code == CONST:
        return repr(float(graph.value[node]))
    if code in (INPUT, PARAM):
        return f"{'inputs' if code == INPUT else 'params'}[{int(graph.index[node])}]"
    return f"n{node}"


def _reached(graph: Graph) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    """Tell which nodes an output depends on."""
    found = np.zeros(len(graph.code), dtype=bool)
    stack = graph.roots.tolist()
    while stack:
        node = stack.pop()
        if not found[node]:
            found[node] = True
            stack += graph.operand[graph.start[node] : graph.start[node + 1]].tolist()
    return found

"""Write powers with a constant exponent as products, roots and quotients.

They cost an instruction or two instead of some sixty, sums of squares become dot products, and the
slope of a square is that of a product. `x ** 0.5` is the root of `x + 0`, which has no sign at 0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mgcompile.graph.editor import Editor, Slot
from mgcompile.graph.ir import CONST, applies
from mgcore import ops

if TYPE_CHECKING:
    from mgcompile.graph.editor import Step
    from mgcompile.graph.ir import Graph

__all__ = ["expand_powers"]

_LARGEST, _SMALLEST = 8, -4

_X = Slot(0)


def expand_powers(graph: Graph) -> Graph:
    """Return an equal graph without powers of a small constant exponent, unless it is strict."""
    if graph.strict or ops.pow not in graph.ops:
        return graph
    powers = np.flatnonzero(applies(graph, ops.pow))
    exponent = graph.operand[graph.start[powers] + 1]
    constant = graph.code[exponent] == CONST
    powers, values = powers[constant], graph.value[exponent[constant]]
    editor = Editor(graph)
    for value in np.unique(values).tolist():
        if steps := _steps(value):
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
    base: Slot | int = _X
    if exponent < 0.0:
        # The reciprocal first: the power could overflow where the result is subnormal.
        steps.append((ops.div, (1.0, _X)))
        base = 0
    _multiply(steps, base, int(abs(exponent)))
    return steps


def _multiply(steps: list[Step], base: Slot | int, count: int) -> Slot | int:
    """Append the products that make `base` to the power of `count`; return where that is."""
    found = base
    for bit in bin(count)[3:]:
        steps.append((ops.mul, (found, found)))
        found = len(steps) - 1
        if bit == "1":
            steps.append((ops.mul, (found, base)))
            found = len(steps) - 1
    return found

"""Write sums and dot products as Python computes them: from 0 on, one term after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mgcompile.graph.editor import Editor, Slot
from mgcompile.graph.ir import applies
from mgcore import ops

if TYPE_CHECKING:
    from mgcompile.graph.editor import Step
    from mgcompile.graph.ir import Graph

__all__ = ["in_python_order"]


def in_python_order(graph: Graph) -> Graph:
    """Return a strict graph with additions and products of two operands alone."""
    if not graph.strict:
        return graph
    editor = Editor(graph)
    width = np.diff(graph.start)
    for op, paired in ((ops.sum, False), (ops.dot, True)):
        nodes = np.flatnonzero(applies(graph, op))
        for count in np.unique(width[nodes]).tolist():
            editor.replace(nodes[width[nodes] == count], _steps(count, paired=paired))
    return editor.finished()


def _steps(count: int, *, paired: bool) -> list[Step]:
    steps: list[Step] = []
    total: float | int = 0.0
    for number in range(count // 2 if paired else count):
        term: Slot | int = Slot(number)
        if paired:
            steps.append((ops.mul, (Slot(number), Slot(number + count // 2))))
            term = len(steps) - 1
        steps.append((ops.add, (total, term)))
        total = len(steps) - 1
    return steps

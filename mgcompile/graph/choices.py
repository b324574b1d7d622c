"""Tell whether a graph chooses by its inputs, so that these may be NaN where it does not use them.

A mask beside data with holes in it, `select(mask, (w*x - y)**2, 0.0)`, or `isnan(x)`, or `take`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mgcompile.graph.ir import CONST, INPUT, applies
from mgcore import ops

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mgcompile.graph.ir import Graph


__all__ = ["chooses_by_inputs"]

_COMPARISONS = (ops.gt, ops.ge, ops.lt, ops.le, ops.eq, ops.ne)


def chooses_by_inputs(graph: Graph) -> bool:
    """Tell whether it has `isnan`, or chooses by an input, or by inputs and constants compared.

    A choice by what is computed, as in a loss that is cut off, is one between finite numbers.
    """
    if bool(np.any(applies(graph, ops.isnan))):
        return True
    asked = graph.operand[graph.start[:-1][applies(graph, ops.select, ops.take)]]
    if bool(np.any(graph.code[asked] == INPUT)):
        return True
    first = graph.start[asked[applies(graph, *_COMPARISONS)[asked]]]
    kinds: NDArray[Any] = graph.code[np.stack([graph.operand[first], graph.operand[first + 1]])]
    plain = np.isin(kinds, (INPUT, CONST)).all(axis=0) & (kinds == INPUT).any(axis=0)
    return bool(plain.any())

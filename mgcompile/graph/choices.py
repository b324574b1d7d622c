"""Tell whether a graph chooses by its inputs, so that these may be NaN where it does not use them.

A mask beside data with holes in it, `select(mask, (w*x - y)**2, 0.0)`, or `isnan(x)`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mgcompile.graph.ir import CONST, INPUT
from mgcore import ops

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mgcompile.graph.ir import Graph

    Nodes = NDArray[np.int64]

__all__ = ["chooses_by_inputs"]

_COMPARISONS = (ops.gt, ops.ge, ops.lt, ops.le, ops.eq, ops.ne)


def chooses_by_inputs(graph: Graph) -> bool:
    """Tell whether a `select` asks an input, or inputs and constants compared, or for NaN.

    One that asks what is computed, as a loss does that is cut off, chooses between finite numbers.
    """
    codes = {op: code for code, op in enumerate(graph.ops)}
    if ops.isnan in codes:
        return True
    if ops.select not in codes:
        return False
    asked = graph.operand[graph.start[:-1][graph.code == codes[ops.select]]]
    if bool(np.any(graph.code[asked] == INPUT)):
        return True
    compares = np.isin(graph.code[asked], [codes[op] for op in _COMPARISONS if op in codes])
    first = graph.start[asked[compares]]
    kinds: NDArray[Any] = graph.code[np.stack([graph.operand[first], graph.operand[first + 1]])]
    plain = np.isin(kinds, (INPUT, CONST)).all(axis=0) & (kinds == INPUT).any(axis=0)
    return bool(plain.any())

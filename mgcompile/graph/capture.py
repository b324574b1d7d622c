"""First stage: read a recorded graph into flat arrays.

The walk over the nodes is the only part of the compiler that costs Python time per node of the
user's graph, so it does nothing but collect; everything else is done on whole arrays.
"""

from __future__ import annotations

from inspect import CO_VARARGS
from typing import TYPE_CHECKING

import numpy as np

from mgcompile.graph.ir import CONST, INPUT, PARAM, Graph
from mgcompile.support.csr import starts
from mgcompile.support.identities import distinct, identities, positions
from mgcore import Value
from mgcore.methods import quick_attributes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mgcore import Op

    Numbers = NDArray[np.int64]

__all__ = ["capture"]


def capture(outputs: Sequence[Value], inputs: Sequence[Value], params: Sequence[Value]) -> Graph:
    """Read the graph below `outputs`.

    Args:
        outputs: What the kernel computes.
        inputs: Leaves that become columns.
        params: Leaves that become parameters; all other leaves are constants.

    Returns:
        Parameters come first, then inputs, then the nodes in the order of a walk from the outputs,
        depth first, that takes the last operand first.
    """
    leaves = [*params, *inputs]
    with quick_attributes():
        nodes, applied, edges = _walk(outputs, leaves)
        ops, node_code = _codes(applied)
        width = _widths(nodes, ops, node_code)
    code = np.repeat([PARAM, INPUT], [len(params), len(inputs)])
    code = np.concatenate([code, node_code])
    index = np.zeros(len(code), dtype=np.int64)
    index[: len(params)] = np.arange(len(params))
    index[len(params) : len(leaves)] = np.arange(len(inputs))
    value = np.zeros(len(code))
    constants = np.flatnonzero(node_code == CONST)
    value[len(leaves) + constants] = [nodes[k].number for k in constants.tolist()]
    known = np.concatenate([identities(leaves), identities(nodes)])
    wanted = np.concatenate([identities(edges), identities(outputs)])
    number = positions(known, wanted, Value.__basicsize__)
    return Graph(
        ops=ops,
        code=code,
        start=starts(np.concatenate([np.zeros(len(leaves), dtype=np.int64), width])),
        operand=number[: len(edges)],
        index=index,
        value=value,
        roots=number[len(edges) :],
    )


def _walk(
    outputs: Sequence[Value], leaves: Sequence[Value]
) -> tuple[list[Value], list[Op | None], list[Value]]:
    """Return every node above the leaves once, its op, and the operands of all, node by node."""
    seen = set(leaves)
    nodes: list[Value] = []
    applied: list[Op | None] = []
    edges: list[Value] = []
    stack = [*reversed(outputs)]
    pop, push, add, keep, keep_op, keep_operands = (
        stack.pop, stack.extend, seen.add, nodes.append, applied.append, edges.extend,
    )  # fmt: skip
    while stack:
        node = pop()
        if node not in seen:
            add(node)
            keep(node)
            keep_op(node.op)
            operands = node.operands
            keep_operands(operands)
            push(operands)
    return nodes, applied, edges


def _widths(nodes: list[Value], ops: Sequence[Op], code: Numbers) -> Numbers:
    """Return how many operands each node has: as its op says, or counted where that may vary."""
    width = np.array([*map(_fixed_width, ops), 0, 0])[code]  # leaves have none; their code is CONST
    counted = np.flatnonzero(width < 0)
    width[counted] = [len(nodes[k].operands) for k in counted.tolist()]
    return width


def _fixed_width(op: Op) -> int:
    """Return how many operands an op has wherever it is applied; -1 if that is not sure."""
    rule = getattr(op.forward, "__code__", None)  # a builtin function has none
    if op.arity is None or rule is None or rule.co_flags & CO_VARARGS:
        return -1
    return -1 if getattr(op.forward, "__defaults__", None) else op.arity


def _codes(applied: list[Op | None]) -> tuple[tuple[Op, ...], Numbers]:
    """Number the distinct ops in the order in which the walk meets them; None is no op."""
    op = identities(applied)
    nodes = np.flatnonzero(op != id(None))
    first, which = distinct(op[nodes])
    code = np.full(len(applied), CONST)
    code[nodes] = which
    return tuple([applied[place] for place in nodes[first].tolist()]), code

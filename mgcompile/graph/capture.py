"""First stage: read a recorded graph into flat arrays.

The walk over the nodes is the only part of the compiler that costs Python time per node of the
user's graph, so it does nothing but collect; everything else is done on whole arrays.
"""

from __future__ import annotations

from itertools import chain
from operator import attrgetter
from typing import TYPE_CHECKING

import numpy as np

from mgcompile.graph.ir import CONST, INPUT, PARAM, Graph
from mgcore.methods import quick_attributes

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from mgcore import Op, Value

    Numbers = NDArray[np.int64]

__all__ = ["capture"]

_op_of = attrgetter("op")
_data_of = attrgetter("data")

# So many nodes are read at a time: what one pass over them touched is still in the cache.
_BLOCK = 4096
# Objects begin at multiples of 16 bytes, and a graph's lie close: up to 32 slots for each are fine.
_ALIGNMENT = 16
_SPARSEST = 64


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
        nodes, tuples = _walk(outputs, leaves)
        width, op, edges = _read(nodes, tuples)
    everything = leaves + nodes
    start = np.zeros(len(everything) + 1, dtype=np.int64)
    np.cumsum(width, out=start[len(leaves) + 1 :])
    ops, node_code = _codes(nodes, op)
    code = np.concatenate(
        [np.full(len(params), PARAM), np.full(len(inputs), INPUT), node_code]
    ).astype(np.int64)
    index = np.zeros(len(everything), dtype=np.int64)
    index[: len(params)] = np.arange(len(params))
    index[len(params) : len(leaves)] = np.arange(len(inputs))
    value = np.zeros(len(everything))
    constants = np.flatnonzero(code == CONST)
    data = map(_data_of, map(everything.__getitem__, constants.tolist()))
    value[constants] = np.fromiter(data, np.float64, len(constants))
    wanted = np.concatenate([edges, _identities(outputs, len(outputs))])
    number = _numbers(_identities(everything, len(everything)), wanted)
    return Graph(
        ops=ops,
        code=code,
        start=start,
        operand=number[: len(edges)],
        index=index,
        value=value,
        roots=number[len(edges) :],
    )


def _walk(
    outputs: Sequence[Value], leaves: Sequence[Value]
) -> tuple[list[Value], list[tuple[Value, ...]]]:
    """Return every node above the leaves once, and the operands of each."""
    seen = set(leaves)
    nodes: list[Value] = []
    tuples: list[tuple[Value, ...]] = []
    stack = [*reversed(outputs)]
    pop, push, add, keep, keep_operands = (
        stack.pop, stack.extend, seen.add, nodes.append, tuples.append,
    )  # fmt: skip
    while stack:
        node = pop()
        if node not in seen:
            add(node)
            keep(node)
            operands = node.operands
            keep_operands(operands)
            push(operands)
    return nodes, tuples


def _read(nodes: list[Value], tuples: list[tuple[Value, ...]]) -> tuple[Numbers, Numbers, Numbers]:
    """Return for each node how many operands it has and which op, and all operands."""
    width = np.zeros(len(nodes), dtype=np.int64)
    op = np.zeros(len(nodes), dtype=np.int64)
    edges = [np.zeros(0, dtype=np.int64)]
    for first in range(0, len(nodes), _BLOCK):
        block = slice(first, first + _BLOCK)
        operands = tuples[block]
        width[block] = np.fromiter(map(len, operands), np.int64, len(operands))
        edges.append(_identities(chain.from_iterable(operands), int(width[block].sum())))
        op[block] = _identities(map(_op_of, nodes[block]), len(operands))
    return width, op, np.concatenate(edges)


def _identities(objects: Iterable[object], count: int) -> Numbers:
    """Return a number for each object that no other has: its address, as an object array keeps it.

    The same as `id`, without a Python integer for each.
    """
    references = np.fromiter(objects, dtype=object, count=count)
    return np.ndarray(count, dtype=np.intp, buffer=references).astype(np.int64)


def _numbers(known: Numbers, wanted: Numbers) -> Numbers:
    """Return where in `known`, whose members are distinct, each of `wanted` is."""
    lowest = int(known.min())
    slots = (int(known.max()) - lowest) // _ALIGNMENT + 1
    if slots <= _SPARSEST * len(known) and not np.any(known % _ALIGNMENT):
        table = np.zeros(slots, dtype=np.int64)
        table[(known - lowest) // _ALIGNMENT] = np.arange(len(known))
        return table[(wanted - lowest) // _ALIGNMENT]
    order = np.argsort(known, kind="stable")
    return order[np.searchsorted(known[order], wanted)]


def _codes(nodes: list[Value], op: Numbers) -> tuple[tuple[Op, ...], Numbers]:
    """Number the distinct ops in the order in which the walk meets them.

    Args:
        nodes: All nodes.
        op: What is the same number for nodes of the same op.
    """
    ops: list[Op] = []
    code = np.full(len(nodes), CONST)
    rest = np.arange(len(nodes))
    while len(rest):
        met = nodes[rest[0]].op
        same = op[rest] == op[rest[0]]
        if met is not None:
            code[rest[same]] = len(ops)
            ops.append(met)
        rest = rest[~same]
    return tuple(ops), code

"""First stage: read a recorded graph into flat arrays.

The walk over the nodes is the only part of the compiler that costs Python time per node of the
user's graph, so it does nothing but collect; everything else is done on whole arrays.
"""

from __future__ import annotations

from itertools import chain
from operator import attrgetter
from typing import TYPE_CHECKING

import numpy as np

from mgcompile.graph import CONST, INPUT, PARAM, Graph

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from mgcore import Op, Value

__all__ = ["capture"]

_operands_of = attrgetter("operands")
_op_of = attrgetter("op")
_data_of = attrgetter("data")


def capture(outputs: Sequence[Value], inputs: Sequence[Value], params: Sequence[Value]) -> Graph:
    """Read the graph below `outputs`.

    Args:
        outputs: What the kernel computes.
        inputs: Leaves that become columns.
        params: Leaves that become parameters; all other leaves are constants.

    Returns:
        Parameters come first, then inputs, then the nodes in the order of a walk from the outputs
        that takes the last operand first.
    """
    leaves = [*params, *inputs]
    nodes, tuples = _walk(outputs, leaves)
    everything = leaves + nodes
    counts = np.fromiter(map(len, tuples), np.int64, len(tuples))
    start = np.zeros(len(everything) + 1, dtype=np.int64)
    np.cumsum(counts, out=start[len(leaves) + 1 :])
    number = _Numbering(everything)
    ops, node_code = _codes(nodes)
    code = np.concatenate(
        [np.full(len(params), PARAM), np.full(len(inputs), INPUT), node_code]
    ).astype(np.int64)
    index = np.zeros(len(everything), dtype=np.int64)
    index[: len(params)] = np.arange(len(params))
    index[len(params) : len(leaves)] = np.arange(len(inputs))
    value = np.zeros(len(everything))
    for at in np.flatnonzero(code == CONST).tolist():
        value[at] = everything[at].data
    return Graph(
        ops=ops,
        code=code,
        start=start,
        operand=number.of(chain.from_iterable(tuples), int(start[-1])),
        index=index,
        value=value,
        roots=number.of(iter(outputs), len(outputs)),
    )


def _walk(
    outputs: Sequence[Value], leaves: Sequence[Value]
) -> tuple[list[Value], list[tuple[Value, ...]]]:
    """Return every node above the leaves once, depth first, and the operands of each."""
    seen = set(leaves)
    add = seen.add
    nodes: list[Value] = []
    tuples: list[tuple[Value, ...]] = []
    stack = []
    for output in reversed(outputs):
        if output not in seen:
            add(output)
            stack.append(output)
    pop, push, keep, keep_operands = stack.pop, stack.append, nodes.append, tuples.append
    while stack:
        node = pop()
        keep(node)
        operands = node.operands
        keep_operands(operands)
        for operand in operands:
            if operand not in seen:
                add(operand)
                push(operand)
    return nodes, tuples


class _Numbering:
    """Look up the numbers of many nodes at once: a sorted table is faster than a dictionary."""

    def __init__(self, nodes: list[Value]) -> None:
        identities = _identities(nodes, len(nodes))
        self._order = np.argsort(identities)
        self._sorted = identities[self._order]

    def of(self, nodes: Iterable[Value], count: int) -> NDArray[np.int64]:
        """Return the numbers of `count` nodes."""
        return self._order[np.searchsorted(self._sorted, _identities(nodes, count))]


def _identities(nodes: Iterable[Value], count: int) -> NDArray[np.intp]:
    """Return a number for each node that no other has: its address, as an object array keeps it."""
    references = np.fromiter(nodes, dtype=object, count=count)
    return np.ndarray(count, dtype=np.intp, buffer=references).copy()


def _codes(nodes: list[Value]) -> tuple[tuple[Op, ...], NDArray[np.int64]]:
    """Number the distinct ops in the order in which the walk meets them."""
    recorded = list(map(_op_of, nodes))
    distinct = dict.fromkeys(recorded)
    place: dict[Op | None, int] = {None: CONST}
    ops = tuple(op for op in distinct if op is not None)
    place.update((op, number) for number, op in enumerate(ops))
    return ops, np.fromiter(map(place.__getitem__, recorded), np.int64, len(recorded))

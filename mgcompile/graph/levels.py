"""Levels of a graph: how many nodes lie, at most, between a node and the leaves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import numpy as np

from mgcompile.graph.ir import owners_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mgcompile.graph.ir import Graph

    Numbers = NDArray[np.int64]

_MOST_BETWEEN = 0.25
"""Of the nodes, so many at most are looked at as if a pass had put them between others."""

__all__ = ["Reads", "by_number", "levels", "reads_of"]


@attrs.frozen(slots=True)
class Reads:
    """The operands of each node that are no leaves, for loops in Python.

    Nodes that are no leaves have numbers of their own here: their places in `nodes`. One with one
    or two operands has them in `one` and `other`, filled up with the number of such nodes, which
    stands for a leaf. A node with more has -1 in `one`, and `more` lists them. `user` and `used`
    say all of it in pairs.
    """

    nodes: Numbers
    one: list[int]
    other: list[int]
    more: dict[int, list[int]]
    user: Numbers
    used: Numbers


def reads_of(graph: Graph) -> Reads:
    """Return what every node of a graph reads of other nodes."""
    computed = graph.code >= 0
    nodes = np.flatnonzero(computed)
    n = len(nodes)
    number = np.cumsum(computed) - 1
    inner = np.flatnonzero(computed[graph.operand])
    user, used = number[owners_of(graph.start, inner)], number[graph.operand[inner]]
    count = np.bincount(user, minlength=n)
    first = np.cumsum(count) - count
    one, other = np.full(n, n), np.full(n, n)
    some, two = np.flatnonzero(count > 0), np.flatnonzero(count == 2)
    one[some] = used[first[some]]
    other[two] = used[first[two] + 1]
    several = np.flatnonzero(count > 2)
    one[several] = -1
    more = {
        node: used[begin : begin + size].tolist()
        for node, begin, size in zip(
            several.tolist(), first[several].tolist(), count[several].tolist(), strict=True
        )
    }
    return Reads(nodes, one.tolist(), other.tolist(), more, user, used)


def levels(graph: Graph, reads: Reads | None = None) -> tuple[Numbers, Numbers]:
    """Return the level of every node, and the nodes of ops in an order operands first.

    Leaves have level 0; within a level nodes keep their order in the graph.

    Args:
        graph: The graph.
        reads: What `reads_of` gives of it, where that is known.

    Returns:
        Shape (n,), and shape (number of nodes that are no leaves,).
    """
    found = _levels(graph, reads_of(graph) if reads is None else reads)
    nodes = np.flatnonzero(found)
    return found, nodes[by_number(found[nodes])]


def by_number(numbers: Numbers) -> Numbers:
    """Return the stable order of numbers from 0 up: quickly, when they are short."""
    short = int(numbers.max(initial=0)) <= np.iinfo(np.uint16).max
    return np.argsort(numbers.astype(np.uint16) if short else numbers, kind="stable")


def _levels(graph: Graph, reads: Reads) -> Numbers:
    """Follow operands down from each node whose level is not known yet."""
    order = _users_first(reads)
    level = _levels_followed(reads) if order is None else _levels_backwards(reads, order)
    found = np.zeros(len(graph.code), dtype=np.int64)
    found[reads.nodes] = level[:-1]
    return found


def _users_first(reads: Reads) -> Numbers | None:
    """Return the nodes, users before what they read, where their numbers tell; else None.

    Those of a trace are numbered so, but for what a pass has put between a node and its operands.
    """
    user, used = reads.user, reads.used
    between = np.zeros(len(reads.nodes), dtype=bool)
    between[user[used < user]] = True
    if np.count_nonzero(between) > _MOST_BETWEEN * len(between):
        return None
    place = 2 * np.arange(len(between))
    place[between] = len(between) * 2
    inserted = between[used]
    np.minimum.at(place, used[inserted], 2 * user[inserted] + 1)
    return None if np.any(place[used] <= place[user]) else np.argsort(place, kind="stable")


def _levels_backwards(reads: Reads, order: Numbers) -> list[int]:
    """Return the levels of nodes, given users before operands, and 0 for a leaf at the end."""
    one, other, more = reads.one, reads.other, reads.more
    level = [0] * (len(order) + 1)
    look = level.__getitem__
    for node in order[::-1].tolist():
        x = one[node]
        if x >= 0:
            a, b = level[x], level[other[node]]
            level[node] = 1 + (a if a > b else b)  # noqa: FURB136 - max() takes three times as long
        else:
            level[node] = 1 + max(map(look, more[node]))
    return level


def _levels_followed(reads: Reads) -> list[int]:
    """Return the same for nodes in any order."""
    one, other, more = reads.one, reads.other, reads.more
    level = [*[-1] * len(reads.nodes), 0]
    # A walk from above gave the numbers, so that operands mostly have the higher ones.
    stack = [*range(len(reads.nodes))]
    pop, push, look = stack.pop, stack.append, level.__getitem__
    while stack:
        node = pop()
        if level[node] >= 0:
            continue
        x, y = one[node], other[node]
        if x >= 0:
            a, b = level[x], level[y]
            if a >= 0 and b >= 0:
                level[node] = 1 + (a if a > b else b)  # noqa: FURB136 - max() takes three times as long
                continue
            push(node)
            if a < 0:
                push(x)
            if b < 0:
                push(y)
        elif min(map(look, more[node])) >= 0:
            level[node] = 1 + max(map(look, more[node]))
        else:
            push(node)
            stack += [x for x in more[node] if level[x] < 0]
    return level

"""Levels of a graph: how many nodes lie, at most, between a node and the leaves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mgcompile.graph import owners_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mgcompile.graph import Graph

__all__ = ["levels"]


def levels(graph: Graph) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the level of every node, and the nodes of ops in an order operands first.

    Leaves have level 0; within a level nodes keep their order in the graph.

    Returns:
        Shape (n,), and shape (number of nodes that are no leaves,).
    """
    n = len(graph.code)
    inner = np.flatnonzero(graph.code[graph.operand] >= 0)
    users, used = owners_of(graph.start, inner), graph.operand[inner]
    waiting = np.bincount(users, minlength=n)
    order = np.argsort(used, kind="stable")
    first = np.zeros(n + 1, dtype=np.int64)
    np.cumsum(np.bincount(used, minlength=n), out=first[1:])
    ready = np.flatnonzero((graph.code >= 0) & (waiting == 0))
    level = np.zeros(n, dtype=np.int64)
    waves = _waves(ready.tolist(), waiting.tolist(), first.tolist(), users[order].tolist())
    for number, wave in enumerate(waves, start=1):
        if len(wave) == 1:
            level[wave[0]] = number
        else:
            level[wave] = number
    found = np.flatnonzero(level)
    return level, found[np.argsort(level[found], kind="stable")]


def _waves(
    ready: list[int], waiting: list[int], first: list[int], users: list[int]
) -> list[list[int]]:
    """Return the nodes level by level."""
    waves = []
    while ready:
        waves.append(ready)
        following = []
        for node in ready:
            for user in users[first[node] : first[node + 1]]:
                waiting[user] -= 1
                if not waiting[user]:
                    following.append(user)
        ready = following
    return waves

"""Hold a graph against its rules, after every pass."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mgcompile.errors import InvalidProgramError
from mgcompile.graph.ir import CONST, INPUT, PARAM, edge_owner

if TYPE_CHECKING:
    from mgcompile.graph.ir import Graph

__all__ = ["verify_graph"]


def verify_graph(graph: Graph) -> Graph:
    """Check a graph and return it.

    Codes name ops or leaves, operands are nodes, ops have as many as they take and leaves none, no
    node depends on itself, and outputs are nodes.

    Raises:
        InvalidProgramError: Naming the node.
    """
    n, width = len(graph.code), np.diff(graph.start)
    _require(len(graph.start) == n + 1, "one start for each node, and one more")
    _require(graph.start[0] == 0 and graph.start[-1] == len(graph.operand), "starts do not fit")
    _require(len(graph.index) == len(graph.value) == n, "an index and a value for each node")
    _require_all((graph.code >= PARAM) & (graph.code < len(graph.ops)), "a code of no op or leaf")
    _require_all((graph.operand >= 0) & (graph.operand < n), "an operand that is no node", "edge")
    _require_all((graph.roots >= 0) & (graph.roots < n), "an output that is no node", "output")
    _require_all((graph.code >= 0) | (width == 0), "a leaf with operands")
    _require_all((graph.code < 0) | (width > 0), "an op without operands")
    _require_all(np.isin(graph.code, (CONST,)) | (graph.value == 0.0), "a value of no constant")
    leaves = np.isin(graph.code, (PARAM, INPUT))
    _require_all(leaves | (graph.index == 0), "an index of no parameter or input")
    for number, op in enumerate(graph.ops):
        if op.arity is not None:
            fits = (graph.code != number) | (width == op.arity)
            _require_all(fits, f"{op.name} with another number of operands than {op.arity}")
    _require_all(_ordered(graph), "a node that depends on itself")
    return graph


def _ordered(graph: Graph) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    """Tell which nodes come up when each waits for its operands alone."""
    owner = edge_owner(graph.start)
    by_operand = np.argsort(graph.operand, kind="stable")
    users = owner[by_operand]
    first = np.searchsorted(graph.operand[by_operand], np.arange(len(graph.code) + 1))
    waiting = np.diff(graph.start).copy()
    done: np.ndarray[tuple[int, ...], np.dtype[np.bool_]] = waiting == 0
    front = np.flatnonzero(done)
    while len(front):
        reached = np.concatenate([users[first[x] : first[x + 1]] for x in front.tolist()])
        np.subtract.at(waiting, reached, 1)
        candidates = np.unique(reached)
        front = candidates[(waiting[candidates] == 0) & ~done[candidates]]
        done[front] = True
    return done


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise InvalidProgramError(f"the graph: {message}")


def _require_all(
    holds: np.ndarray[tuple[int, ...], np.dtype[np.bool_]], message: str, what: str = "node"
) -> None:
    if not np.all(holds):
        place = int(np.flatnonzero(~holds)[0])
        raise InvalidProgramError(f"the graph: {message}, at {what} {place}")

"""Put isomorphic nodes into groups, and the members of every group into one order.

The class of a node is its op and the classes of its operands, found bottom-up; operands that may
change places are put in the order of their classes. The order of members comes from above: outputs
first, then what they read, operand by operand, so that neurons of a layer, samples of a data set
and terms of a sum all count in the same way.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from mgcompile.graph import CONST, INPUT, PARAM, Graph, owners_of
from mgcompile.layers import levels
from mgcore import ops

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Numbers = NDArray[np.int64]

__all__ = ["Structure", "find_structure"]

_LEAF_CLASS = {PARAM: 0, CONST: 1, INPUT: 2}
_FIRST_CLASS = 3


@attrs.frozen(slots=True, eq=False)
class Structure:
    """A graph whose operands are aligned, and its nodes in groups.

    Args:
        graph: With the operands of commutative ops in canonical order.
        level: Of each node; shape (n,).
        group: Of each node, -1 for leaves; shape (n,). Groups are numbered operands first.
        place: Of each node within its group; shape (n,).
        start: Where each group begins in `members`; shape (groups + 1,).
        members: All nodes of ops, group by group.
        group_level: Level of each group's members.
    """

    graph: Graph
    level: Numbers
    group: Numbers
    place: Numbers
    start: Numbers
    members: Numbers
    group_level: Numbers

    def nodes(self, group: int) -> Numbers:
        """Return the members of a group, in order."""
        return self.members[self.start[group] : self.start[group + 1]]

    def nodes_of(self, groups: Numbers) -> Numbers:
        """Return the members of several groups, one group after the other."""
        size = self.start[groups + 1] - self.start[groups]
        within = np.arange(int(size.sum())) - np.repeat(np.cumsum(size) - size, size)
        found: Numbers = self.members[np.repeat(self.start[groups], size) + within]
        return found

    @property
    def count(self) -> int:
        """Return the number of groups."""
        return len(self.start) - 1


def find_structure(graph: Graph) -> Structure:
    """Return the groups of a canonical graph."""
    level, order = levels(graph)
    classes, swaps = _classes(graph, order.tolist())
    if swaps:
        operand = graph.operand.copy()
        one, other = np.array(swaps, dtype=np.int64).T
        operand[one], operand[other] = operand[other], operand[one]
        graph = attrs.evolve(graph, operand=operand)
    klass = np.array(classes, dtype=np.int64)
    graph = _aligned(graph, klass)
    position = _positions(graph)
    return _grouped(graph, level, klass, position)


def _classes(graph: Graph, order: list[int]) -> tuple[list[int], list[tuple[int, int]]]:
    """Return the class of every node, and the edges to swap so that pairs are in order.

    The pairs are the operands of commutative ops and the two factors of each product of a dot.
    """
    known_keys = _leaf_dots(graph)
    edges = _edges_to_look_at(graph, known_keys)
    operand = graph.operand[edges].tolist()
    start = np.searchsorted(edges, graph.start).tolist()
    code = graph.code.tolist()
    swaps: list[tuple[int, int]] = []
    leaf = np.array([_LEAF_CLASS[c] for c in (PARAM, CONST, INPUT)], dtype=np.int64)
    classes = leaf[np.minimum(graph.code, INPUT) - PARAM].tolist()
    known: dict[Any, int] = {}
    commutative = {i for i, op in enumerate(graph.ops) if op is ops.add or op is ops.mul}
    power = {i for i, op in enumerate(graph.ops) if op is ops.pow}
    dots = {i for i, op in enumerate(graph.ops) if op is ops.dot}
    sums = {i for i, op in enumerate(graph.ops) if op is ops.sum}
    look = classes.__getitem__
    key: Any
    for node in order:
        c, first, last = code[node], start[node], start[node + 1]
        if last == first:
            key = known_keys[node]
        elif last - first == 1:
            key = (c, classes[operand[first]])
        elif last - first == 2 and c not in sums:
            a, b = classes[operand[first]], classes[operand[first + 1]]
            if a > b and (c in commutative or c in dots):
                swaps.append((first, first + 1))
                operand[first], operand[first + 1] = operand[first + 1], operand[first]
                a, b = b, a
            key = (c, a, b)
            if b == 1 and c in power:
                key = (c, a, b, float(graph.value[operand[first + 1]]).hex())
        elif c in sums:
            key = (c, last - first, _bag(map(look, operand[first:last])))
        elif c in dots:
            key = (c, last - first, _pairs(operand[first:last], first, classes, swaps))
        else:
            key = (c, *map(look, operand[first:last]))
        found = known.get(key)
        if found is None:
            found = known[key] = _FIRST_CLASS + len(known)
        classes[node] = found
    return classes, [(int(edges[one]), int(edges[other])) for one, other in swaps]


def _edges_to_look_at(graph: Graph, known_keys: dict[int, Any]) -> Numbers:
    """Return the edges of nodes whose keys are not known yet."""
    looked_at = np.ones(len(graph.operand), dtype=bool)
    for node in known_keys:
        looked_at[graph.start[node] : graph.start[node + 1]] = False
    return np.flatnonzero(looked_at)


def _leaf_dots(graph: Graph) -> dict[int, Any]:
    """Return the keys of dots of leaves alone, of one kind left and of one, not lower, right."""
    which = {op: place for place, op in enumerate(graph.ops)}
    dots = np.flatnonzero(graph.code == which.get(ops.dot, len(graph.ops)))
    if not len(dots):
        return {}
    half = (graph.start[dots + 1] - graph.start[dots]) // 2
    bounds = np.stack([graph.start[dots], graph.start[dots] + half], axis=1).ravel()
    kinds = np.append(graph.code[graph.operand], 0)
    # A half ends where the next begins, or at the end of the dot.
    ends = np.stack([graph.start[dots] + half, graph.start[dots + 1]], axis=1).ravel()
    steps = np.stack([bounds, ends], axis=1).ravel()
    high = np.maximum.reduceat(kinds, steps)[::2].reshape(-1, 2)
    low = np.minimum.reduceat(kinds, steps)[::2].reshape(-1, 2)
    good = np.all((low == high) & (high < 0), axis=1) & (low[:, 0] <= low[:, 1])
    code = which[ops.dot]
    return {
        node: (code, 2 * width, (_LEAF_CLASS[a], _LEAF_CLASS[b]))
        for node, width, (a, b) in zip(
            dots[good].tolist(), half[good].tolist(), low[good].tolist(), strict=True
        )
    }


def _bag(classes: Any) -> Any:
    """Return a key for a multiset."""
    counted = Counter(classes)
    return next(iter(counted)) if len(counted) == 1 else tuple(sorted(counted.items()))


def _pairs(operand: list[int], first: int, classes: list[int], swaps: list[tuple[int, int]]) -> Any:
    """Return a key for the pairs of a dot, whose edges begin at `first`, each put into order."""
    half = len(operand) // 2
    left = list(map(classes.__getitem__, operand[:half]))
    right = list(map(classes.__getitem__, operand[half:]))
    one, other = set(left), set(right)
    if len(one) == len(other) == 1 and left[0] <= right[0]:
        return (left[0], right[0])
    for i in range(half):
        if left[i] > right[i]:
            swaps.append((first + i, first + half + i))
            left[i], right[i] = right[i], left[i]
    if len(set(left)) == len(set(right)) == 1:
        return (left[0], right[0])
    return tuple(sorted(Counter(zip(left, right, strict=True)).items()))


def _aligned(graph: Graph, klass: Numbers) -> Graph:
    """Put the terms of sums and dots in order: by class, then by parameter or input number."""
    width = np.diff(graph.start)
    which = {op: place for place, op in enumerate(graph.ops)}
    operand = graph.operand.copy()
    summing = (graph.code == which.get(ops.sum, -9)) & (width > 1)
    dotting = (graph.code == which.get(ops.dot, -9)) & (width > 2)
    for chosen, halves in ((summing, 1), (dotting, 2)):
        nodes = np.flatnonzero(chosen)
        if not len(nodes):
            continue
        count = width[nodes] // halves
        owner = np.repeat(nodes, count)
        within = np.arange(int(count.sum())) - np.repeat(np.cumsum(count) - count, count)
        first = graph.start[owner] + within
        second = first + np.repeat(count, count) if halves == 2 else first
        a, b = operand[first], operand[second]
        kind = klass[a] * (int(klass.max()) + 1) + klass[b]
        number = np.where(graph.code[a] == PARAM, graph.index[a], 0)
        by_input = (graph.code[a] != PARAM) & (graph.code[b] == INPUT)
        number = np.where(by_input, graph.index[b], number)
        same = owner[1:] == owner[:-1]
        later = (kind[1:] < kind[:-1]) | ((kind[1:] == kind[:-1]) & (number[1:] < number[:-1]))
        if not np.any(same & later):
            continue
        order = np.lexsort((within, number, kind, owner))
        operand[first], operand[second] = a[order], b[order]
    return attrs.evolve(graph, operand=operand)


def _positions(graph: Graph) -> Numbers:
    """Number the nodes of ops from the roots down, operand by operand."""
    n = len(graph.code)
    inner = np.flatnonzero(graph.code[graph.operand] >= 0)
    reads = graph.operand[inner].tolist()
    first = np.zeros(n + 1, dtype=np.int64)
    np.cumsum(np.bincount(owners_of(graph.start, inner), minlength=n), out=first[1:])
    begin = first.tolist()
    seen = bytearray(n)
    queue = []
    for root in graph.roots.tolist():
        if graph.code[root] >= 0 and not seen[root]:
            seen[root] = 1
            queue.append(root)
    push = queue.append
    for node in queue:
        for x in reads[begin[node] : begin[node + 1]]:
            if not seen[x]:
                seen[x] = 1
                push(x)
    position = np.full(n, -1, dtype=np.int64)
    position[queue] = np.arange(len(queue))
    return position


def _grouped(graph: Graph, level: Numbers, klass: Numbers, position: Numbers) -> Structure:
    nodes = np.flatnonzero(position >= 0)
    order = np.lexsort((position[nodes], klass[nodes]))
    nodes = nodes[order]
    fresh = np.ones(len(nodes), dtype=bool)
    fresh[1:] = klass[nodes[1:]] != klass[nodes[:-1]]
    start = np.flatnonzero(fresh)
    # Number the groups operands first: by level, then by the position of their first member.
    ranked = np.lexsort((position[nodes[start]], level[nodes[start]]))
    rank = np.empty(len(start), dtype=np.int64)
    rank[ranked] = np.arange(len(start))
    group_of = rank[np.cumsum(fresh) - 1]
    members = nodes[np.argsort(group_of, kind="stable")]
    size = np.bincount(group_of, minlength=len(start))
    starts = np.zeros(len(start) + 1, dtype=np.int64)
    np.cumsum(size, out=starts[1:])
    group = np.full(len(graph.code), -1, dtype=np.int64)
    group[nodes] = group_of
    place = np.zeros(len(graph.code), dtype=np.int64)
    place[members] = np.arange(len(members)) - np.repeat(starts[:-1], size)
    return Structure(graph, level, group, place, starts, members, level[members[starts[:-1]]])

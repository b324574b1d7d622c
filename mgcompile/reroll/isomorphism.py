"""Put isomorphic nodes into groups, and the members of every group into one order.

The class of a node is its op and the classes of its operands, found bottom-up; operands that may
change places are put in the order of their classes. How many operands an op of any number has is
seen by its group, but not by its class: what is computed from sums over 1, 2, 3, ... terms, as
causal attention does, is still alike. The order of members comes from above: outputs first, then
what they read, operand by operand, so that neurons of a layer, samples of a data set and terms of a
sum all count in the same way.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from mgcompile.graph.ir import CONST, INPUT, PARAM, Graph, applies
from mgcompile.graph.levels import levels, reads_of
from mgcompile.support.csr import places_within, starts
from mgcore import ops

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from mgcompile.graph.levels import Reads

    Numbers = NDArray[np.int64]

__all__ = ["IsomorphismClasses", "find_classes", "grouped"]

_LEAF_CLASS = {PARAM: 0, CONST: 1, INPUT: 2}
_FIRST_CLASS = 3


@attrs.frozen(slots=True, eq=False)
class IsomorphismClasses:
    """A graph whose operands are aligned, and its nodes in groups.

    Args:
        graph: With the operands of commutative ops in canonical order.
        written: The graph with operands in the order they were recorded in.
        group: Of each node, -1 for leaves; shape (n,). Groups are numbered operands first.
        place: Of each node within its group; shape (n,).
        start: Where each group begins in `members`; shape (groups + 1,).
        members: All nodes of ops, group by group.
        group_level: Level of each group's members.
    """

    graph: Graph
    written: Graph
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
        found: Numbers = self.members[np.repeat(self.start[groups], size) + places_within(size)]
        return found

    @property
    def count(self) -> int:
        """Return the number of groups."""
        return len(self.start) - 1


def find_classes(graph: Graph) -> IsomorphismClasses:
    """Return the groups of a canonical graph."""
    written = graph
    reads = reads_of(graph)
    level, order = levels(graph, reads)
    klass, kind, swaps = _classes(graph, order)
    if len(swaps):
        operand = graph.operand.copy()
        one, other = swaps.T
        operand[one], operand[other] = operand[other], operand[one]
        graph = attrs.evolve(graph, operand=operand)
    graph = _aligned(graph, klass)
    if not np.array_equal(graph.operand, written.operand):
        reads = reads_of(graph)
    position = _positions(graph, reads)
    return attrs.evolve(grouped(graph, level, kind, position), written=written)


_FEW_PAIRS = 8
"""Pairs of a dot up to which they are put in order one by one."""

# How the class of a node is found: one operand; two in their order; two that may change places.
_ONE, _TWO, _FREE, _OTHER = range(4)


def _classes(graph: Graph, order: Numbers) -> tuple[Numbers, Numbers, Numbers]:
    """Return the class of every node, its group, and the edges to swap so that pairs are in order.

    Groups are classes, or parts of them: of ops with equally many operands. The pairs are the
    operands of commutative ops and the two factors of each product of a dot.
    """
    leaf = np.array([_LEAF_CLASS[c] for c in (PARAM, CONST, INPUT)], dtype=np.int64)
    classes = leaf[np.minimum(graph.code, INPUT) - PARAM].tolist()
    how = _ways(graph)[order]
    first = graph.start[order]
    padded = np.append(graph.operand, [0, 0])
    swapped: list[int] = []
    ragged: list[tuple[int, int]] = []
    known: dict[Any, int] = {}
    fresh = _FIRST_CLASS
    # Codes, classes and their pairs as one number: it makes a quicker key than a tuple does.
    many = len(graph.code) + _FIRST_CLASS + 1
    keys = _WideKeys(graph, classes, many)
    heads = (graph.code[order] * many + np.where(how == _ONE, many - 1, 0)) * many
    columns = (order, how, heads, padded[first], padded[first + 1])
    for node, way, head, x, y in zip(*(column.tolist() for column in columns), strict=True):
        key: Any
        if way == _FREE:
            a, b = classes[x], classes[y]
            if a > b:
                swapped.append(node)
                a, b = b, a
            key = head + a * many + b
        elif way == _TWO:
            key = head + classes[x] * many + classes[y]
        elif way == _ONE:
            key = head + classes[x]
        else:
            key, width = keys.of(node)
            if width:
                ragged.append((node, width))
        found = classes[node] = known.setdefault(key, fresh)
        if found == fresh:
            fresh += 1
    pairs = graph.start[np.array(swapped, dtype=np.int64)]
    turned = np.array(keys.turned, dtype=np.int64).reshape(-1, 2)
    swaps = np.concatenate([np.stack([pairs, pairs + 1], axis=1), turned, *keys.swaps])
    klass = np.array(classes, dtype=np.int64)
    return klass, _parted(klass, ragged), swaps


def _parted(klass: Numbers, ragged: list[tuple[int, Any]]) -> Numbers:
    """Return the classes, and others in their stead for nodes of a class that differ in width."""
    kind = klass.copy()
    known: dict[Any, int] = {}
    for node, width in ragged:
        key = (int(klass[node]), width)
        kind[node] = known.setdefault(key, -1 - len(known))
    kind[kind < 0] = int(klass.max(initial=0)) - kind[kind < 0]
    return kind


def _ways(graph: Graph) -> Numbers:
    """Return for each node how its class is found."""
    width = np.diff(graph.start)
    way = np.full(len(width), _OTHER)
    way[width == 1] = _ONE
    pair = width == 2
    way[pair] = _TWO
    way[applies(graph, *(op for op in graph.ops if op.arity is None))] = _OTHER
    way[pair & applies(graph, ops.add, ops.mul)] = _FREE
    # A power's class depends on its exponent, where that is a constant.
    powers = np.flatnonzero(pair & applies(graph, ops.pow))
    constant = graph.code[graph.operand[graph.start[powers] + 1]] == CONST
    way[powers[constant]] = _OTHER
    return way


class _WideKeys:
    """Find the keys of nodes with many operands, or with an exponent.

    A sum of two terms may be an `add`, and a dot of one product is a `mul`: those of more that have
    the same operands but for their number are of the same class.
    """

    def __init__(self, graph: Graph, classes: list[int], many: int) -> None:
        self.graph = graph
        self.classes = classes
        self.many = many
        self._add, self._mul = (
            graph.ops.index(op) if op in graph.ops else len(graph.ops) + spare
            for spare, op in enumerate((ops.add, ops.mul))
        )
        self.swaps: list[Numbers] = []
        self.turned: list[tuple[int, int]] = []
        self._known = {
            node: (self._pair(self._mul, *pair), width)
            for node, (pair, width) in _leaf_dots(graph).items()
        }

    def of(self, node: int) -> tuple[Any, Any]:
        """Return the key of a node whose operands have their classes, and what parts its class."""
        known = self._known.get(node)
        if known is not None:
            return known
        graph = self.graph
        op = graph.ops[code := int(graph.code[node])]
        first = int(graph.start[node])
        operands = graph.operand[first : int(graph.start[node + 1])].tolist()
        found = [*map(self.classes.__getitem__, operands)]
        if op is ops.sum:
            bag = _bag(found)
            if len(bag) <= 2:
                return self._pair(self._add, bag[0][0], bag[-1][0]), bag
        elif op is ops.dot:
            bag = self._pairs(found, first)
            if len(bag) == 1:
                return self._pair(self._mul, *bag[0][0]), bag
        elif op is ops.pow:
            return (code, *found, float(graph.value[operands[1]]).hex()), None
        elif op.arity is None:
            return (code, *dict.fromkeys(found)), tuple(found)
        else:
            return (code, *found), None
        return (code, *(kind for kind, _ in bag)), bag

    def _pair(self, code: int, one: int, other: int) -> int:
        """Return the key of an op of two operands."""
        return (code * self.many * self.many) + one * self.many + other

    def _pairs(self, found: list[int], first: int) -> Any:
        """Return a key for the pairs of a dot, whose edges begin at `first`, each in order."""
        half = len(found) // 2
        if half <= _FEW_PAIRS:
            return self._few_pairs(found, first, half)
        classes = np.array(found, dtype=np.int64).reshape(2, half)
        turned = np.flatnonzero(classes[0] > classes[1])
        if len(turned):
            self.swaps.append(np.stack([first + turned, first + half + turned], axis=1))
            classes = np.sort(classes, axis=0)
        return _bag(zip(*classes.tolist(), strict=True))

    def _few_pairs(self, found: list[int], first: int, half: int) -> Any:
        """Return the same for a short dot, for which arrays would take longer."""
        pairs = []
        for place, (a, b) in enumerate(zip(found[:half], found[half:], strict=True), first):
            if a > b:
                self.turned.append((place, place + half))
            pairs.append((b, a) if a > b else (a, b))
        return _bag(pairs)


def _leaf_dots(graph: Graph) -> dict[int, tuple[tuple[int, int], int]]:
    """Return classes and width of dots of leaves, of one kind left and of one, not lower, right."""
    dots = np.flatnonzero(applies(graph, ops.dot))
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
    return {
        node: ((_LEAF_CLASS[a], _LEAF_CLASS[b]), width)
        for node, width, (a, b) in zip(
            dots[good].tolist(), half[good].tolist(), low[good].tolist(), strict=True
        )
    }


def _bag(classes: Iterable[Any]) -> Any:
    """Return how often each class is there, in their order."""
    return tuple(sorted(Counter(classes).items()))


def _aligned(graph: Graph, klass: Numbers) -> Graph:
    """Put the terms of sums and dots in order: by class, then by parameter or input number."""
    width = np.diff(graph.start)
    operand = graph.operand.copy()
    summing = applies(graph, ops.sum) & (width > 1)
    dotting = applies(graph, ops.dot) & (width > 2)
    for chosen, halves in ((summing, 1), (dotting, 2)):
        nodes = np.flatnonzero(chosen)
        if not len(nodes):
            continue
        count = width[nodes] // halves
        owner = np.repeat(nodes, count)
        within = places_within(count)
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


def _positions(graph: Graph, reads: Reads) -> Numbers:
    """Number the nodes of ops from the roots down, operand by operand."""
    one, other, more = reads.one, reads.other, reads.more
    seen = bytearray([*bytes(len(reads.nodes)), 1])
    roots = graph.roots[graph.code[graph.roots] >= 0]
    queue = list(dict.fromkeys(np.searchsorted(reads.nodes, roots).tolist()))
    push = queue.append
    for node in queue:
        seen[node] = 1
    for node in queue:
        x, y = one[node], other[node]
        if x < 0:
            for x in more[node]:
                if not seen[x]:
                    seen[x] = 1
                    push(x)
            continue
        if not seen[x]:
            seen[x] = 1
            push(x)
        if not seen[y]:
            seen[y] = 1
            push(y)
    position = np.full(len(graph.code), -1, dtype=np.int64)
    position[reads.nodes[queue]] = np.arange(len(queue))
    return position


def grouped(graph: Graph, level: Numbers, klass: Numbers, position: Numbers) -> IsomorphismClasses:
    """Return groups of nodes: those of one class, in the order of their positions.

    Args:
        graph: With its operands in order.
        level: Of each node: operands have lower ones.
        klass: Of each node.
        position: Of each node, -1 for leaves and what is not needed.
    """
    nodes = np.flatnonzero(position >= 0)
    order = np.argsort(klass[nodes] * (len(nodes) + 1) + position[nodes])
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
    begin = starts(size)
    group = np.full(len(graph.code), -1, dtype=np.int64)
    group[nodes] = group_of
    place = np.zeros(len(graph.code), dtype=np.int64)
    place[members] = places_within(size)
    return IsomorphismClasses(
        graph, graph, group, place, begin, members, level[members[begin[:-1]]]
    )

"""Rewrite a captured graph to one form, however it was recorded.

Constants are folded; chains and trees of additions become one `sum`; the products among its terms
become a `dot`; equal nodes become one. All on whole arrays.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import numpy as np

from mgcompile.graph import CONST, INPUT, PARAM, Graph, edge_owner, mixed
from mgcore import ops

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mgcore import Op

    Numbers = NDArray[np.int64]
    Mask = NDArray[np.bool_]

__all__ = ["canonical", "flatten_sums", "fold_constants", "merge_equal"]

# Folding and merging look one level further in every round; what lies deeper is computed instead.
_ROUNDS = 8
_WEIGHTS = np.array([1_000_003, 998_244_353, 2_147_483_629, 4_294_967_291], dtype=np.int64)


def canonical(graph: Graph) -> Graph:
    """Return an equal graph in canonical form."""
    graph = flatten_sums(fold_constants(graph))
    if np.any(graph.code == INPUT):
        # Without inputs the constants are samples, and samples may be equal by chance.
        graph = merge_equal(graph)
    return graph


def fold_constants(graph: Graph) -> Graph:
    """Replace ops of constants by constants, unless the op has no value there."""
    if not np.any(graph.code == CONST):
        return graph
    code, value = graph.code.copy(), graph.value.copy()
    owner = edge_owner(graph.start)
    tried = np.zeros(len(code), dtype=bool)
    for _ in range(_ROUNDS):
        others = np.bincount(owner[code[graph.operand] != CONST], minlength=len(code))
        ready = np.flatnonzero((code >= 0) & (others == 0) & ~tried)
        if not len(ready):
            break
        tried[ready] = True
        for node in ready.tolist():
            operands = graph.operand[graph.start[node] : graph.start[node + 1]]
            found = _evaluated(graph.ops[code[node]], value[operands].tolist())
            if found is not None:
                code[node], value[node] = CONST, found
    width = np.where(code >= 0, np.diff(graph.start), 0)
    kept = code[owner] >= 0
    return _compacted(
        attrs.evolve(
            graph, code=code, value=value, start=_starts(width), operand=graph.operand[kept]
        )
    )


def _evaluated(op: Op, numbers: list[float]) -> float | None:
    try:
        return float(op(*numbers))
    except Exception:
        return None


def _starts(width: Numbers) -> Numbers:
    start = np.zeros(len(width) + 1, dtype=np.int64)
    np.cumsum(width, out=start[1:])
    return start


def _compacted(graph: Graph) -> Graph:
    """Drop nodes that no root depends on any more; parameters and inputs stay."""
    n = len(graph.code)
    owner = edge_owner(graph.start)
    used = np.zeros(n, dtype=bool)
    used[graph.operand] = True
    used[graph.roots] = True
    used |= (graph.code == PARAM) | (graph.code == INPUT)
    while True:
        fewer = np.zeros(n, dtype=bool)
        fewer[graph.operand[used[owner]]] = True
        fewer[graph.roots] = True
        fewer |= (graph.code == PARAM) | (graph.code == INPUT)
        if np.array_equal(fewer, used):
            break
        used = fewer
    return graph if np.all(used) else _without(graph, ~used)


def _without(graph: Graph, dead: Mask) -> Graph:
    """Drop nodes that nothing else reads."""
    used = ~dead
    number = np.cumsum(used) - 1
    width = np.diff(graph.start)
    kept = used if np.all(width[dead] == 0) else used[edge_owner(graph.start)]
    return Graph(
        ops=graph.ops,
        code=graph.code[used],
        start=_starts(width[used]),
        operand=number[graph.operand if kept is used else graph.operand[kept]],
        index=graph.index[used],
        value=graph.value[used],
        roots=number[graph.roots],
    )


def flatten_sums(graph: Graph) -> Graph:
    """Make one `sum` of every tree of additions used once, and a `dot` of its products."""
    table = list(graph.ops)
    place = {op: number for number, op in enumerate(table)}
    for op in (ops.add, ops.sum, ops.dot):
        if op not in place:
            place[op] = len(table)
            table.append(op)
    additive = (graph.code == place[ops.add]) | (graph.code == place[ops.sum])
    if not np.any(additive):
        return graph
    owner = edge_owner(graph.start)
    terms = _terms(graph, additive, owner)
    # Leaves have negative codes: a graph without products is given a code that no node has.
    product = _products(graph, terms, place.get(ops.mul, len(table)))
    graph = attrs.evolve(graph, ops=tuple(table))
    return _rebuilt(graph, additive, owner, terms, product, place)


@attrs.frozen(slots=True, eq=False)
class _Terms:
    """The terms of all flattened sums: `node[i]` is a term of the sum at `root[i]`.

    `merged` marks the additions that went into another one.
    """

    root: Numbers
    node: Numbers
    merged: Mask
    uses: Numbers


def _terms(graph: Graph, additive: Mask, owner: Numbers) -> _Terms:
    n = len(graph.code)
    uses = np.bincount(graph.operand, minlength=n) + np.bincount(graph.roots, minlength=n)
    summing = additive[owner]
    inner = summing & (additive & (uses == 1))[graph.operand]
    group = np.arange(n)
    chained = graph.operand[inner]
    group[chained] = owner[inner]
    while len(chained):
        here = group[chained]
        further = group[here]
        group[chained] = further
        chained = chained[further != here]
    merged = np.zeros(n, dtype=bool)
    merged[graph.operand[inner]] = True
    edge = np.flatnonzero(summing & ~inner)
    # The walk took last operands first, so that terms read from left to right go from the last
    # addition met to the first.
    slot = edge - graph.start[owner[edge]]
    widest = int(slot.max()) + 1
    key = (group[owner[edge]] * (n + 1) + (n - owner[edge])) * widest + slot
    edge = edge[np.argsort(key)]
    edge = edge[~_starting_zero(graph, group[owner[edge]], graph.operand[edge])]
    return _Terms(group[owner[edge]], graph.operand[edge], merged, uses)


def _starting_zero(graph: Graph, root: Numbers, node: Numbers) -> Mask:
    """Tell which terms are the 0 that Python's `sum` starts with, where two others remain."""
    first = np.ones(len(root), dtype=bool)
    first[1:] = root[1:] != root[:-1]
    count = np.bincount(root, minlength=len(graph.code))
    zero = (graph.code[node] == CONST) & (graph.value[node] == 0.0)
    found: Mask = first & zero & (count[root] > 2)
    return found


def _products(graph: Graph, terms: _Terms, mul: int) -> Mask:
    """Tell which terms are products to be taken into a `dot`: at least two in a sum.

    A constant times something computed stays an op of its own: it is a scaling, not a matrix.
    """
    candidate = (graph.code[terms.node] == mul) & (terms.uses[terms.node] == 1)
    where = np.flatnonzero(candidate)
    first = graph.operand[graph.start[terms.node[where]]]
    second = graph.operand[graph.start[terms.node[where]] + 1]
    kinds = graph.code[first], graph.code[second]
    scaling = ((kinds[0] == CONST) & (kinds[1] != PARAM)) | (
        (kinds[1] == CONST) & (kinds[0] != PARAM)
    )
    candidate[where[scaling]] = False
    count = np.bincount(terms.root[candidate], minlength=len(graph.code))
    found: Mask = candidate & (count[terms.root] >= 2)
    return found


def _rebuilt(
    graph: Graph,
    additive: Mask,
    owner: Numbers,
    terms: _Terms,
    product: Mask,
    place: dict[Op, int],
) -> Graph:
    n = len(graph.code)
    rest = ~product
    products = np.bincount(terms.root[product], minlength=n)
    others = np.bincount(terms.root[rest], minlength=n)
    mixed = np.flatnonzero((products > 0) & (others > 0))
    dot_of = np.arange(n)
    dot_of[mixed] = n + np.arange(len(mixed))
    code = np.concatenate([graph.code, np.full(len(mixed), place[ops.dot])])
    code[np.flatnonzero((products > 0) & (others == 0))] = place[ops.dot]
    total = others + (products > 0)
    sums = np.flatnonzero(additive & ~terms.merged & (others > 0))
    code[sums] = np.where(total[sums] == 2, place[ops.add], place[ops.sum])
    factors = terms.node[product]
    first = graph.operand[graph.start[factors]]
    second = graph.operand[graph.start[factors] + 1]
    swap = (graph.code[second] == PARAM) & (graph.code[first] != PARAM)
    first, second = np.where(swap, second, first), np.where(swap, first, second)
    dots = dot_of[terms.root[product]]
    gone = np.zeros(n, dtype=bool)
    gone[factors] = True
    plain = ~(additive | gone)[owner]
    users = np.concatenate([owner[plain], terms.root[rest], mixed, dots, dots])
    reads = np.concatenate([graph.operand[plain], terms.node[rest], dot_of[mixed], first, second])
    order = np.argsort(users, kind="stable")
    fill = np.zeros(len(mixed))
    widened = Graph(
        ops=graph.ops,
        code=code,
        start=_starts(np.bincount(users, minlength=n + len(mixed))),
        operand=reads[order],
        index=np.concatenate([graph.index, fill.astype(np.int64)]),
        value=np.concatenate([graph.value, fill]),
        roots=graph.roots,
    )
    dead = np.concatenate([terms.merged | gone, np.zeros(len(mixed), dtype=bool)])
    return _without(widened, dead)


def merge_equal(graph: Graph) -> Graph:
    """Make one node of nodes with the same op and operands, and of equal constants."""
    merged = np.arange(len(graph.code))
    constants = np.flatnonzero(graph.code == CONST)
    if len(constants):
        bits = graph.value[constants].view(np.int64)
        _, first, which = np.unique(bits, return_index=True, return_inverse=True)
        merged[constants] = constants[first[which]]
    operand = merged[graph.operand]
    width = np.diff(graph.start)
    small = np.flatnonzero((graph.code >= 0) & (width <= 3))
    commutative = np.isin(
        graph.code,
        [place for place, op in enumerate(graph.ops) if op is ops.add or op is ops.mul],
    )
    changed = True
    for _ in range(_ROUNDS):
        if not changed or not len(small):
            break
        found = _equal_nodes(graph, operand, small, commutative[small])
        changed = bool(np.any(found != small))
        merged[small] = found
        merged = merged[merged]
        operand = merged[graph.operand]
        small = small[found == small]
    return _compacted(attrs.evolve(graph, operand=operand, roots=merged[graph.roots]))


def _equal_nodes(graph: Graph, operand: Numbers, nodes: Numbers, commutative: Mask) -> Numbers:
    """Return for each of `nodes`, which have at most 3 operands, the first that is equal to it."""
    width = graph.start[nodes + 1] - graph.start[nodes]
    rows = np.full((len(nodes), 4), -1, dtype=np.int64)
    rows[:, 0] = graph.code[nodes]
    for slot in range(3):
        has = width > slot
        rows[has, slot + 1] = operand[graph.start[nodes[has]] + slot]
    swap = commutative & (rows[:, 1] > rows[:, 2])
    rows[swap, 1], rows[swap, 2] = rows[swap, 2], rows[swap, 1]
    # Sorting by a hash brings equal rows together; that they are equal is checked on the rows.
    order = np.argsort(mixed(rows @ _WEIGHTS), kind="stable")
    ordered = rows[order]
    fresh = np.ones(len(nodes), dtype=bool)
    fresh[1:] = np.any(ordered[1:] != ordered[:-1], axis=1)
    leader = np.flatnonzero(fresh)[np.cumsum(fresh) - 1]
    found = nodes.copy()
    found[order] = nodes[order[leader]]
    return found

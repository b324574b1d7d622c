"""Rewrite a captured graph to one form, however it was recorded.

Constants are folded; chains and trees of additions become one `sum`; the products among its terms
become a `dot`. All on whole arrays.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import numpy as np

from mgcompile.graph.dce import compacted, without
from mgcompile.graph.ir import CONST, PARAM, Graph, edge_owner
from mgcompile.graph.near_edges import kept_as_written
from mgcompile.support.csr import starts
from mgcore import ops

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mgcore import Op

    Numbers = NDArray[np.int64]
    Mask = NDArray[np.bool_]

__all__ = ["flatten_sums", "fold_constants"]

# Folding looks one level further in every round; what lies deeper is computed instead.
_ROUNDS = 8


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
    return compacted(
        attrs.evolve(
            graph, code=code, value=value, start=starts(width), operand=graph.operand[kept]
        )
    )


def _evaluated(op: Op, numbers: list[float]) -> float | None:
    try:
        return float(op(*numbers))
    except Exception:
        return None


def flatten_sums(graph: Graph) -> Graph:
    """Make one `sum` of every tree of additions used once, and a `dot` of its products."""
    table = list(graph.ops)
    place = {op: number for number, op in enumerate(table)}
    for op in (ops.add, ops.sum, ops.dot):
        if op not in place:
            place[op] = len(table)
            table.append(op)
    additive = (graph.code == place[ops.add]) | (graph.code == place[ops.sum])
    if graph.strict or not np.any(additive):
        return graph
    owner = edge_owner(graph.start)
    terms = _terms(graph, additive, owner)
    kept = kept_as_written(graph, terms.root, terms.node)
    if np.any(kept):
        additive = additive & ~(graph.code == place[ops.add]) | additive & ~kept[terms.group]
        if not np.any(additive):
            return graph
        terms = _terms(graph, additive, owner)
    # Leaves have negative codes: a graph without products is given a code that no node has.
    product = _products(graph, terms, place.get(ops.mul, len(table)))
    graph = attrs.evolve(graph, ops=tuple(table))
    return _rebuilt(graph, additive, owner, terms, product, place)


@attrs.frozen(slots=True, eq=False)
class _Terms:
    """The terms of all flattened sums: `node[i]` is a term of the sum at `root[i]`.

    `merged` marks the additions that went into another one, `group` says for each node into which.
    """

    root: Numbers
    node: Numbers
    merged: Mask
    uses: Numbers
    group: Numbers


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
    edge = edge[np.argsort(key, kind="stable")]  # long runs are in order as they are
    edge = edge[~_starting_zero(graph, group[owner[edge]], graph.operand[edge])]
    return _Terms(group[owner[edge]], graph.operand[edge], merged, uses, group)


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
        start=starts(np.bincount(users, minlength=n + len(mixed))),
        operand=reads[order],
        index=np.concatenate([graph.index, fill.astype(np.int64)]),
        value=np.concatenate([graph.value, fill]),
        roots=graph.roots,
    )
    dead = np.concatenate([terms.merged | gone, np.zeros(len(mixed), dtype=bool)])
    return without(widened, dead)

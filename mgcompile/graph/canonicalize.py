"""Rewrite a captured graph to one form, however it was recorded.

Constants are folded; chains and trees of additions become one `sum`; the products among its terms
become a `dot`. All on whole arrays.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import numpy as np

from mgcompile.graph.dce import compacted
from mgcompile.graph.editor import Editor
from mgcompile.graph.ir import CONST, PARAM, Graph, applies, edge_owner
from mgcompile.graph.near_edges import kept_as_written
from mgcompile.support.csr import places_within
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
    folded = np.flatnonzero(code != graph.code)
    if not len(folded):
        return compacted(graph)
    editor = Editor(graph)
    editor.become(folded, CONST, value[folded])
    editor.clear(code < 0)
    return compacted(editor.finished())


def _evaluated(op: Op, numbers: list[float]) -> float | None:
    try:
        return float(op(*numbers))
    except Exception:
        return None


def flatten_sums(graph: Graph) -> Graph:
    """Make one `sum` of every tree of additions used once, and a `dot` of its products."""
    additive = applies(graph, ops.add, ops.sum)
    if graph.strict or not np.any(additive):
        return graph
    terms = _terms(graph, additive)
    kept = kept_as_written(graph, terms.root, terms.node)
    if np.any(kept):
        additive = applies(graph, ops.sum) | additive & ~kept[terms.group]
        if not np.any(additive):
            return graph
        terms = _terms(graph, additive)
    return _rebuilt(graph, additive, terms, _products(graph, terms))


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


def _terms(graph: Graph, additive: Mask) -> _Terms:
    n = len(graph.code)
    uses = np.bincount(graph.operand, minlength=n)
    np.add.at(uses, graph.roots, 1)
    nodes = np.flatnonzero(additive)
    width = graph.start[nodes + 1] - graph.start[nodes]
    user, slot = np.repeat(nodes, width), places_within(width)
    node = graph.operand[graph.start[user] + slot]
    inner = (additive & (uses == 1))[node]
    group = np.arange(n)
    chained = node[inner]
    group[chained] = user[inner]
    merged = np.zeros(n, dtype=bool)
    merged[chained] = True
    while len(chained):
        here = group[chained]
        further = group[here]
        group[chained] = further
        chained = chained[further != here]
    user, slot, node = user[~inner], slot[~inner], node[~inner]
    root = group[user]
    # The walk took last operands first, so that terms read from left to right go from the last
    # addition met to the first.
    key = (root * (n + 1) + (n - user)) * (int(slot.max()) + 1) + slot
    order = np.argsort(key, kind="stable")  # long runs are in order as they are
    root, node = root[order], node[order]
    zero = _starting_zero(graph, root, node)
    if np.any(zero):
        root, node = root[~zero], node[~zero]
    return _Terms(root, node, merged, uses, group)


def _starting_zero(graph: Graph, root: Numbers, node: Numbers) -> Mask:
    """Tell which terms are the 0 that Python's `sum` starts with, where two others remain."""
    first = np.ones(len(root), dtype=bool)
    first[1:] = root[1:] != root[:-1]
    count = np.bincount(root, minlength=len(graph.code))
    zero = (graph.code[node] == CONST) & (graph.value[node] == 0.0)
    found: Mask = first & zero & (count[root] > 2)
    return found


def _products(graph: Graph, terms: _Terms) -> Mask:
    """Tell which terms are products to be taken into a `dot`: at least two in a sum.

    A constant times something computed stays an op of its own: it is a scaling, not a matrix.
    """
    candidate = applies(graph, ops.mul)[terms.node] & (terms.uses[terms.node] == 1)
    first, second = graph.code[_factors(graph, terms.node[candidate])]
    scaling = ((first == CONST) & (second != PARAM)) | ((second == CONST) & (first != PARAM))
    candidate[candidate] = ~scaling
    count = np.bincount(terms.root[candidate], minlength=len(graph.code))
    found: Mask = candidate & (count[terms.root] >= 2)
    return found


def _factors(graph: Graph, products: Numbers) -> Numbers:
    """Return what products multiply; shape (2, m)."""
    first = graph.start[products]
    return np.stack([graph.operand[first], graph.operand[first + 1]])


def _rebuilt(graph: Graph, additive: Mask, terms: _Terms, product: Mask) -> Graph:
    n, rest = len(graph.code), ~product
    products = np.bincount(terms.root[product], minlength=n)
    others = np.bincount(terms.root[rest], minlength=n)
    total = others + (products > 0)
    summing = additive & ~terms.merged & (others > 0)
    editor = Editor(graph)
    editor.become(np.flatnonzero(summing & (total == 2)), ops.add)
    editor.become(np.flatnonzero(summing & (total != 2)), ops.sum)
    editor.become(np.flatnonzero((products > 0) & (others == 0)), ops.dot)
    mixed = np.flatnonzero((products > 0) & (others > 0))
    dot_of = np.arange(n)
    dot_of[mixed] = editor.add(len(mixed), ops.dot)
    first, second = _factors(graph, terms.node[product])
    swap = (graph.code[second] == PARAM) & (graph.code[first] != PARAM)
    gone = np.zeros(n, dtype=bool)
    gone[terms.node[product]] = True
    editor.clear(additive | gone)
    editor.read(terms.root[rest], terms.node[rest])
    editor.read(mixed, dot_of[mixed])
    dots = dot_of[terms.root[product]]
    editor.read(dots, np.where(swap, second, first))
    editor.read(dots, np.where(swap, first, second))
    return editor.finished(terms.merged | gone)

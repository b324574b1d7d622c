"""Make a failing graph small while it fails in the same way."""

from __future__ import annotations

import time

import attrs

from campaign.graphs import Node
from campaign.judge import failures

__all__ = ["reduced"]


def reduced(failure, seconds=20.0):
    """Return a failure of the same mode and kind on a graph as small as could be found."""
    end = time.monotonic() + seconds
    best = failure
    progress = True
    while progress and time.monotonic() < end:
        progress = False
        for candidate in candidates(best.graph):
            if time.monotonic() > end:
                break
            found = _again(candidate, best)
            if found is not None:
                best, progress = found, True
                break
    return best


def size(graph):
    """Return what is to be made small: nodes first, then leaves, samples and odd numbers."""
    odd = sum(len(repr(n.number)) for n in graph.nodes if n.leaf)
    odd += sum(len(repr(x)) for row in graph.rows for x in row)
    variables = sum(n.op in ("x", "w", "v") for n in graph.nodes)
    return (
        sum(not n.leaf for n in graph.nodes),
        sum(len(n.operands) for n in graph.nodes),
        len(graph.outputs),
        variables,
        len(graph.rows),
        odd,
    )


def _again(graph, failure):
    if not graph.outputs or not graph.leaves or size(graph) >= size(failure.graph):
        return None
    try:
        for found in failures(graph, [failure.mode], failure.choice, only=failure.what):
            if found.signature == failure.signature:
                return found
    except Exception:  # the graph makes no sense any more
        return None
    return None


def candidates(graph):
    """Yield smaller graphs, the bold ones first."""
    if len(graph.outputs) > 1:
        for k in range(len(graph.outputs)):
            yield attrs.evolve(graph, outputs=graph.outputs[:k] + graph.outputs[k + 1 :]).trimmed()
    inner = [i for i, n in enumerate(graph.nodes) if not n.leaf]
    # another node as the output: halves the graph
    for i in inner[: -1 : max(1, len(inner) // 12)]:
        yield attrs.evolve(graph, outputs=(i,)).trimmed()
    # runs of nodes become plain numbers or their first operand, long runs first
    length = len(inner) // 2
    while length >= 1:
        for first in range(0, len(inner), length):
            run = inner[first : first + length]
            yield _frozen(graph, run)
            yield _short_cut(graph, run, 0)
            if length == 1:
                node = graph.nodes[run[0]]
                for k in range(1, len(node.operands)):
                    yield _short_cut(graph, run, k)
        length //= 2
    for i in inner:
        yield from _narrower(graph, i)
    if graph.rows:
        yield attrs.evolve(graph, rows=())
        for k in range(len(graph.rows)):
            yield attrs.evolve(graph, rows=graph.rows[:k] + graph.rows[k + 1 :])
    yield from _plainer_leaves(graph)


def _frozen(graph, run):
    from campaign.plain import plain

    numbers = []
    for node in graph.nodes:
        operands = [numbers[i] for i in node.operands]
        numbers.append(node.number if node.leaf else plain(node.op, operands))
    nodes = list(graph.nodes)
    for i in run:
        if i not in graph.outputs:
            nodes[i] = Node("c", (), round(numbers[i], 3))
    return attrs.evolve(graph, nodes=tuple(nodes)).trimmed()


def _short_cut(graph, run, which):
    """Use an operand of each node of the run instead of the node."""
    instead = {}
    for i in run:
        operands = graph.nodes[i].operands
        j = operands[min(which, len(operands) - 1)]
        instead[i] = instead.get(j, j)
    nodes = [
        attrs.evolve(n, operands=tuple(instead.get(j, j) for j in n.operands)) for n in graph.nodes
    ]
    outputs = tuple(instead.get(j, j) for j in graph.outputs)
    return attrs.evolve(graph, nodes=tuple(nodes), outputs=outputs).trimmed()


def _narrower(graph, i):
    node = graph.nodes[i]
    count = len(node.operands)
    if node.op in ("sum", "logsumexp") and count > 1:
        cuts = [node.operands[:k] + node.operands[k + 1 :] for k in range(count)]
        cuts = [node.operands[: count // 2], node.operands[count // 2 :], *cuts]
    elif node.op == "dot" and count > 2:
        half = count // 2
        a, b = node.operands[:half], node.operands[half:]
        cuts = [a[:k] + a[k + 1 :] + b[:k] + b[k + 1 :] for k in range(half)]
    else:
        return
    for operands in cuts:
        nodes = list(graph.nodes)
        nodes[i] = attrs.evolve(node, operands=operands)
        yield attrs.evolve(graph, nodes=tuple(nodes)).trimmed()


def _plainer_leaves(graph):
    for i, node in enumerate(graph.nodes):
        if node.op in ("x", "w"):
            nodes = list(graph.nodes)
            nodes[i] = attrs.evolve(node, op="c")
            k = graph.inputs.index(i) if node.op == "x" else None
            rows = graph.rows if k is None else tuple(r[:k] + r[k + 1 :] for r in graph.rows)
            yield attrs.evolve(
                graph,
                nodes=tuple(nodes),
                inputs=tuple(j for j in graph.inputs if j != i),
                params=tuple(j for j in graph.params if j != i),
                rows=rows,
            ).trimmed()
    for i, node in enumerate(graph.nodes):
        if node.leaf:
            for number in (0.0, 1.0, 2.0, 0.5, -1.0, round(node.number, 1)):
                nodes = list(graph.nodes)
                nodes[i] = attrs.evolve(node, number=number)
                yield attrs.evolve(graph, nodes=tuple(nodes))
    for r, row in enumerate(graph.rows):
        for k, x in enumerate(row):
            for number in (0.0, 1.0, 0.5, round(x, 1)):
                new = (*row[:k], number, *row[k + 1 :])
                yield attrs.evolve(graph, rows=(*graph.rows[:r], new, *graph.rows[r + 1 :]))

"""Write the chain rule out: every path from an output to one of its inputs, with numbers.

The derivative is the sum over all paths of the product of the local derivatives along the path.
"""

import heapq
import math
from collections.abc import Mapping, Sequence

import attrs

from mgcore.errors import BackwardError
from mgcore.explain.text import LISTED_NODES, text_of
from mgcore.order import topological_order
from mgcore.partials import local_derivatives
from mgcore.value import Constant, Value

__all__ = ["Edge", "Explanation", "Path", "explain"]

LISTED_PATHS = 32
SUMMARY_PATHS = 8


@attrs.frozen
class Edge:
    """Hold one step of the chain rule: `user` read `operand`, its operand number `index`.

    Attributes:
        user: the node above.
        index: which of its operands.
        factor: the local derivative d(user)/d(operand).

    """

    user: Value
    index: int
    factor: float

    @property
    def operand(self) -> Value:
        """Return the node below."""
        return self.user.operands[self.index]


@attrs.frozen
class Path:
    """Hold one way from the output down to the input, and the product of its local derivatives."""

    edges: tuple[Edge, ...]

    @property
    def product(self) -> float:
        """Return what this path contributes to the derivative."""
        return math.prod(edge.factor for edge in self.edges)


@attrs.frozen
class Explanation:
    """Hold the chain rule for one derivative; printing it tells it in words and numbers.

    Attributes:
        output: what is differentiated.
        wrt: what it is differentiated by.
        nodes: the nodes on the way, operands first, `wrt` and `output` included.
        edges: node -> the steps by which nodes on the way read it.
        adjoints: node -> d(output)/d(node).
        path_count: how many paths there are.
        paths: all of them, or in a large graph those that contribute most.

    """

    output: Value
    wrt: Value
    nodes: tuple[Value, ...]
    edges: Mapping[Value, tuple[Edge, ...]]
    adjoints: Mapping[Value, float]
    path_count: int
    paths: tuple[Path, ...]

    @property
    def gradient(self) -> float:
        """Return d(output)/d(wrt)."""
        return self.adjoints[self.wrt]

    @property
    def complete(self) -> bool:
        """Tell whether every path is listed."""
        return len(self.paths) == self.path_count

    def __str__(self) -> str:
        return text_of(self)


def explain(output: Value, wrt: Value) -> Explanation:
    """Explain a derivative by the chain rule.

    Args:
        output: what is differentiated.
        wrt: a node below it: what it is differentiated by.

    Returns:
        The explanation. Up to 50 nodes and 32 paths it lists everything, beyond that the paths
        that contribute most.

    Raises:
        BackwardError: if `wrt` is a constant, or not below `output`.
        DomainError: where a local derivative is not defined.

    >>> a = Value(3.0, label="a")
    >>> explanation = explain(a * a, wrt=a)
    >>> explanation.gradient, [path.product for path in explanation.paths]
    (6.0, [3.0, 3.0])

    """
    for name, value in (("output", output), ("wrt", wrt)):
        if not isinstance(value, Value) or isinstance(value, Constant):
            raise BackwardError(f"{name} is {value!r}; explain takes Values that are no constants")
    nodes = _on_the_way(output, wrt)
    if not nodes:
        raise BackwardError(f"{wrt!r} is not below the output, so the derivative by it is 0")
    edges = _edges(nodes)
    counts, adjoints = {output: 1}, {output: 1.0}
    for node in reversed(nodes):
        if node is not output:
            counts[node] = sum(counts[edge.user] for edge in edges[node])
            adjoints[node] = math.fsum(adjoints[e.user] * e.factor for e in edges[node])
    few = len(nodes) <= LISTED_NODES and counts[wrt] <= LISTED_PATHS
    paths = _largest_paths(nodes, edges, wrt, LISTED_PATHS if few else SUMMARY_PATHS)
    return Explanation(output, wrt, nodes, edges, adjoints, counts[wrt], paths)


def _on_the_way(output: Value, wrt: Value) -> tuple[Value, ...]:
    """Return the nodes that lie on a path from `output` to `wrt`, operands first."""
    above = {wrt}
    for node in topological_order(output):
        if node not in above and not above.isdisjoint(node.operands):
            above.add(node)
    return tuple(n for n in topological_order(output) if n in above) if output in above else ()


def _edges(nodes: Sequence[Value]) -> dict[Value, tuple[Edge, ...]]:
    found: dict[Value, list[Edge]] = {node: [] for node in nodes}
    wrt = nodes[0] if nodes[0].op is None else None
    for user in nodes:
        if user.op is None or user is wrt:
            continue
        if not any(x in found for x in user.operands):
            continue  # `wrt` itself, an inner node: what lies below it is no part of the story
        for i, (x, factor) in enumerate(zip(user.operands, local_derivatives(user), strict=True)):
            if x in found and factor is not None:
                found[x].append(Edge(user, i, factor))
    return {node: tuple(edges) for node, edges in found.items()}


@attrs.frozen
class _Way:
    """A way from the output to a node: its last step, and the way before; None at the output."""

    product: float
    edge: Edge | None = None
    before: "_Way | None" = None


def _largest_paths(
    nodes: Sequence[Value], edges: Mapping[Value, Sequence[Edge]], wrt: Value, count: int
) -> tuple[Path, ...]:
    """Return the `count` paths whose products are largest in size; all, if there are no more.

    The largest ways to a node are among the largest to its users: one pass, no search.
    """
    ways: dict[Value, list[_Way]] = {nodes[-1]: [_Way(1.0)]}
    for node in reversed(nodes[:-1]):
        reached = [
            _Way(way.product * edge.factor, edge, way)
            for edge in edges[node]
            for way in ways[edge.user]
        ]
        ways[node] = heapq.nlargest(count, reached, key=lambda way: abs(way.product))
    return tuple(Path(_steps(way)) for way in ways[wrt])


def _steps(way: _Way) -> tuple[Edge, ...]:
    steps = []
    step: _Way | None = way
    while step is not None and step.edge is not None:
        steps.append(step.edge)
        step = step.before
    return tuple(reversed(steps))

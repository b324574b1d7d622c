"""Copy and pickle graphs without recursion, however deep, and keep what is shared shared."""

from contextvars import ContextVar
from typing import Any
from weakref import ref

from mgcore.op import Op
from mgcore.order import topological_order
from mgcore.value import Value

__all__ = ["copy_graph", "reduce_value"]


def copy_graph(root: Value, memo: dict[int, Any]) -> Value:
    """Copy `root` and all below it, operands first; `memo` is deepcopy's."""
    for node in topological_order(root):
        if id(node) not in memo:
            memo[id(node)] = _node(
                type(node),
                (node.data, node.grad, node.label),
                node.op,
                tuple(memo[id(x)] for x in node.operands),
            )
    copied: Value = memo[id(root)]
    return copied


def _node(
    kind: type[Value], numbers: tuple[float, float, str], op: Op | None, operands: tuple[Value, ...]
) -> Value:
    node = kind.__new__(kind)
    node.data, node.grad, node.label = numbers
    node.op = op
    node.operands = operands
    return node


class Segment:
    """Hold a stretch of a graph, operands first, as flat lists that pickle without recursion.

    Nodes that an earlier segment of the same pickle holds are referred to, so that Values pickled
    one by one keep sharing what they share. Positions count through all segments.
    """

    __slots__ = ("__weakref__", "earlier", "nodes", "position", "start")

    start: int
    nodes: list[Value]

    def __init__(self, root: Value, earlier: "Segment | None") -> None:
        self.earlier = earlier
        self.start = 0 if earlier is None else earlier.start + len(earlier.nodes)
        # A pickle's segments share one table of positions.
        self.position: dict[Value, int] = {} if earlier is None else earlier.position
        self.nodes = [x for x in topological_order(root) if x not in self.position]
        self.position.update((x, self.start + i) for i, x in enumerate(self.nodes))

    def holder(self, node: Value) -> "Segment":
        """Return the segment, this or an earlier one, that holds `node`."""
        segment = self
        while segment.earlier is not None and self.position[node] < segment.start:
            segment = segment.earlier
        return segment

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore_segment, (
            self.earlier,
            [type(x) for x in self.nodes],
            [(x.data, x.grad, x.label) for x in self.nodes],
            [x.op for x in self.nodes],
            [[self.position[y] for y in x.operands] for x in self.nodes],
        )


class Restored:
    """Hold the nodes of a segment while a pickle is being loaded."""

    __slots__ = ("nodes",)

    def __init__(self, nodes: list[Value]) -> None:
        self.nodes = nodes


def _restore_segment(
    earlier: Restored | None,
    kinds: list[type[Value]],
    numbers: list[tuple[float, float, str]],
    ops: list[Op | None],
    operands: list[list[int]],
) -> Restored:
    # Segments of one pickle grow one list; a later one goes on where the earlier ended.
    nodes = earlier.nodes if earlier is not None else []
    for kind, data, op, places in zip(kinds, numbers, ops, operands, strict=True):
        nodes.append(_node(kind, data, op, tuple(nodes[i] for i in places)))
    return Restored(nodes)


def _restored_node(segment: Restored, position: int) -> Value:
    return segment.nodes[position]


# The newest segment of the pickle being written: it lives exactly as long as the pickler's memo.
_newest: ContextVar["ref[Segment] | None"] = ContextVar("mgcore.newest_segment", default=None)


def reduce_value(root: Value) -> tuple[Any, ...]:
    """Reduce `root` for pickling to its place in a segment of its graph.

    Raises:
        PickleError: if an op of the graph is not registered.

    """
    known = _newest.get()
    segment = known() if known is not None else None
    if segment is None or root not in segment.position:
        segment = Segment(root, segment)
        _newest.set(ref(segment))
    return _restored_node, (segment.holder(root), segment.position[root])

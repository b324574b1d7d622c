"""Copy and pickle graphs without recursion, however deep, and keep what is shared shared."""

import math
from contextvars import ContextVar
from copy import deepcopy
from typing import Any, TypeAlias
from weakref import ref

from mgcore.errors import StaleGraphError
from mgcore.failures import listing
from mgcore.op import Op
from mgcore.order import topological_order
from mgcore.value import Constant, Value, clock

__all__ = ["copy_graph", "copy_node", "reduce_value"]


State: TypeAlias = "dict[str, Any] | None"


def copy_graph(root: Value, memo: dict[int, Any]) -> Value:
    """Copy `root` and all below it, operands first; `memo` is deepcopy's."""
    extra = []
    for node in topological_order(root):
        if id(node) not in memo:
            copied = copy_node(node, tuple(memo[id(x)] for x in node.operands), shared=False)
            copied.made = node.made
            memo[id(node)] = copied
            if (state := _own_state(node)) is not None:
                extra.append((copied, state))
    for copied, state in extra:  # may refer to any node
        _give_state(copied, deepcopy(state, memo))
    found: Value = memo[id(root)]
    return found


def copy_node(node: Value, operands: tuple[Value, ...], shared: bool = True) -> Value:
    """Return another node of the same numbers, on `operands`.

    Args:
        node: the node.
        operands: what the copy stands on.
        shared: whether it gets what a subclass has added, shared with `node`.

    """
    copied = _node(type(node), (node.number, node.grad, node.tag), node.op, operands)
    copied.made = node.made
    if shared and (state := _own_state(node)) is not None:
        _give_state(copied, state)
    return copied


def _node(
    kind: type[Value], numbers: tuple[float, float, str], op: Op | None, operands: tuple[Value, ...]
) -> Value:
    node = kind.__new__(kind)
    node.number, node.grad, node.tag = numbers
    node.op = op
    node.operands = operands
    node.made = clock.now
    return node


def _own_state(node: Value) -> State:
    """Return the attributes that a subclass of Value has added; None if there are none."""
    kind = type(node)
    if kind is Value or kind is Constant:
        return None
    state = dict(getattr(node, "__dict__", {}))
    for base in kind.__mro__:
        if base not in (Value, Constant, object):
            slots = base.__dict__.get("__slots__", ())
            names = (slots,) if isinstance(slots, str) else slots
            names = [n for n in names if n not in {"__dict__", "__weakref__"}]
            state.update((n, getattr(node, n)) for n in names if hasattr(node, n))
    return state or None


def _give_state(node: Value, state: dict[str, Any]) -> None:
    for name, value in state.items():
        object.__setattr__(node, name, value)


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
        arguments = (
            self.earlier,
            [type(x) for x in self.nodes],
            [(x.number, x.grad, x.tag) for x in self.nodes],
            [x.op for x in self.nodes],
            [[self.position[y] for y in x.operands] for x in self.nodes],
            _set_results(self.nodes) if any(map(_is_stale, self.nodes)) else None,
        )
        # After the nodes themselves, since it may refer to them.
        states = {i: s for i, x in enumerate(self.nodes, self.start) if (s := _own_state(x))}
        return _restore_segment, arguments, states or None


class Restored:
    """Hold the nodes of a segment while a pickle is being loaded."""

    __slots__ = ("nodes",)

    def __init__(self, nodes: list[Value]) -> None:
        self.nodes = nodes

    def __setstate__(self, states: dict[int, dict[str, Any]]) -> None:
        for i, state in states.items():
            _give_state(self.nodes[i], state)


def _restore_segment(
    earlier: Restored | None,
    kinds: list[type[Value]],
    numbers: list[tuple[float, float, str]],
    ops: list[Op | None],
    operands: list[list[int]],
    stale: list[int] | None = None,
) -> Restored:
    # Segments of one pickle grow one list; a later one goes on where the earlier ended.
    nodes = earlier.nodes if earlier is not None else []
    for kind, data, op, places in zip(kinds, numbers, ops, operands, strict=True):
        nodes.append(_node(kind, data, op, tuple(nodes[i] for i in places)))
    new = nodes[len(nodes) - len(kinds) :]
    if stale is None:
        _check_rules(new)
    else:
        _age(nodes)
        for i in stale:
            new[i].made = math.inf
    return Restored(nodes)


def _is_stale(node: Value) -> bool:
    """Tell whether a number was set after the node had been computed from the old one."""
    return node.made == math.inf or any(x.made > node.made for x in node.operands)


def _set_results(nodes: list[Value]) -> list[int]:
    return [i for i, x in enumerate(nodes) if x.made == math.inf]


def _age(nodes: list[Value]) -> None:
    """Let all that is computed be older than the leaves: it is computed again before it counts."""
    clock.changed = clock.tick()
    for node in nodes:
        if node.made != math.inf:
            node.made = clock.now if node.op is None else 0


def _check_rules(nodes: list[Value]) -> None:
    """Raise if an op gives another number than it gave where the graph was pickled.

    One node of each op is computed again. Rules that fail, or draw lots, are not judged.
    """
    first = {node.op: node for node in reversed(nodes) if node.op is not None}
    for op, node in first.items():
        here = [x.number for x in node.operands]
        try:
            again, twice = op(*here), op(*here)
        except Exception:  # noqa: S112 - whoever differentiates it will hear of it
            continue
        if again == twice and not math.isclose(again, node.number, rel_tol=_ALIKE, abs_tol=_TINY):
            raise StaleGraphError(
                f"{op.name}({listing(here)}) is {again!r} here, but was {node.number!r} where the "
                "graph was pickled: the op's rule is another one. Record the expression again, or "
                "use the op that it was recorded with"
            )


_ALIKE, _TINY = 1e-6, 1e-300
"""How far the elementary functions of two machines may differ, and more."""


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


def _copied(node: Value) -> Value:
    return copy_node(node, node.operands)


# Hung into the class from here, since the engine need not know how it is carried about.
Value.__copy__ = _copied  # type: ignore[attr-defined]  # hung in
Value.__deepcopy__ = copy_graph  # type: ignore[attr-defined]  # hung in
Value.__reduce__ = reduce_value  # type: ignore[assignment,method-assign]  # as above

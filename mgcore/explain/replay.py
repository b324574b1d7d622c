"""Record a graph anew at other values of its leaves, and say what goes wrong there."""

from collections.abc import Mapping, Sequence
from typing import Any

from mgcore.errors import BackwardError, DomainError, NonFiniteError, RangeError
from mgcore.explain.anomaly import detect_anomaly
from mgcore.op import real
from mgcore.order import topological_order
from mgcore.value import Constant, Value

__all__ = ["diagnose", "replay"]


def replay(outputs: Value | Sequence[Value], values: Mapping[Value, float]) -> Any:
    """Apply the same ops again, to leaves of other values.

    Args:
        outputs: a Value, or a sequence of them; the graph below is left as it is.
        values: leaf -> its new number; leaves that are not named keep theirs.

    Returns:
        New Values, in a container like that of `outputs`; leaves and nodes keep their labels.

    Raises:
        BackwardError: if a key is no leaf of the graph.

    >>> x = Value(2.0, label="x")
    >>> replay(x * x + 1, {x: 3.0}).data
    10.0

    """
    return _replayed(outputs, values)[0]


def diagnose(output: Value, values: Mapping[Value, float], gradients: bool = True) -> str:
    """Say where a graph, evaluated at other values of its leaves, stops being finite.

    Args:
        output: the graph's output.
        values: leaf -> its number, as for `replay`.
        gradients: whether to look at the gradients as well.

    Returns:
        The op, its operands, the local factors and the path; empty if everything is finite.

    What a compiled kernel is followed by when it has returned NaN: native code lets NaN through,
    the replay stops where it arises.

    """
    try:
        with detect_anomaly():
            again, _ = _replayed(output, values)
            if gradients and not isinstance(again, Constant):
                again.backward()
    except (NonFiniteError, DomainError, RangeError) as error:
        return str(error)
    return ""


def _replayed(
    outputs: Value | Sequence[Value], values: Mapping[Value, float]
) -> tuple[Any, dict[Value, Value]]:
    roots = [outputs] if isinstance(outputs, Value) else list(outputs)
    order = topological_order(*roots)
    _check_leaves(values, order)
    anew: dict[Value, Value] = {}
    for node in order:
        if node.op is not None:
            anew[node] = node.op(*(anew[x] for x in node.operands))
            anew[node].label = node.label
        elif isinstance(node, Constant):
            anew[node] = node
        else:
            anew[node] = Value(real(values.get(node, node.data)), label=node.label)
    found = [anew[root] for root in roots]
    if isinstance(outputs, Value):
        return found[0], anew
    return tuple(found) if isinstance(outputs, tuple) else found, anew


def _check_leaves(values: Mapping[Value, float], order: Sequence[Value]) -> None:
    present = set(order)
    for leaf in values:
        if not isinstance(leaf, Value) or leaf.op is not None or isinstance(leaf, Constant):
            raise BackwardError(f"{leaf!r} is no leaf; replay takes new numbers for leaves alone")
        if leaf not in present:
            raise BackwardError(f"{leaf!r} is not below the output, so it cannot change it")

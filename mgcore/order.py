"""Topological order: operands before the nodes that use them."""

from collections.abc import Collection

from mgcore.value import Value

__all__ = ["order_between", "topological_order"]


def topological_order(*roots: Value) -> list[Value]:
    """Return every node that the roots depend on, and the roots, each once, operands first.

    Depth first with a stack of our own, so that a graph may be a million nodes deep.
    The order is the same from run to run.
    """
    order: list[Value] = []
    seen: set[Value] = set()
    stack: list[Value | None] = list(reversed(roots))
    while stack:
        node = stack.pop()
        if node is None:  # the operands of the node below have been placed
            order.append(stack.pop())  # type: ignore[arg-type]  # a None stands on a node
        elif node not in seen:
            seen.add(node)
            if seen.issuperset(node.operands):  # in a graph without cycles, seen means placed
                order.append(node)
            else:
                stack += (node, None)
                stack += node.operands[::-1]
    return order


def order_between(inputs: Collection[Value], roots: Collection[Value]) -> list[Value]:
    """Return the nodes from the inputs up to the roots, operands first, and some that are neither.

    What was recorded before the oldest input cannot depend on it, nor can what lies below an input
    that no other input lies below: the walk ends there, however long the history is.
    """
    order = [x for x in dict.fromkeys(inputs) if _ends_the_walk(x, inputs)]
    seen = set(order)
    # A leaf's number may have been set after it was used, which makes it look young.
    oldest = min((x.made if x.op is not None else 0 for x in inputs), default=0)
    stack: list[Value | None] = [*reversed(list(roots))]
    while stack:
        node = stack.pop()
        if node is None:
            order.append(stack.pop())  # type: ignore[arg-type]  # a None stands on a node
        elif node not in seen:
            seen.add(node)
            if node.made < oldest:
                continue
            if seen.issuperset(node.operands):
                order.append(node)
            else:
                stack += (node, None)
                stack += node.operands[::-1]
    return order


def _ends_the_walk(x: Value, inputs: Collection[Value]) -> bool:
    """Tell whether no other input can lie below the input `x`."""
    return all(y is x or (y.op is not None and y.made > x.made) for y in inputs)

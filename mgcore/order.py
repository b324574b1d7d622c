"""Topological order: operands before the nodes that use them."""

from mgcore.value import Value

__all__ = ["topological_order"]


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

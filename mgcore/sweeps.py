"""Carry numbers through a graph in reverse or forward mode: the loops that most derivatives run.

They do what the general sweeps of `derivatives` do, for plain floats and without a graph of the
result, with the common arities written out. A partial that is no float is made one before it is
multiplied: in Python a float times NumPy's float32 is a float32.
"""

from collections.abc import Container, Sequence

from mgcore.partials import as_local, where_python_raises
from mgcore.value import Value

__all__ = ["pull_back", "push_forward"]


def pull_back(
    order: Sequence[Value], needed: Container[Value], adjoints: dict[Value, float]
) -> None:
    """Add to `adjoints`, which hold those of the roots, those of every needed node below.

    Args:
        order: the nodes, operands first.
        needed: the nodes that depend on an input, the inputs included.
        adjoints: node -> d(root)/d(node).

    Raises:
        RuleError, DomainError: as a rule fails, naming its op and operands.

    """
    for node in reversed(order):
        upstream = adjoints.get(node)
        op = node.op
        # A node that the roots do not feel contributes nothing, even where it has no derivative.
        if not upstream or op is None or node not in needed:
            continue
        partials, operands, out = op.partials, node.operands, node.number
        i: int | None = 0
        try:
            if not isinstance(partials, tuple):
                i = None
                numbers = [x.number for x in operands]
                for x, d in zip(operands, partials(out, *numbers), strict=True):
                    if x in needed:
                        if type(d) is not float:
                            d = as_local(d, op, partials)
                        adjoints[x] = adjoints.get(x, 0.0) + upstream * d
            elif len(partials) == 1:
                x = operands[0]
                d = partials[0](out, x.number)
                if type(d) is not float:
                    d = as_local(d, op, partials[0])
                adjoints[x] = adjoints.get(x, 0.0) + upstream * d
            else:
                numbers = [x.number for x in operands]
                for i, x in enumerate(operands):
                    if x in needed:
                        d = partials[i](out, *numbers)
                        if type(d) is not float:
                            d = as_local(d, op, partials[i])
                        adjoints[x] = adjoints.get(x, 0.0) + upstream * d
        except Exception as error:
            for k, d in where_python_raises(error, node, i):
                if (x := operands[k]) in needed:
                    adjoints[x] = adjoints.get(x, 0.0) + upstream * d


def push_forward(order: Sequence[Value], moving: dict[Value, float]) -> None:
    """Add to `moving`, which hold the tangents of the inputs, those of all that depends on them.

    An input that depends on another one has its own tangent and what that one gives it.

    Args:
        order: the nodes, operands first.
        moving: node -> its tangent.

    Raises:
        RuleError, DomainError: as a rule fails, naming its op and operands.

    """
    for node in order:
        op = node.op
        if op is None:
            continue
        operands = node.operands
        for x in operands:
            if x in moving:
                break
        else:
            continue
        partials, out, total = op.partials, node.number, moving.get(node, 0.0)
        numbers = [x.number for x in operands]
        i: int | None = 0
        # As in reverse mode: a factor of exactly 0 ends what comes from below, even NaN.
        try:
            if not isinstance(partials, tuple):
                i = None
                for x, d in zip(operands, partials(out, *numbers), strict=True):
                    if type(d) is not float:
                        d = as_local(d, op, partials)
                    if d != 0.0 and (tangent := moving.get(x)) is not None:
                        total += tangent * d
            else:
                for i, x in enumerate(operands):
                    if (tangent := moving.get(x)) is not None:
                        d = partials[i](out, *numbers)
                        if type(d) is not float:
                            d = as_local(d, op, partials[i])
                        if d != 0.0:
                            total += tangent * d
        except Exception as error:
            for k, d in where_python_raises(error, node, i):
                if d != 0.0 and (tangent := moving.get(operands[k])) is not None:
                    total += tangent * d
        moving[node] = total

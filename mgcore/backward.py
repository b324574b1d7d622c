"""Backpropagation: walk the topological order backwards and apply the chain rule at every node."""

from collections.abc import Callable
from typing import Any, TypeAlias

from mgcore.errors import BackwardError, RuleError
from mgcore.methods import quick_attributes
from mgcore.op import real
from mgcore.order import topological_order
from mgcore.partials import as_local, check_fresh, partials_for, where_python_raises
from mgcore.seam import Observer, library, watcher
from mgcore.value import Constant, Value, clock

__all__ = ["backward"]

Listener: TypeAlias = Callable[..., Any]


def backward(root: Value) -> None:
    """Fill ``.grad`` of every node below with d(self)/d(node).

    Leaves accumulate over calls until they are set to zero; inner nodes are computed afresh.

    Raises:
        BackwardError: on a constant.
        StaleGraphError: if a leaf's data was set after the graph had been recorded.

    """
    if isinstance(root, Constant):
        raise BackwardError(
            f"backward on the constant {root.number!r}: a plain number has no gradient; "
            "wrap what you want to differentiate in Value(...)"
        )
    order = topological_order(root)
    listener: Listener | None = library().backward_observer()
    watch = watcher.get()
    if watch is not None:
        watch.started(root)
    with quick_attributes(len(order)):
        changed, aged = clock.changed, False
        for node in order:
            if node.op is not None:
                node.grad = 0.0
                if node.made < changed:
                    aged = True
        if aged or root.made > clock.now:
            check_fresh(order)
        root.grad += 1.0
        if listener is not None or watch is not None:
            _sweep_observed(order, listener, watch)
        else:
            _sweep(order)


def _sweep(order: list[Value]) -> None:
    for node in reversed(order):
        upstream = node.grad
        if type(upstream) is not float:
            upstream = node.grad = _real_gradient(node)
        # A node that the root does not feel contributes nothing, even where it has no derivative.
        if node.op is None or upstream == 0.0:
            continue
        partials, operands, out = node.op.partials, node.operands, node.number
        i: int | None = 0
        try:
            if type(partials) is not tuple:
                i = None
                factors = partials(out, *[x.number for x in operands])  # type: ignore[operator]  # no tuple
                for x, d in zip(operands, factors, strict=True):
                    if type(x) is not Constant:
                        x.grad += upstream * (
                            d if type(d) is float else as_local(d, node.op, partials)
                        )
            elif len(partials) == 2:
                x, y = operands
                a, b = x.number, y.number
                if type(x) is not Constant:
                    d = partials[0](out, a, b)
                    x.grad += upstream * (
                        d if type(d) is float else as_local(d, node.op, partials[0])
                    )
                if type(y) is not Constant:
                    i = 1
                    d = partials[1](out, a, b)
                    y.grad += upstream * (
                        d if type(d) is float else as_local(d, node.op, partials[1])
                    )
            elif len(partials) == 1:
                x = operands[0]
                d = partials[0](out, x.number)
                x.grad += upstream * (d if type(d) is float else as_local(d, node.op, partials[0]))
            else:
                numbers = [x.number for x in operands]
                for i, x in enumerate(operands):
                    if type(x) is not Constant:
                        d = partials[i](out, *numbers)
                        x.grad += upstream * (
                            d if type(d) is float else as_local(d, node.op, partials[i])
                        )
        except Exception as error:
            for k, d in where_python_raises(error, node, i):
                if type(operands[k]) is not Constant:
                    operands[k].grad += upstream * d


def _sweep_observed(order: list[Value], listener: Listener | None, watch: Observer | None) -> None:
    for node in reversed(order):
        if node.op is None:
            continue
        factors: list[float | None] = [0.0] * len(node.operands)
        if node.grad != 0.0:
            wanted = {x for x in node.operands if type(x) is not Constant}
            factors = partials_for(node, wanted, on_values=False)
            for i, (x, d) in enumerate(zip(node.operands, factors, strict=True)):
                if d is not None:
                    x.grad += node.grad * d
                    if watch is not None:
                        watch.contributed(node, i, node.grad, d, x.grad)
        if listener is not None:
            listener(node=node, upstream=node.grad, partials=tuple(factors))


def _real_gradient(node: Value) -> float:
    try:
        return real(node.grad)
    except TypeError:
        raise RuleError(
            f"the gradient of {node!r} is a {type(node.grad).__name__}: a partial of one of its "
            "users returned something else than a number"
        ) from None


Value.backward = backward  # type: ignore[assignment,method-assign]  # a method's code stands here

"""Backpropagation: walk the topological order backwards and apply the chain rule at every node."""

from collections.abc import Callable
from typing import Any, TypeAlias

from mgcore.anomaly import watcher
from mgcore.errors import BackwardError, DomainError, RangeError, RuleError
from mgcore.methods import quick_attributes
from mgcore.op import Op, describe_failure, real
from mgcore.order import topological_order
from mgcore.places import rule_place
from mgcore.registry import registry
from mgcore.value import Constant, Value

__all__ = ["backward"]

Observer: TypeAlias = Callable[..., Any]


def backward(root: Value) -> None:
    """Fill ``.grad`` of every node below `root`; see `Value.backward`."""
    if isinstance(root, Constant):
        raise BackwardError(
            f"backward on the constant {root.data!r}: a plain number has no gradient; "
            "wrap what you want to differentiate in Value(...)"
        )
    order = topological_order(root)
    observers: list[Observer] = []
    if (listeners := registry.backward_observer()) is not None:
        observers.append(listeners)
    if (watch := watcher.get()) is not None:
        watch.started(root)
        observers.append(watch.passed)
    with quick_attributes(len(order)):
        for node in order:
            if node.op is not None:
                node.grad = 0.0
        root.grad += 1.0
        if observers:
            _sweep_observed(order, observers)
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
        partials, operands, out = node.op.partials, node.operands, node.data
        i: int | None = 0
        try:
            if type(partials) is not tuple:
                i = None
                factors = partials(out, *[x.data for x in operands])  # type: ignore[operator]  # no tuple
                for x, d in zip(operands, factors, strict=True):
                    if type(x) is not Constant:
                        x.grad += upstream * d
            elif len(partials) == 2:
                x, y = operands
                a, b = x.data, y.data
                if type(x) is not Constant:
                    x.grad += upstream * partials[0](out, a, b)
                if type(y) is not Constant:
                    i = 1
                    y.grad += upstream * partials[1](out, a, b)
            elif len(partials) == 1:
                x = operands[0]
                x.grad += upstream * partials[0](out, x.data)
            else:
                numbers = [x.data for x in operands]
                for i, x in enumerate(operands):
                    if type(x) is not Constant:
                        x.grad += upstream * partials[i](out, *numbers)
        except Exception as error:
            raise derivative_failure(error, node, i) from error


def _sweep_observed(order: list[Value], observers: list[Observer]) -> None:
    for node in reversed(order):
        if node.op is None:
            continue
        factors = local_derivatives(node) if node.grad != 0.0 else (0.0,) * len(node.operands)
        for x, d in zip(node.operands, factors, strict=True):
            if d is not None:
                x.grad += node.grad * d
        for observe in observers:
            observe(node=node, upstream=node.grad, partials=factors)


def local_derivatives(node: Value) -> tuple[float | None, ...]:
    """Return d(node)/d(operand) for every operand, None for constants.

    Raises:
        DomainError: where a local derivative is not defined.
        RuleError: if the op's rule returns something else than one number per operand.

    """
    assert node.op is not None, "a leaf has no local derivatives"  # noqa: S101 - a caller's bug
    partials, operands = node.op.partials, node.operands
    numbers = [x.data for x in operands]
    wanted = [type(x) is not Constant for x in operands]
    i: int | None = None
    try:
        if not isinstance(partials, tuple):
            every = tuple(partials(node.data, *numbers))
            pairs = zip(every, wanted, strict=True)
            return tuple(as_local(d, node.op, partials) if w else None for d, w in pairs)
        factors: list[float | None] = []
        for i, partial in enumerate(partials):
            d = partial(node.data, *numbers) if wanted[i] else None
            factors.append(as_local(d, node.op, partial) if wanted[i] else None)
        return tuple(factors)
    except Exception as error:
        raise derivative_failure(error, node, i) from error


def as_local(d: object, op: Op, rule: object) -> float:
    """Return what a partial rule gave on floats as a float.

    Raises:
        RuleError: if it is no number, naming the rule and where it stands.

    """
    try:
        return real(d)
    except TypeError:
        raise RuleError(
            f"a partial of {op.name} returned {type(d).__name__} ({d!r}), not a number; the rule "
            f"stands in {rule_place(rule)}"
        ) from None


def derivative_failure(
    error: Exception, node: Value, i: int | None, on_floats: bool = True
) -> Exception:
    """Turn what a partial raised at `node` into an error that names op, operand and remedy."""
    op = node.op
    assert op is not None, "leaves have no partials"  # noqa: S101 - a caller's bug
    if i is None and isinstance(error, ValueError) and "zip()" in str(error):
        return RuleError(
            f"the partials rule of {op.name} must return one number for each of the "
            f"{len(node.operands)} operands; it stands in {rule_place(op.partials)}: {error}"
        )
    by = "its operands" if i is None else f"operand {i}"
    rule = op.partials[i] if i is not None and isinstance(op.partials, tuple) else op.partials
    found = describe_failure(error, op, node.operands, by, rule, on_floats)
    watch = watcher.get()
    if watch is not None and isinstance(found, (DomainError, RangeError)):
        return type(found)(f"{found}{watch.surroundings(node, i or 0)}")
    return found


def _real_gradient(node: Value) -> float:
    try:
        return real(node.grad)
    except TypeError:
        raise RuleError(
            f"the gradient of {node!r} is a {type(node.grad).__name__}: a partial of one of its "
            "users returned something else than a number"
        ) from None

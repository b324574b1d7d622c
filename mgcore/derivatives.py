"""Derivatives as functions: reverse mode, forward mode, and both of any order.

One sweep serves floats and Values: the rules are generic over the number type, so reverse mode
run on Values records the gradient as a graph of its own, which can be differentiated again.
"""

import functools
from collections.abc import Callable, Sequence
from numbers import Real
from typing import Any, TypeAlias, TypeVar, overload

from mgcore.anomaly import watcher
from mgcore.backward import as_local, derivative_failure
from mgcore.errors import BackwardError, RuleError
from mgcore.foreign import rules_on_values
from mgcore.op import Op, real
from mgcore.order import topological_order
from mgcore.sweeps import pull_back, push_forward
from mgcore.value import Constant, Value

__all__ = ["grad", "hessian", "hvp", "jacobian", "jvp", "vjp"]

Number: TypeAlias = Any  # a float, or a Value where a graph of the derivative is wanted
Seq = TypeVar("Seq", bound=Sequence[Any])


@overload
def grad(output: Value, inputs: Value, create_graph: bool = False) -> Any: ...
@overload
def grad(output: Value, inputs: Sequence[Value], create_graph: bool = False) -> list[Any]: ...
def grad(output: Value, inputs: Value | Sequence[Value], create_graph: bool = False) -> Any:
    """Return d(output)/d(input) for each input; no ``.grad`` is touched.

    Args:
        output: the Value to differentiate.
        inputs: a Value, or a sequence of them; leaves or inner nodes.
        create_graph: whether to return Values, which can be differentiated again.

    Returns:
        One derivative per input in a list (a tuple for a tuple, a single one for a single Value):
        floats, or Values. An input that `output` does not depend on gives 0.

    Raises:
        BackwardError: if an input is a constant or no Value.
        DomainError: where a local derivative is not defined.

    >>> x = Value(3.0)
    >>> first = grad(x**3, x, create_graph=True)
    >>> first.data, grad(first, x)
    (27.0, 18.0)

    """
    return vjp((output,), inputs, (1.0,), create_graph)


def vjp(
    outputs: Value | Sequence[Value],
    inputs: Value | Sequence[Value],
    cotangents: Number | Sequence[Number],
    create_graph: bool = False,
) -> Any:
    """Return the sum over outputs of cotangent x d(output)/d(input), for each input.

    Args:
        outputs: a Value or a sequence of m of them.
        inputs: a Value or a sequence of n of them.
        cotangents: one number per output; Values are allowed with `create_graph`.
        create_graph: whether to return Values.

    Returns:
        n numbers, in a container like that of `inputs`.

    Raises:
        BackwardError: if an input is a constant or no Value, or the counts differ.
        DomainError: where a local derivative is not defined.

    """
    roots, leaves = _as_values(outputs, "output"), _as_inputs(inputs)
    seeds = _as_numbers(cotangents, len(roots), "cotangent", "outputs")
    adjoints = _reverse(roots, leaves, seeds, create_graph)
    found = [adjoints.get(x, 0.0) for x in leaves]
    if create_graph:
        found = [d if isinstance(d, Value) else Constant(d) for d in found]
    elif all(type(seed) is float for seed in seeds):
        found = _floats(found)
    return _like(inputs, found)


def jvp(
    outputs: Value | Sequence[Value],
    inputs: Value | Sequence[Value],
    tangents: Number | Sequence[Number],
    create_graph: bool = False,
) -> Any:
    """Return the sum over inputs of d(output)/d(input) x tangent, for each output, forward mode.

    Args:
        outputs: a Value or a sequence of m of them.
        inputs: a Value or a sequence of n of them.
        tangents: one number per input.
        create_graph: whether to return Values.

    Returns:
        m numbers, in a container like that of `outputs`.

    Raises:
        BackwardError: if an input is a constant or no Value, or the counts differ.
        DomainError: where a local derivative is not defined.

    """
    roots, leaves = _as_values(outputs, "output"), _as_inputs(inputs)
    seeds = _as_numbers(tangents, len(leaves), "tangent", "inputs")
    moving: dict[Value, Number] = dict(zip(leaves, seeds, strict=True))
    order = topological_order(*roots)
    watch = watcher.get()
    if watch is not None:
        watch.started(*roots)
    elif not create_graph and all(type(seed) is float for seed in seeds):
        push_forward(order, moving)
        return _like(outputs, _floats([moving.get(y, 0.0) for y in roots]))
    for node in order:
        if node in moving or node.op is None or not any(x in moving for x in node.operands):
            continue
        factors = _partials(node, moving, create_graph)
        terms = [
            _times(moving[x], d)
            for x, d in zip(node.operands, factors, strict=True)
            if d is not None
        ]
        moving[node] = _sum(terms)
        if watch is not None:
            watch.pushed(node, _number(moving[node]))
    found = [moving.get(y, 0.0) for y in roots]
    if create_graph:
        found = [t if isinstance(t, Value) else Constant(t) for t in found]
    elif all(type(seed) is float for seed in seeds):
        found = _floats(found)
    return _like(outputs, found)


def hvp(output: Value, inputs: Sequence[Value], vector: Sequence[float]) -> list[float]:
    """Return the Hessian of `output` times `vector`: forward mode over reverse mode.

    Args:
        output: the Value to differentiate twice.
        inputs: n Values.
        vector: n numbers.

    Returns:
        n floats, sum over j of d2(output)/d(input i)d(input j) x vector[j].

    """
    first = grad(output, list(inputs), create_graph=True)
    found: list[float] = jvp(first, inputs, vector)
    return found


def hessian(output: Value, inputs: Sequence[Value]) -> list[list[float]]:
    """Return the n x n matrix of second derivatives of `output`, as nested lists of floats."""
    first = grad(output, list(inputs), create_graph=True)
    return jacobian(first, inputs)


def jacobian(outputs: Sequence[Value], inputs: Sequence[Value]) -> list[list[float]]:
    """Return d(output i)/d(input j) as nested lists of floats, m rows of n.

    Forward or reverse mode, whichever takes fewer sweeps.
    """
    outputs, inputs = _as_values(outputs, "output"), _as_inputs(inputs)
    if len(outputs) <= len(inputs):
        return [grad(y, inputs) for y in outputs]
    units = [[float(i == j) for i in range(len(inputs))] for j in range(len(inputs))]
    columns = [jvp(outputs, inputs, unit) for unit in units]
    return [list(row) for row in zip(*columns, strict=True)]


def _reverse(
    roots: list[Value], inputs: list[Value], seeds: list[Number], create_graph: bool
) -> dict[Value, Number]:
    """Return the adjoint of every node that depends on an input and that a root depends on."""
    order = topological_order(*roots)
    needed = _depending_on(inputs, order)
    adjoints: dict[Value, Number] = {}
    for root, seed in zip(roots, seeds, strict=True):
        _add(adjoints, root, seed)
    if (watch := watcher.get()) is not None:
        watch.started(*roots)
    elif not create_graph and all(type(seed) is float for seed in seeds):
        pull_back(order, needed, adjoints)
        return adjoints
    for node in reversed(order):
        upstream = adjoints.get(node)
        if upstream is None or node.op is None or node not in needed:
            continue
        factors = _partials(node, needed, create_graph)
        for i, (x, d) in enumerate(zip(node.operands, factors, strict=True)):
            if d is not None:
                _add(adjoints, x, _times(upstream, d))
                if watch is not None:
                    watch.contributed(node, i, *map(_number, (upstream, d, adjoints.get(x, 0.0))))
    return adjoints


def _floats(found: list[Number]) -> list[Number]:
    try:
        return [d if type(d) is float else real(d) for d in found]
    except TypeError:
        wrong = next(d for d in found if not isinstance(d, Real))
        raise RuleError(
            f"a derivative came out as {type(wrong).__name__} ({wrong!r}): a partial on the way "
            "returned something else than a number"
        ) from None


def _number(x: Number) -> float:
    number: float = x.data if isinstance(x, Value) else x
    return number


def _depending_on(inputs: list[Value], order: list[Value]) -> set[Value]:
    dependent = set(inputs)
    for node in order:
        if node not in dependent and not dependent.isdisjoint(node.operands):
            dependent.add(node)
    return dependent


def _partials(node: Value, needed: Any, create_graph: bool) -> list[Number | None]:
    """Return the local derivative for each operand that is in `needed`, None for the others."""
    op, operands = node.op, node.operands
    assert op is not None, "a leaf has no partials"  # noqa: S101 - callers have looked
    out: Number = node if create_graph else node.data
    numbers = operands if create_graph else [x.data for x in operands]
    found: list[Number | None] = [None] * len(operands)
    i: int | None = None
    try:
        if not isinstance(op.partials, tuple):
            rule = op.partials
            every = _followed(lambda: tuple(rule(out, *numbers)), create_graph)
            for k, (x, d) in enumerate(zip(operands, every, strict=True)):
                found[k] = _local(d, op, rule) if x in needed else None
            return found
        for i, (x, partial) in enumerate(
            zip(operands, op.partials, strict=True)
        ):
            if x in needed:
                d = _followed(functools.partial(partial, out, *numbers), create_graph)
                found[i] = _local(d, op, partial)
    except Exception as error:
        raise derivative_failure(error, node, i, on_floats=not create_graph) from error
    return found


def _followed(rule: Callable[[], Any], create_graph: bool) -> Any:
    """Run a rule; on Values, one that asks them for their numbers is refused."""
    if not create_graph:
        return rule()
    with rules_on_values():
        return rule()


def _local(d: Any, op: Op, rule: object) -> Number:
    return d if type(d) is float or isinstance(d, Value) else as_local(d, op, rule)


def _add(adjoints: dict[Value, Number], node: Value, contribution: Number) -> None:
    if not isinstance(contribution, Value) and contribution == 0.0:
        return  # contributes nothing, and a graph of zeros helps nobody
    before = adjoints.get(node)
    adjoints[node] = contribution if before is None else before + contribution


def _times(g: Number, d: Number) -> Number:
    """Multiply, without recording what is 0 or 1 by construction."""
    g = g.data if isinstance(g, Constant) else g
    d = d.data if isinstance(d, Constant) else d
    if isinstance(g, Value):
        return (
            g if type(d) is float and d == 1.0 else 0.0 if type(d) is float and d == 0.0 else g * d
        )
    if g == 1.0:
        return d
    return 0.0 if g == 0.0 else g * d


def _sum(terms: list[Number]) -> Number:
    total: Number = 0.0
    for term in terms:
        if isinstance(term, Value) or term != 0.0:
            total = term if type(total) is float and total == 0.0 else total + term
    return total


def _as_values(values: Value | Sequence[Value], what: str) -> list[Value]:
    listed = [values] if isinstance(values, Value) else list(values)
    for i, x in enumerate(listed):
        if not isinstance(x, Value):
            raise BackwardError(
                f"{what} {i} is {type(x).__name__} {x!r}, not a Value; derivatives are taken of "
                "and by Values"
            )
    return listed


def _as_inputs(inputs: Value | Sequence[Value]) -> list[Value]:
    listed = _as_values(inputs, "input")
    for i, x in enumerate(listed):
        if isinstance(x, Constant):
            raise BackwardError(
                f"input {i} is the constant {x.data!r}; wrap the number in Value(...) to "
                "differentiate by it"
            )
    return listed


def _as_numbers(numbers: Any, count: int, what: str, whose: str) -> list[Number]:
    listed = (
        list(numbers) if isinstance(numbers, Sequence) or hasattr(numbers, "__len__") else [numbers]
    )
    if len(listed) != count:
        raise BackwardError(f"{len(listed)} {what}s for {count} {whose}; give one for each")
    return [x if isinstance(x, Value) else float(x) for x in listed]


def _like(container: Value | Sequence[Value], found: list[Number]) -> Any:
    if isinstance(container, Value):
        return found[0]
    return tuple(found) if isinstance(container, tuple) else found

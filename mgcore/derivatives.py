"""Derivatives as functions: reverse mode, forward mode, and both of any order.

One sweep serves floats and Values: the rules are generic over the number type, so reverse mode
run on Values records the gradient as a graph of its own, which can be differentiated again.
"""

from collections.abc import Sequence
from math import isfinite
from numbers import Real
from typing import Any, overload

from mgcore.errors import BackwardError, RuleError
from mgcore.op import real
from mgcore.order import order_between
from mgcore.partials import Number, check_fresh, partials_for
from mgcore.seam import watcher
from mgcore.sweeps import pull_back, push_forward
from mgcore.value import Constant, Value, clock

__all__ = ["grad", "hessian", "hvp", "jacobian", "jvp", "vjp"]


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
        StaleGraphError: if a leaf's data was set after the graph had been recorded.

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
        StaleGraphError: if a leaf's data was set after the graph had been recorded.

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
        StaleGraphError: if a leaf's data was set after the graph had been recorded.

    """
    roots, leaves = _as_values(outputs, "output"), _as_inputs(inputs)
    seeds = _as_numbers(tangents, len(leaves), "tangent", "inputs")
    # An input with a tangent of 0 does not move; one that is computed from others moves with them.
    moving: dict[Value, Number] = {}
    for x, seed in zip(leaves, seeds, strict=True):
        _add(moving, x, seed)
    order = order_between(leaves, roots)
    inner = {x for x in leaves if x.op is not None}
    check_fresh(order)
    if (watch := watcher.get()) is not None:
        watch.started(*roots)
    elif not create_graph and all(type(seed) is float for seed in seeds):
        push_forward(order, moving)
        return _like(outputs, _floats([moving.get(y, 0.0) for y in roots]))
    for node in order:
        if node.op is None or not any(x in moving for x in node.operands):
            continue
        total = moving.get(node, 0.0)
        factors = partials_for(node, moving, on_values=create_graph, is_input=node in inner)
        for x, d in zip(node.operands, factors, strict=True):
            if d is not None:
                total = _plus(total, _chained(d, moving[x]))
        moving[node] = total
        if watch is not None:
            watch.pushed(node, _number(total))
    found = [moving.get(y, 0.0) for y in roots]
    if create_graph:
        found = [t if isinstance(t, Value) else Constant(t) for t in found]
        clock.tick()
    elif all(type(seed) is float for seed in seeds):
        found = _floats(found)
    return _like(outputs, found)


def hvp(output: Value, inputs: Value | Sequence[Value], vector: float | Sequence[float]) -> Any:
    """Return the Hessian of `output` times `vector`: forward mode over reverse mode.

    Args:
        output: the Value to differentiate twice.
        inputs: n Values, or one.
        vector: n numbers, or one.

    Returns:
        n floats, sum over j of d2(output)/d(input i)d(input j) x vector[j], in a container like
        that of `inputs`.

    """
    leaves = _as_inputs(inputs)
    first = grad(output, leaves, create_graph=True)
    return _like(inputs, jvp(first, leaves, vector))


def hessian(output: Value, inputs: Value | Sequence[Value]) -> Any:
    """Return the second derivatives of `output`.

    Args:
        output: the Value to differentiate twice.
        inputs: n Values, or one.

    Returns:
        n rows of n floats, nested lists; for a single Value one float.

    >>> x, y = Value(2.0), Value(3.0)
    >>> hessian(x * x * y, [x, y])
    [[6.0, 4.0], [4.0, 0.0]]

    """
    leaves = _as_inputs(inputs)
    rows = [grad(first, leaves) for first in grad(output, leaves, create_graph=True)]
    return rows[0][0] if isinstance(inputs, Value) else rows


def jacobian(
    outputs: Value | Sequence[Value], inputs: Value | Sequence[Value]
) -> list[list[float]]:
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
    order = order_between(inputs, roots)
    check_fresh(order)
    needed = _depending_on(inputs, order)
    inner = {x for x in inputs if x.op is not None}
    adjoints: dict[Value, Number] = {}
    for root, seed in zip(roots, seeds, strict=True):
        _add(adjoints, root, seed)
    if (watch := watcher.get()) is not None:
        watch.started(*roots)
    elif not create_graph and all(type(seed) is float for seed in seeds):
        try:
            pull_back(order, needed, adjoints)
        except ValueError:
            _floats(list(adjoints.values()))  # an array has no truth value: say where it came from
            raise
        return adjoints
    for node in reversed(order):
        upstream = adjoints.get(node)
        if upstream is None or node.op is None or node not in needed:
            continue
        factors = partials_for(node, needed, on_values=create_graph, is_input=node in inner)
        for i, (x, d) in enumerate(zip(node.operands, factors, strict=True)):
            if d is not None:
                _add(adjoints, x, _chained(upstream, d))
                if watch is not None:
                    watch.contributed(node, i, *map(_number, (upstream, d, adjoints.get(x, 0.0))))
    if create_graph:
        clock.tick()
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
    number: float = x.number if isinstance(x, Value) else x
    return number


def _depending_on(inputs: list[Value], order: list[Value]) -> set[Value]:
    dependent = set(inputs)
    for node in order:
        if node not in dependent and not dependent.isdisjoint(node.operands):
            dependent.add(node)
    return dependent


def _add(adjoints: dict[Value, Number], node: Value, contribution: Number) -> None:
    if isinstance(contribution, Value) or contribution != 0.0:  # a graph of zeros helps nobody
        adjoints[node] = _plus(adjoints.get(node, 0.0), contribution)


def _plus(total: Number, term: Number) -> Number:
    if type(term) is float and term == 0.0:
        return total
    return term if type(total) is float and total == 0.0 else total + term


def _chained(above: Number, below: Number) -> Number:
    """Multiply two factors of the chain rule: `above` is nearer to the output.

    Where it is exactly 0, what lies below it does not count, even if that is infinite or NaN.
    Nothing is recorded for what is 0 or 1 by construction.
    """
    above = above.number if isinstance(above, Constant) else above
    below = below.number if isinstance(below, Constant) else below
    if _number(above) == 0.0 and (type(above) is float or not isfinite(_number(below))):
        return 0.0
    if type(above) is float and above == 1.0:
        return below
    if type(below) is float and below in (0.0, 1.0) and isfinite(_number(above)):
        return above if below == 1.0 else 0.0
    return above * below


def _as_values(values: Value | Sequence[Value], what: str) -> list[Value]:
    try:
        listed = [values] if isinstance(values, Value) else list(values)
    except TypeError:
        raise BackwardError(
            f"{what}s must be a Value or a sequence of them, not {type(values).__name__} {values!r}"
        ) from None
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
                f"input {i} is the constant {x.number!r}; wrap the number in Value(...) to "
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

"""The local derivatives at a node: run the op's partial rules on numbers, or on Values."""

from collections.abc import Callable, Container, Iterable, Iterator
from typing import Any, TypeAlias

from mgcore.errors import DomainError, RangeError, RuleError, StaleGraphError
from mgcore.failures import describe_failure, listing
from mgcore.foreign import rules_on_values
from mgcore.ieee import is_numerical, value_of
from mgcore.op import Op, real
from mgcore.places import rule_place
from mgcore.seam import refusing, watcher
from mgcore.value import Constant, Value, clock
from mgcore.value import node as applied

__all__ = [
    "Number",
    "as_local",
    "check_fresh",
    "derivative_failure",
    "local_derivatives",
    "partials_for",
    "where_python_raises",
]

Number: TypeAlias = Any  # a float, or a Value where a graph of the derivative is wanted


def local_derivatives(node: Value) -> tuple[float | None, ...]:
    """Return d(node)/d(operand) for every operand, None for constants.

    Raises:
        DomainError: within `raise_nonfinite`, where a local derivative is not defined.
        RuleError: if the op's rule returns something else than one number per operand.

    """
    check_fresh((node,))
    wanted = {x for x in node.operands if type(x) is not Constant}
    return tuple(partials_for(node, wanted, on_values=False))


def partials_for(
    node: Value, wanted: Container[Value], *, on_values: bool, is_input: bool = False
) -> list[Number | None]:
    """Return the local derivative for each operand that is `wanted`, None for the others.

    Args:
        node: no leaf.
        wanted: the operands to differentiate by.
        on_values: whether the rules run on Values, so that they can be differentiated again.
            Constants are plain numbers then too: what they are made into does not depend on them.
        is_input: whether the derivative is to `node` too: it stands for a nudge added to the
            result, which the op's own slopes do not feel, so they get the result without it.

    """
    op, operands = node.op, node.operands
    assert op is not None, "a leaf has no partials"  # noqa: S101 - a caller's bug
    partials = op.partials
    here: list[Number] = [node.number, *[x.number for x in operands]]
    if on_values:
        out = applied(op, operands, node.number) if is_input else node
        here = [out, *[x.number if type(x) is Constant else x for x in operands]]
    found: list[Number | None] = [None] * len(operands)
    i: int | None = None
    try:
        if not isinstance(partials, tuple):
            every = _followed(partials, here, on_values)
            for k, (x, d) in enumerate(zip(operands, every, strict=True)):
                if x in wanted:
                    found[k] = _checked(d, op, partials)
            return found
        for i, x in enumerate(operands):
            if x in wanted:
                found[i] = _checked(_followed(partials[i], here, on_values), op, partials[i])
    except Exception as error:
        if on_values:
            raise derivative_failure(error, node, i, on_floats=False) from error
        for k, d in where_python_raises(error, node, i):
            found[k] = d if operands[k] in wanted else None
    return found


def _followed(rule: Callable[..., Any], here: list[Number], on_values: bool) -> Any:
    """Run a rule; on Values, one that asks them for their numbers is refused."""
    if not on_values:
        return rule(*here)
    with rules_on_values():
        made = rule(*here)
        # Of several, each is computed while the rule can still be refused.
        return tuple(made) if isinstance(made, Iterator) else made


def _checked(d: object, op: Op, rule: object) -> Number:
    return d if type(d) is float or isinstance(d, Value) else as_local(d, op, rule)


def as_local(d: object, op: Op, rule: object) -> float:
    """Return what a partial rule gave on floats as a float: also what comparisons and NumPy give.

    Raises:
        RuleError: if it is no number, naming the rule and where it stands.

    """
    if isinstance(d, bool) or _is_zero_dimensional(d):
        return float(d)  # type: ignore[arg-type]  # it holds one real number
    try:
        return real(d)
    except TypeError:
        raise RuleError(
            f"a partial of {op.name} returned {type(d).__name__} ({d!r}), not a number; the rule "
            f"stands in {rule_place(rule)}"
        ) from None


def _is_zero_dimensional(d: object) -> bool:
    """Tell whether it is a real array without axes, as `numpy.where` and comparisons give it."""
    kind = getattr(getattr(d, "dtype", None), "kind", "")
    return getattr(d, "shape", None) == () and kind in tuple("biuf")


def where_python_raises(
    error: Exception, node: Value, i: int | None
) -> Iterator[tuple[int, float]]:
    """Give operand and IEEE partial for those from operand `i` on, where a rule raised `error`.

    Raises:
        MgcoreError: naming op and operand, if the rule is wrong, or somebody watches.

    """
    if refusing() or not is_numerical(error):
        raise derivative_failure(error, node, i) from error
    op = node.op
    assert op is not None, "leaves have no partials"  # noqa: S101 - a caller's bug
    here = [node.number, *[x.number for x in node.operands]]
    if isinstance(op.partials, tuple):
        first = i or 0
        for k, rule in enumerate(op.partials[first:], first):
            yield k, as_local(value_of(rule, here), op, rule)
        return
    every = value_of(op.partials, here)
    count = len(node.operands)
    every = every if isinstance(every, tuple) else (every,) * count
    for k, d in zip(range(count), every, strict=True):
        yield k, as_local(d, op, op.partials)


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


def check_fresh(order: Iterable[Value]) -> None:
    """Raise if a number was set after something had been computed from the old one.

    Nodes are looked at closely only where an operand is younger than its user; a number that has
    been set back meanwhile does no harm.

    Raises:
        StaleGraphError: naming the op and the operand.

    """
    changed = clock.changed
    for node in order:
        made = node.made
        if made >= changed:
            if made <= clock.now:
                continue
            raise StaleGraphError(
                f"the data of {node!r}, the result of {_name(node)}, was set after it had been "
                "computed; record the expression again, and set the data of leaves alone"
            )
        for x in node.operands:
            if x.made > made:
                _check_by_computing(node, x)


def _check_by_computing(node: Value, changed: Value) -> None:
    op, numbers = node.op, [x.number for x in node.operands]
    assert op is not None, "it has operands"  # noqa: S101 - a caller's bug
    again = op(*numbers)
    if again != node.number and not (again != again and node.number != node.number):
        raise StaleGraphError(
            f"the data of {changed!r} was set after {_name(node)} had been computed from the old "
            f"number: the graph holds {node.number!r} where it is {again!r} now. Record the "
            "expression again (call the function again) before differentiating it"
        )


def _name(node: Value) -> str:
    return f"{node.op.name}({listing(node.operands)})" if node.op is not None else "a leaf"

"""Give a number type of one's own the operators and methods, each through the op of its name.

A type with ``__mgcore_apply__`` takes over whenever an op is applied to it; with `with_operators`
the rules of all ops run on it, since ``x * y`` in a rule becomes ``ops.mul(x, y)``, and ``x.exp()``
becomes ``ops.exp(x)``. A rule that asks such a number for its value (``==``, ``<``, ``if``,
``float()``) is refused, here for every type: it would be followed one way, and be wrong the other.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from types import MethodType
from typing import Any, NoReturn, TypeVar

from mgcore import ops
from mgcore.errors import NotGenericError
from mgcore.op import RESERVED_NAMES

__all__ = ["asked_in_a_rule", "refuse", "rules_on_values", "with_operators"]

T = TypeVar("T")

BINARY = {"add": "add", "sub": "sub", "mul": "mul", "truediv": "div", "pow": "pow"}
UNARY = {"neg": "neg", "abs": "abs"}
ASKING = {
    "eq": "==",
    "ne": "!=",
    "lt": "<",
    "le": "<=",
    "gt": ">",
    "ge": ">=",
    "bool": "if, and, or, not",
    "float": "float() or a function of math",
    "int": "int()",
}
"""Special methods that tell something of a number's value, and how a rule calls them."""

_following: ContextVar[bool] = ContextVar("mgcore.following", default=False)


def with_operators(kind: type[T]) -> type[T]:
    """Give the class `kind` the arithmetic operators, plain and reflected, and ops as methods.

    Args:
        kind: a class with a static ``__mgcore_apply__(op, operands)``. Numbers that know their
            value define comparisons and conversions of their own; of all others these are refused,
            with the error ``kind.__mgcore_undecided__`` (NotGenericError if it has none).

    Returns:
        The same class.

    """
    for special, name in BINARY.items():
        setattr(kind, f"__{special}__", _binary(name))
        setattr(kind, f"__r{special}__", _reflected(name))
    for special, name in UNARY.items():
        setattr(kind, f"__{special}__", _unary(name))
    own = {*vars(kind)} | ({"__ne__"} if "__eq__" in vars(kind) else set())  # != is not ==
    for special in ASKING:
        if f"__{special}__" not in own:
            setattr(kind, f"__{special}__", _refused(special))
    setattr(kind, "__pos__", lambda x: x)  # noqa: B010 - a class object has no such attribute
    setattr(kind, "__getattr__", _method)  # noqa: B010 - as above
    return kind


def refuse(what: str, error: type[Exception] = NotGenericError) -> NoReturn:
    """Raise the error for a rule that asks a number that is followed for its value.

    Args:
        what: how it asks, in Python's words.
        error: the class to raise.

    """
    raise error(
        f"a rule asks its operand for its value ({what}), which is not known where the rule is "
        "followed; a rule that can be followed uses the ops gt, lt, ge, le, maximum, minimum and "
        "select instead"
    )


@contextmanager
def rules_on_values() -> Iterator[None]:
    """Run rules on Values: inside, ``==``, ``!=`` and truth of a Value are refused as well."""
    token = _following.set(True)
    try:
        yield
    finally:
        _following.reset(token)


def asked_in_a_rule(what: str) -> None:
    """Raise if a rule is being run on Values."""
    if _following.get():
        refuse(what)


def _refused(special: str) -> Any:
    def asked(x: Any, *_: object) -> NoReturn:
        refuse(ASKING[special], getattr(type(x), "__mgcore_undecided__", NotGenericError))

    return asked


def _binary(name: str) -> Any:
    return lambda x, y: getattr(ops, name)(x, y)


def _reflected(name: str) -> Any:
    return lambda y, x: getattr(ops, name)(x, y)


def _unary(name: str) -> Any:
    return lambda x: getattr(ops, name)(x)


def _method(x: Any, name: str) -> Any:
    # Reached only for what is no attribute, as in Value. What a Value has besides is no op's name.
    if name.startswith("_") or name in RESERVED_NAMES:
        raise AttributeError(f"{type(x).__name__} has no attribute {name!r}")
    return MethodType(getattr(ops, name), x)

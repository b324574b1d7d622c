"""Give a number type of one's own the operators and methods, each through the op of its name.

A type with ``__mgcore_apply__`` takes over whenever an op is applied to it; with `with_operators`
the rules of all ops run on it, since ``x * y`` in a rule becomes ``ops.mul(x, y)``, and ``x.exp()``
becomes ``ops.exp(x)``.
"""

from types import MethodType
from typing import Any, TypeVar

from mgcore import ops

__all__ = ["with_operators"]

T = TypeVar("T")

BINARY = {"add": "add", "sub": "sub", "mul": "mul", "truediv": "div", "pow": "pow"}
UNARY = {"neg": "neg", "abs": "abs"}


def with_operators(kind: type[T]) -> type[T]:
    """Give the class `kind` the arithmetic operators, plain and reflected, and ops as methods.

    Args:
        kind: a class with a static ``__mgcore_apply__(op, operands)``.

    Returns:
        The same class.

    """
    for special, name in BINARY.items():
        setattr(kind, f"__{special}__", _binary(name))
        setattr(kind, f"__r{special}__", _reflected(name))
    for special, name in UNARY.items():
        setattr(kind, f"__{special}__", _unary(name))
    setattr(kind, "__pos__", lambda x: x)  # noqa: B010 - a class object has no such attribute
    setattr(kind, "__getattr__", _method)  # noqa: B010 - as above
    return kind


def _binary(name: str) -> Any:
    return lambda x, y: getattr(ops, name)(x, y)


def _reflected(name: str) -> Any:
    return lambda y, x: getattr(ops, name)(x, y)


def _unary(name: str) -> Any:
    return lambda x: getattr(ops, name)(x)


def _method(x: Any, name: str) -> Any:
    # Reached only for what is no attribute, as in Value.
    if name.startswith("_"):
        raise AttributeError(f"{type(x).__name__} has no attribute {name!r}")
    return MethodType(getattr(ops, name), x)

"""See what a rule holds from outside of itself, and whether it changes."""

import inspect
import types
from collections.abc import Callable, Iterator
from typing import Any

from mgcore.op import Op

__all__ = ["outside_state"]

_DEPTH = 4
_FIXED = (types.ModuleType, types.BuiltinFunctionType, type, Op)


def outside_state(rule: Callable[..., Any]) -> dict[str, tuple[object, str]]:
    """Return the variables that a rule reaches outside of its arguments.

    Args:
        rule: a function, a method, or an object with ``__call__``.

    Returns:
        For each variable (a captured name, a global, a default, an attribute) a fingerprint that
        changes when the variable or what it holds changes, and a text to show. Modules, classes
        and ops are left out; functions of the same package are followed, cached ones as well.

    """
    found: dict[str, tuple[object, str]] = {}
    _collect(rule, found, set())
    return found


def _collect(rule: Any, found: dict[str, tuple[object, str]], seen: set[int]) -> None:
    if id(rule) in seen:
        return
    seen.add(id(rule))
    for name, value in _variables(rule):
        if isinstance(value, _FIXED):
            continue
        # A cache (functools.cache) remembers what a function gives, which changes nothing.
        value = inspect.unwrap(value) if callable(value) else value
        if isinstance(value, types.FunctionType):
            if _package(value) == _package(rule):
                _collect(value, found, seen)
            continue
        found[name] = (_fingerprint(value, _DEPTH), _shown(value))


def _variables(rule: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(rule, types.MethodType):
        yield f"self of {rule.__name__}", rule.__self__
        yield from _variables(rule.__func__)
        return
    if not isinstance(rule, types.FunctionType):
        if getattr(rule, "__dict__", None):
            yield f"the object {type(rule).__name__}", rule.__dict__
        called = type(rule).__dict__.get("__call__")
        if isinstance(called, types.FunctionType):
            yield from _variables(called)
        return
    captured = inspect.getclosurevars(rule)
    yield from captured.nonlocals.items()
    for name in sorted(_global_names(rule.__code__)):
        if name in rule.__globals__:
            yield name, rule.__globals__[name]
    for i, value in enumerate(rule.__defaults__ or ()):
        yield f"default {i}", value
    yield from (rule.__kwdefaults__ or {}).items()
    yield from vars(rule).items()


def _global_names(code: types.CodeType) -> set[str]:
    names = set(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            names |= _global_names(constant)
    return names


def _fingerprint(value: Any, depth: int) -> object:
    """Return something comparable that tells whether `value` is as it was."""
    if value is None or isinstance(value, (int, float, complex, str, bytes)):
        return (type(value).__name__, repr(value))
    if depth == 0 or isinstance(value, _FIXED):
        return id(value)
    if isinstance(value, dict):
        return (
            "dict",
            tuple((_fingerprint(k, 1), _fingerprint(v, depth - 1)) for k, v in value.items()),
        )
    if isinstance(value, (list, tuple)):
        return (type(value).__name__, tuple(_fingerprint(x, depth - 1) for x in value))
    if isinstance(value, (set, frozenset)):
        return ("set", len(value), frozenset(map(repr, value)))
    if hasattr(value, "tobytes"):
        return ("buffer", value.tobytes())
    if hasattr(value, "__dict__"):
        return (id(value), _fingerprint(vars(value), depth - 1))
    if hasattr(value, "__len__"):
        return (id(value), len(value), repr(value))
    return (id(value), repr(value))


def _shown(value: Any, width: int = 60) -> str:
    text = repr(value)
    return text if len(text) <= width else text[: width - 3] + "..."


def _package(rule: Any) -> str:
    return str(getattr(rule, "__module__", "")).partition(".")[0]

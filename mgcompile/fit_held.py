"""Find what a model and a loss hold: in attributes, containers, closures and globals."""

from __future__ import annotations

import sys
from types import CodeType, FunctionType, ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np

from mgcore import Value

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["cells", "functions", "globals_named", "held_by"]

_MOST_OBJECTS = 10_000
"""Objects that are looked through."""

_LIBRARIES = {*sys.stdlib_module_names, "numpy", "mgcore", "mgnn", "mgcompile"} - {"__main__"}
"""Modules with state of their own, which is nobody's model."""

_HOLD_NOTHING = (Value, float, int, str, bytes, np.ndarray, type, ModuleType, CodeType)


def held_by(users: tuple[Any, ...]) -> Iterator[Any]:
    """Yield the users and all objects that they reach, each once, up to a limit."""
    waiting, seen = list(users), dict[int, Any]()
    while waiting and len(seen) < _MOST_OBJECTS:
        each = waiting.pop()
        if id(each) in seen:
            continue
        seen[id(each)] = each  # kept, so that no other object gets its place
        yield each
        waiting += [x for x in _held(each) if not isinstance(x, _HOLD_NOTHING)]


def _held(each: Any) -> list[Any]:
    if isinstance(each, list | tuple):
        return list(each)
    if isinstance(each, dict):
        return list(each.values())
    held = [*getattr(each, "__dict__", {}).values(), getattr(each, "__self__", None)]
    for function in functions(each):
        held += [cell.cell_contents for _, cell in cells(function)]
        held += [function.__globals__[name] for name in globals_named(function)]
    return held


def functions(each: Any) -> list[FunctionType]:
    """Return the functions of Python's that run when an object is called, but for libraries'."""
    called = (vars(base).get("__call__") for base in type(each).__mro__)
    found = (each, getattr(each, "__func__", None), *called)
    return [f for f in found if isinstance(f, FunctionType) and not _is_library(f)]


def _is_library(function: FunctionType) -> bool:
    return str(function.__module__).partition(".")[0] in _LIBRARIES


def cells(function: FunctionType) -> list[tuple[str, Any]]:
    """Return the variables around a function that it reads, and the cells that hold them."""
    around = zip(function.__code__.co_freevars, function.__closure__ or (), strict=False)
    return [(name, cell) for name, cell in around if _is_full(cell)]


def globals_named(function: FunctionType) -> list[str]:
    """Return the globals that a function reads."""
    return [name for name in function.__code__.co_names if name in function.__globals__]


def _is_full(cell: Any) -> bool:
    try:
        cell.cell_contents  # noqa: B018 - an empty cell raises
    except ValueError:
        return False
    return True

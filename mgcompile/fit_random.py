"""Notice random numbers that are drawn while a model is recorded, and give generators back."""

from __future__ import annotations

import pickle
import random
from contextlib import contextmanager
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np

from mgcompile.errors import RecordingError
from mgcore import Value

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["DrawnError", "random_state_kept"]

_MOST_OBJECTS = 10_000
"""Objects among which generators are looked for."""

_HOLD_NOTHING = (Value, float, int, str, bytes, np.ndarray, type, ModuleType)

_GENERATORS = (np.random.Generator, np.random.RandomState, random.Random)


class DrawnError(RecordingError):
    """Random numbers were drawn while a sample was recorded, by the model or in another thread."""


@contextmanager
def random_state_kept(*users: Any) -> Iterator[None]:
    """Give generators back as they were; refuse if they were drawn from.

    So the recordings change nothing for those who train eagerly afterwards. The generators are
    those of `random` and NumPy, and those that the users hold or their functions name.
    """
    generators = _generators(users)
    python, numpys = random.getstate(), np.random.get_state(legacy=False)
    own = [pickle.dumps(generator) for generator in generators]
    before, cause = pickle.dumps(numpys), None
    try:
        yield
    except RecordingError as error:
        cause = error
    finally:
        now = random.getstate(), pickle.dumps(np.random.get_state(legacy=False))
        drawn = now != (python, before) or own != [pickle.dumps(g) for g in generators]
        random.setstate(python)
        np.random.set_state(numpys)
        for generator, state in zip(generators, own, strict=True):
            _put_back(generator, pickle.loads(state))  # noqa: S301 - what was just written
    if drawn:
        message = (
            "the model or its loss draws random numbers while it is recorded, which would stand in "
            "the compiled program as constants"
        )
        raise DrawnError(message) from cause
    if cause is not None:
        raise cause


def _put_back(generator: Any, before: Any) -> None:
    if isinstance(generator, np.random.Generator):
        generator.bit_generator.state = before.bit_generator.state
    elif isinstance(generator, np.random.RandomState):
        generator.set_state(before.get_state(legacy=False))
    else:
        generator.setstate(before.getstate())


def _generators(users: tuple[Any, ...]) -> list[Any]:
    """Return the generators that users hold, in attributes, containers, closures and globals."""
    found: list[Any] = []
    waiting, seen = list(users), set[int]()
    while waiting and len(seen) < _MOST_OBJECTS:
        each = waiting.pop()
        if id(each) in seen:
            continue
        seen.add(id(each))
        if isinstance(each, _GENERATORS):
            if not isinstance(each, random.SystemRandom):  # which has no state
                found.append(each)
            continue
        waiting += [x for x in _held(each) if not isinstance(x, _HOLD_NOTHING)]
    return found


def _held(each: Any) -> list[Any]:
    if isinstance(each, list | tuple):
        return list(each)
    if isinstance(each, dict):
        return list(each.values())
    held = [*getattr(each, "__dict__", {}).values(), getattr(each, "__self__", None)]
    called = (vars(base).get("__call__") for base in type(each).__mro__)
    for function in (each, getattr(each, "__func__", None), *called):
        held += _named(function)
    return held


def _named(function: Any) -> list[Any]:
    """Return what a function of Python's reads from outside."""
    code = getattr(function, "__code__", None)
    if code is None:
        return []
    cells = [cell.cell_contents for cell in function.__closure__ or () if _is_full(cell)]
    names: Callable[[str], Any] = function.__globals__.get
    return cells + [names(name) for name in code.co_names if name in function.__globals__]


def _is_full(cell: Any) -> bool:
    try:
        cell.cell_contents  # noqa: B018 - an empty cell raises
    except ValueError:
        return False
    return True

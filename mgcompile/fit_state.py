"""Notice numbers that a model or a loss changes while it is recorded, and give them back.

A model that counts its calls, and computes by the count, is another function at every call.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from mgcompile.errors import RecordingError
from mgcompile.fit_held import cells, functions, globals_named, held_by

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["numbers_kept"]

_PLAIN = (bool, int, float, str, type(None), np.generic)
_WATCHED = (*_PLAIN, np.ndarray)
_MOST_IN_ARRAY = 100_000
"""Numbers up to which an array is compared."""


@attrs.frozen(eq=False)
class _Place:
    """Where a number is held: how it is called, read and put back."""

    name: str
    holder: Any
    key: Any

    def read(self) -> Any:
        """Return what is there, an array as a copy; `_NOTHING` if it is gone or no number."""
        try:
            there = self.holder[self.key] if self.key is not None else self.holder.cell_contents
        except (KeyError, IndexError, ValueError):
            return _NOTHING
        if isinstance(there, np.ndarray):
            small = there.size <= _MOST_IN_ARRAY and there.dtype.kind in "biuf"
            return there.copy() if small else _NOTHING
        return there if isinstance(there, _PLAIN) else _NOTHING

    def put_back(self, number: Any) -> None:
        """Make it what it was."""
        if isinstance(number, np.ndarray):
            self.holder[self.key][...] = number
        elif self.key is None:
            self.holder.cell_contents = number
        elif number is _NOTHING:
            del self.holder[self.key]
        else:
            self.holder[self.key] = number


_NOTHING = object()


@contextmanager
def numbers_kept(*users: Any) -> Iterator[Callable[[], None]]:
    """Give numbers back as they were; refuse if they go on changing.

    Yields a function that is called after the first recording: what is set then, once and for
    all, is no state.

    Raises:
        RecordingError: naming a number that later recordings changed.
    """
    holders = list(held_by(users))
    before = {_key(place): (place, place.read()) for place in _places(holders)}
    middle: list[tuple[_Place, Any]] = []
    changed: list[str] = []
    try:
        yield lambda: middle.extend((place, place.read()) for place in _places(holders))
    finally:
        changed += [place.name for place, number in middle if not _same(place.read(), number)]
        if changed:
            _put_back(holders, before)
    if changed:
        message = (
            f"the model or its loss changes {changed[0]} while it is recorded, so another sample "
            "may be computed by another function than the one that was recorded"
        )
        raise RecordingError(message)


def _put_back(holders: list[Any], before: dict[tuple[int, Any], tuple[_Place, Any]]) -> None:
    for place in _places(holders):
        _, number = before.get(_key(place), (place, _NOTHING))
        if not _same(place.read(), number):
            place.put_back(number)


def _places(holders: list[Any]) -> Iterator[_Place]:
    for each in holders:
        if isinstance(each, list):
            if any(issubclass(kind, _WATCHED) for kind in set(map(type, each))):
                yield from (_Place("an element of a list", each, k) for k in range(len(each)))
        elif isinstance(each, dict):
            yield from (_Place(f"an element {key!r}", each, key) for key in list(each))
        else:
            kind = type(each).__name__
            own = getattr(each, "__dict__", {})
            if isinstance(own, dict):
                yield from (_Place(f"{kind}.{key}", own, key) for key in list(own))
            for function in functions(each):
                yield from (_Place(name, cell, None) for name, cell in cells(function))
                names = globals_named(function)
                yield from (_Place(name, function.__globals__, name) for name in names)


def _key(place: _Place) -> tuple[int, Any]:
    return id(place.holder), place.key


def _same(first: Any, second: Any) -> bool:
    if first is second:
        return True
    if isinstance(first, np.ndarray) or isinstance(second, np.ndarray):
        return type(first) is type(second) and np.array_equal(first, second, equal_nan=True)
    return type(first) is type(second) and (first == second or first != first)

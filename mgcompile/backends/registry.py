"""Find backends: the entry points of the group `mgcore.backends`."""

from __future__ import annotations

from difflib import get_close_matches
from functools import cache
from typing import TYPE_CHECKING, Any

from mgcompile.errors import BackendNotFoundError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from importlib_metadata import EntryPoint

    from mgcompile.backends.interface import Backend

__all__ = ["GROUP", "find_backend"]

GROUP = "mgcore.backends"


def find_backend(backend: str | Backend) -> Backend:
    """Return a backend by its name, importing it; a backend itself passes through.

    Raises:
        BackendNotFoundError: if there is none of that name, it does not load, or it runs no
            programs.
    """
    if not isinstance(backend, str):
        return _checked(backend, repr(backend))
    points = _points()
    if backend not in points:  # installed meanwhile, perhaps
        _points.cache_clear()
        points = _points()
    if backend not in points:
        near = get_close_matches(backend, points, n=3) or sorted(points)
        message = f"no backend is called {backend!r}; there are {', '.join(near)}"
        raise BackendNotFoundError(message)
    try:
        found = points[backend].load()
    except Exception as error:
        message = (
            f"the backend {backend!r} ({points[backend].value}) could not be loaded: "
            f'{type(error).__name__}: {error}. Install its extra (pip install "mgcore[compile]"), '
            'or take backend="numpy"'
        )
        raise BackendNotFoundError(message) from error
    return _checked(found, repr(backend))


@cache
def _points() -> Mapping[str, EntryPoint]:
    """Return the entry points by name: found once, as that reads the metadata of all packages."""
    from importlib_metadata import entry_points

    return {point.name: point for point in entry_points(group=GROUP)}


def _checked(backend: Any, name: str) -> Backend:
    if not (hasattr(backend, "build") and hasattr(backend, "build_trainer")):
        message = (
            f"the backend {name} runs no programs (it has no build and build_trainer); "
            'take backend="llvm" or "numpy"'
        )
        raise BackendNotFoundError(message)
    return backend  # type: ignore[no-any-return] # told apart by its methods

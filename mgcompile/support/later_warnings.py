"""Warn here and now, or in the background note a warning for when its work is taken over.

Python's filters for warnings are the process's own: a thread that warned would be heard, or be an
error, wherever the others happen to be.
"""

from __future__ import annotations

import warnings
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    Noted = list[tuple[str, type[Warning]]]

__all__ = ["noted", "warn"]

_notes: ContextVar[Noted | None] = ContextVar("notes", default=None)


def warn(message: str, category: type[Warning], stacklevel: int) -> None:
    """Warn the caller's caller, as `warnings.warn` does, or note it (see `noted`)."""
    notes = _notes.get()
    if notes is None:
        warnings.warn(message, category, stacklevel=stacklevel + 1)
    else:
        notes.append((message, category))


@contextmanager
def noted() -> Iterator[Noted]:
    """Note warnings meanwhile, and give those that there were."""
    notes: Noted = []
    token = _notes.set(notes)
    try:
        yield notes
    finally:
        _notes.reset(token)

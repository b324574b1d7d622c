"""Threads that run code beside the one that calls a kernel, and wait a while for more of it.

A thread that has to be created begins a quarter of a millisecond later, one that waits, much
sooner. All kernels of a process share those that wait. One that waits in vain ends, so that none is
left where kernels are no longer called; and the interpreter ends without waiting for any.
"""

from __future__ import annotations

import functools
import queue
import threading
from collections import deque
from contextvars import copy_context
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextvars import Context

    Job = tuple[Context, Callable[[], object], object]

__all__ = ["Helper", "called"]

_SECONDS = 1.0
"""How long a thread waits for more to do."""


class Helper:
    """A thread that does what it is told, one thing after the other.

    Raises:
        RuntimeError: if no thread can begin, as while the interpreter ends.
    """

    def __init__(self) -> None:
        self._jobs: queue.SimpleQueue[tuple[Context, Callable[[], object], object]] = (
            queue.SimpleQueue()
        )
        self._thread = threading.Thread(target=self._work, name="mgcompile helper", daemon=True)
        self._thread.start()

    @property
    def lives(self) -> bool:
        """Whether it is there: in the child of a fork it is not."""
        return self._thread.is_alive()

    def do(self, job: Callable[[], object], keep: object = None) -> None:
        """Have something done, in a copy of this context; `keep` lives until it is.

        What is done may raise nothing.
        """
        self._jobs.put((copy_context(), job, keep))

    def _work(self) -> None:
        while True:
            try:
                context, job, keep = self._jobs.get(timeout=_SECONDS)
            except queue.Empty:
                try:
                    _idle().remove(self)
                except ValueError:  # it was called upon just now
                    continue
                return
            context.run(job)
            del context, job, keep
            _idle().append(self)


@functools.cache
def _idle() -> deque[Helper]:
    """Return those that have nothing to do. Its operations are atomic."""
    return deque()


def called(count: int) -> list[Helper]:
    """Return so many helpers that have nothing to do; fewer where no more threads can begin."""
    found: list[Helper] = []
    while len(found) < count:
        try:
            helper: Any = _idle().pop()
        except IndexError:
            try:
                helper = Helper()
            except RuntimeError:
                break
        if helper.lives:
            found.append(helper)
    return found

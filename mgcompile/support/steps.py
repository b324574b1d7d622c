"""One thread that does a kernel's work in the background, step by step.

A step is what `times.timed` is put around: a pass, writing code, LLVM at work, a check. Between two
of them the thread can be held or stopped, and nothing is half done that others share:

- It is held while a quick form is built, which somebody waits for.
- `os.fork` waits until it stands between two steps, so that no child inherits a lock of LLVM's that
  nobody will release. The thread itself does not live on in the child; its jobs are `StoppedError`.
- At exit the interpreter waits for the step at hand alone: LLVM must not run while it is unloaded.
- A kernel that is collected stops its thread.
"""

from __future__ import annotations

import atexit
import functools
import os
import threading
import weakref
from collections import deque
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from typing import TYPE_CHECKING, Any

import attrs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["Job", "StoppedError", "Worker", "between_steps", "in_background"]

_worker: ContextVar[Worker | None] = ContextVar("worker", default=None)


class StoppedError(BaseException):
    """A job ended before it was done. Nothing but whoever waits for it may catch this."""


@attrs.define(slots=True, eq=False)
class Job:
    """What a worker has to do, and how it came out.

    Args:
        run: What is to be done.
    """

    run: Callable[[], Any] | None
    _done: threading.Event = attrs.field(init=False, factory=threading.Event)
    _found: Any = attrs.field(init=False, default=None)
    _error: BaseException | None = attrs.field(init=False, default=None)

    def finish(self, found: Any = None, error: BaseException | None = None) -> None:
        """Say how it came out; what it held to do it is let go."""
        self.run, self._found, self._error = None, found, error
        self._done.set()

    def wait(self) -> Any:
        """Return what came out.

        Raises:
            StoppedError: if it was not done.
            BaseException: What the job raised.
        """
        self._done.wait()
        if self._error is not None:
            raise self._error
        return self._found


class Worker:
    """Do jobs one after the other in a thread that lives as long as there are any.

    Args:
        lost: Called in the child of a fork that the thread does not live on in.
    """

    def __init__(self, lost: Callable[[], None]) -> None:
        self._lost = lost
        self._turn = threading.Condition(threading.Lock())
        self._jobs: deque[Job] = deque()
        self._thread: threading.Thread | None = None
        self._held, self._stands, self._stopped = 0, False, False

    def submit(self, run: Callable[[], Any]) -> Job:
        """Have something done, in a copy of this context."""
        context = copy_context()
        job = Job(lambda: context.run(self._as_worker, run))
        with self._turn:
            self._jobs.append(job)
            if self._thread is None and not self._stopped:
                thread = threading.Thread(target=self._work, name="mgcompile", daemon=True)
                try:
                    thread.start()
                except RuntimeError:  # no thread begins while the interpreter ends
                    self._stopped = True
                else:
                    self._thread = thread
                    _alive().add(self)
            if self._stopped:
                self._give_up()
        return job

    def _as_worker(self, run: Callable[[], Any]) -> Any:
        _worker.set(self)
        return run()

    def _work(self) -> None:
        while True:
            with self._turn:
                self._wait_while_held()
                if self._stopped:
                    self._give_up()
                if not self._jobs:
                    self._thread = None
                    self._turn.notify_all()
                    return
                job = self._jobs[0]
            found, error = None, None
            try:
                found = job.run() if job.run is not None else None
            except BaseException as raised:  # it is raised where the job is waited for
                error = raised
            with self._turn:
                self._jobs.popleft()
                job.finish(found, error)
            del job, found, error

    def _give_up(self) -> None:
        while self._jobs:
            self._jobs.popleft().finish(error=StoppedError())

    def _wait_while_held(self) -> None:
        while self._held and not self._stopped:
            self._stands = True
            self._turn.notify_all()
            self._turn.wait(_LOOK)
        self._stands = False

    def between_steps(self) -> None:
        """Stand still here while the worker is held.

        Raises:
            StoppedError: if it is to stop.
        """
        if self._held:
            with self._turn:
                self._wait_while_held()
        if self._stopped:
            raise StoppedError

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the thread at its next step; this does not wait until it is there."""
        with self._turn:
            self._held += 1
        try:
            yield
        finally:
            with self._turn:
                self._held -= 1
                self._turn.notify_all()

    def stop(self) -> None:
        """Let the thread end at its next step. It takes no lock: the collector may call it."""
        self._stopped = True

    def end(self) -> None:
        """Stop, and wait until the thread has ended."""
        self.stop()
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join()

    def before_fork(self) -> None:
        """Hold the thread, and wait until it stands; keep the lock."""
        self._turn.acquire()
        if threading.current_thread() is self._thread:
            return
        self._held += 1
        while self._thread is not None and not self._stands:
            self._turn.wait(_LOOK)

    def after_fork(self, *, child: bool) -> None:
        """Let the thread go on; a child has none."""
        if threading.current_thread() is not self._thread:
            self._held -= 1
        if child:
            self._thread, self._stands = None, False
            self._give_up()
            self._lost()
        self._turn.notify_all()
        self._turn.release()


_LOOK = 1.0
"""Seconds after which somebody who waits looks again: `stop` wakes nobody."""


@functools.cache
def _alive() -> weakref.WeakSet[Worker]:
    """Return the workers that have had a thread; from the first on, forks and exits mind them."""
    workers: weakref.WeakSet[Worker] = weakref.WeakSet()
    forking: list[Worker] = []

    def before() -> None:
        forking[:] = workers
        for worker in forking:
            worker.before_fork()

    def after(*, child: bool) -> None:
        for worker in forking:
            worker.after_fork(child=child)
        forking.clear()

    def ended() -> None:
        for worker in list(workers):
            worker.stop()
        for worker in list(workers):
            worker.end()

    if hasattr(os, "register_at_fork"):
        os.register_at_fork(
            before=before,
            after_in_parent=functools.partial(after, child=False),
            after_in_child=functools.partial(after, child=True),
        )
    atexit.register(ended)
    return workers


def in_background() -> bool:
    """Tell whether this is a worker's thread."""
    return _worker.get() is not None


def between_steps() -> None:
    """Hold or stop here, in a worker's thread; elsewhere nothing is done."""
    worker = _worker.get()
    if worker is not None:
        worker.between_steps()

"""Run a kernel's programs in a quick form first, while machine code is made in the background.

Which call is the first in machine code follows from the calls alone, never from a clock: from what
they cost by an estimate, or from how many there were. It waits for the code if that is not there
yet. So a script has the same bits on every run.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import attrs

from mgcompile.backends.callbacks import users_level
from mgcompile.runtime.few_or_many import FewOrMany
from mgcompile.support.later_warnings import noted, warn
from mgcompile.support.steps import StoppedError, Worker

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from mgcompile.backends.interface import Executable
    from mgcompile.runtime.compiled_programs import Built
    from mgcompile.runtime.proof import Proof
    from mgcompile.runtime.quick_form import QuickForm
    from mgcompile.support.steps import Job
    from mgcompile.verification.report import Check

    Floats = NDArray[Any]

__all__ = ["Early", "Pending"]


@attrs.frozen(slots=True)
class _Done:
    """What the background made of one program, and what it has to say of it."""

    run: Executable
    checks: tuple[Check, ...]
    warnings: tuple[tuple[str, type[Warning]], ...]


class Early:
    """The programs of one kernel that still run in their quick form.

    Args:
        form: The quick form.
        quick: Its programs.
        full: Those in machine code.
        calls: How many calls of each program are quick; None: as long as compiling takes.
    """

    def __init__(self, form: QuickForm, quick: Built, full: Built, calls: int | None) -> None:
        self.form = form
        self.quick = quick
        self.full = full
        self.calls = calls
        self.worker = Worker(full.renew)
        self._lock = threading.Lock()
        self.closed = False
        self._pending: dict[tuple[str, int], Pending | None] = {}

    @property
    def proof(self) -> Proof | None:
        """What checks the quick form."""
        return self.quick.proof

    def executable(self, kind: str, output: int) -> Pending | None:
        """Return what runs a program for now; None where it runs in machine code already."""
        key = kind, output
        with self._lock:
            if key not in self._pending:
                self._pending[key] = None if self.closed else Pending(self, kind, output)
            return self._pending[key]

    def settle(self, kind: str, output: int) -> None:
        """Let a program run in machine code from now on."""
        with self._lock:
            self._pending[kind, output] = None

    def wait(self) -> None:
        """Let all programs run in machine code from now on, once it is there.

        Raises:
            CompileError: What the background met with, the first of it.
        """
        with self._lock:
            self.closed = True
            waiting = [each for each in self._pending.values() if each is not None]
        errors = []
        for each in waiting:
            try:
                each.native()
            except Exception as error:  # the others are waited for first
                errors.append(error)
        if errors:
            raise errors[0]

    def submit(self, kind: str, output: int, count: int) -> Job:
        """Have the machine code of a program made, in the form for so many samples."""
        full = self.full

        def build() -> _Done:
            with noted() as warnings, _checks_of(full.proof) as checks:
                run = full.executable(kind, output, final=True)
                if isinstance(run, FewOrMany):
                    _ = run.few if 0 < count <= run.most else run.many
            return _Done(run, tuple(checks), tuple(warnings))

        return self.worker.submit(build)


@contextmanager
def _checks_of(proof: Proof | None) -> Iterator[list[Check]]:
    """Give the checks that a proof does meanwhile, in this context, and leave them out of it."""
    if proof is None:
        yield []
        return
    with proof.aside() as checks:
        yield checks


class Pending:
    """An executable (see `mgcompile.backends.interface.Executable`): quick first, then native.

    Args:
        early: What it is of.
        kind: Of the program (see `mgcompile.runtime.compiled_programs.Built.derived`).
        output: Which output a gradient to inputs is of.
    """

    settled = False
    """Nobody keeps its shortcut, which it has none of: it is asked for when calls are native."""

    def __init__(self, early: Early, kind: str, output: int) -> None:
        self.early, self.kind, self.output = early, kind, output
        self._lock = threading.RLock()  # a rule that is called back may ask for more
        self._left: float = early.form.budget(kind) if early.calls is None else early.calls
        self._quick: Executable | None = None
        self._native: Executable | None = None
        self._job: Job | None = None

    def __call__(self, inputs: Any, count: int, params: Floats) -> tuple[Floats, ...]:
        """Run the program once over all samples."""
        if self._native is not None:
            return self._native(inputs, count, params)
        quick = self._quick_for(count)
        if quick is None:
            return self.native()(inputs, count, params)
        try:
            return quick(inputs, count, params)
        finally:  # the background begins once somebody has a result
            self._begin(count)

    def _quick_for(self, count: int) -> Executable | None:
        """Return the quick form, and count the call; None where that is over."""
        early = self.early
        with self._lock:
            if self._native is not None or early.closed:
                return None
            one = early.form.seconds(self.kind, count) if early.calls is None else 1
            if one > self._left:
                self._left = 0.0
                return None
            if self._quick is None:
                with early.worker.held():
                    self._quick = early.quick.checked(self.kind, self.output)
            self._left -= one
            return self._quick

    def _begin(self, count: int) -> None:
        with self._lock:
            if self._job is None and self._native is None:
                self._job = self.early.submit(self.kind, self.output, count)

    def native(self) -> Executable:
        """Return the program in machine code, which it is from now on; wait for it."""
        with self._lock:
            if self._native is None:
                self._native = self._awaited()
                self.early.settle(self.kind, self.output)
            return self._native

    def _awaited(self) -> Executable:
        full = self.early.full
        if self._job is not None:
            try:
                done: _Done = self._job.wait()
            except StoppedError:  # a fork, or the end of the interpreter
                pass
            else:
                if full.proof is not None:
                    full.proof.add(done.checks)
                for message, category in done.warnings:
                    warn(message, category, stacklevel=users_level())
                return done.run
        return full.executable(self.kind, self.output, final=True)

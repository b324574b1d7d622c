"""Call rules with plain numbers from inside a running program, and surface what they raise.

A program at work has no place for an exception: the rule's result is NaN there, what it raised is
noted, and surfaces as soon as the program has run.
"""

from __future__ import annotations

import math
import sys
import warnings
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

import attrs

from mgcompile.errors import PythonCallbackWarning, UndefinedResultWarning
from mgcompile.support.later_warnings import warn
from mgcore import raise_nonfinite
from mgcore.errors import DomainError, RangeError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from mgcompile.backends.interface import Executable, TrainCall, Trainer
    from mgcore import Op

__all__ = [
    "Failures",
    "WatchedExecutable",
    "WatchedTrainer",
    "muted",
    "number",
    "told_once",
    "users_level",
    "warn_of_callback",
    "watched",
]


@attrs.define(slots=True, eq=False)
class Failures:
    """What rules raised in one run: that a number is undefined, or anything else."""

    undefined: dict[str, str] = attrs.field(factory=dict)
    fatal: BaseException | None = None


_failures: ContextVar[Failures | None] = ContextVar("failures", default=None)
_muted: ContextVar[bool] = ContextVar("muted", default=False)
_told: ContextVar[set[str] | None] = ContextVar("told", default=None)


def number(op: Op, operands: Sequence[float]) -> float:
    """Return what an op's rule gives for plain numbers.

    Where the rule has no value or fails, the result is NaN. Within `watched` that is noted: it
    surfaces at the end.
    """
    failures = _failures.get()
    if failures is not None and failures.fatal is not None:
        return math.nan  # the run is lost
    try:
        out = float(op(*operands))
        if not math.isnan(out) or failures is None or any(map(math.isnan, operands)):
            return out
        with raise_nonfinite():  # again, for what the rule says of it
            op(*operands)
    except (DomainError, RangeError) as error:
        if failures is not None:
            failures.undefined.setdefault(op.name, str(error))
    except BaseException as error:  # also Ctrl-C, which may arrive while a rule runs
        if failures is None:
            raise
        failures.fatal = error
    return math.nan


@contextmanager
def watched() -> Iterator[Failures]:
    """Surface what rules raise meanwhile: a warning where they have no value, else an error.

    Threads that take part have to be started with a copy of this thread's context.
    """
    failures = Failures()
    token = _failures.set(failures)
    try:
        yield failures
    finally:
        _failures.reset(token)
    if failures.fatal is not None:
        raise failures.fatal
    if _muted.get():
        return
    for name, text in failures.undefined.items():
        message = f"the rule of op {name} has no value for some operands: {text}. NaN stands there"
        warnings.warn(message, UndefinedResultWarning, stacklevel=users_level())


@contextmanager
def muted() -> Iterator[None]:
    """Say nothing of rules that have no value somewhere: nobody asked for that point."""
    token = _muted.set(True)
    try:
        yield
    finally:
        _muted.reset(token)


@contextmanager
def told_once(told: set[str]) -> Iterator[None]:
    """Keep the warnings that `told` has already, and add to it those that come."""
    token = _told.set(told)
    try:
        yield
    finally:
        _told.reset(token)


def warn_of_callback(op: Op, cause: Exception) -> None:
    """Warn that an op's rule is called back, and say how to make it fast.

    Args:
        op: The op.
        cause: Why it gives no machine code.
    """
    told = _told.get()
    if told is not None:
        if op.name in told:
            return
        told.add(op.name)
    text = str(cause).splitlines()[0] if str(cause) else type(cause).__name__
    message = (
        f"the rule of op {op.name} calls Python for every sample, which is slow: it does not run "
        f"on symbols ({text}). Write it with operators and mgcore.ops, or with functions of "
        "scipy.special, which have machine code, and the kernel is native throughout"
    )
    warn(message, PythonCallbackWarning, stacklevel=users_level())


def users_level() -> int:
    """Return the `stacklevel` of the nearest code outside of the compiler, for our caller."""
    frame, level = sys._getframe(1), 1  # noqa: SLF001 - the documented way to a caller's line
    while frame.f_back is not None:
        module = str(frame.f_globals.get("__name__", "")).partition(".")[0]
        if module not in {"mgcompile", "contextlib"}:
            break
        frame, level = frame.f_back, level + 1
    return level


@attrs.frozen(slots=True, eq=False)
class WatchedExecutable:
    """An executable that calls rules back: what they raise surfaces after each call."""

    inner: Executable

    @property
    def calls_back(self) -> bool:
        """Tell that rules run in Python meanwhile."""
        return True

    def __call__(self, inputs: Any, count: int, params: NDArray[Any]) -> tuple[NDArray[Any], ...]:
        """Run the program once over all samples (see `mgcompile.backends.interface.Executable`)."""
        with watched():
            return self.inner(inputs, count, params)


@attrs.frozen(slots=True, eq=False)
class WatchedTrainer:
    """A trainer that calls rules back: when one fails, this call's updates are taken back."""

    inner: Trainer

    @property
    def calls_back(self) -> bool:
        """Tell that rules run in Python meanwhile."""
        return True

    def __call__(self, call: TrainCall) -> NDArray[np.float64]:
        """Train (see `mgcompile.backends.interface.Trainer`)."""
        before = call.params.copy(), call.state.copy()
        with watched() as failures:
            try:
                return self.inner(call)
            finally:
                if failures.fatal is not None:
                    call.params[:], call.state[:] = before

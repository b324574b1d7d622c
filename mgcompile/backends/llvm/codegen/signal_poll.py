"""Let Ctrl-C be heard while a training loop runs in machine code.

Python runs the handlers of signals between its own instructions, in the main thread. So the loop
counts its mini-batches and, about twenty times a second, takes the GIL and calls a `Listener`. When
a handler raises (KeyboardInterrupt, as a rule), the loop ends with the updates done so far, and the
exception goes on to whoever called.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from attrs import define, field

from mgcompile.backends.llvm.abi.context import slot, slot_address
from mgcompile.backends.llvm.ir.function_builder import Writer
from mgcompile.backends.llvm.runtime.cpython import python_call

if TYPE_CHECKING:
    from mgcompile.backends.llvm.ir.module_builder import Library

__all__ = ["NEVER", "Listener", "held", "poll", "poll_function", "released", "stopped"]

NEVER = 1 << 62
"""The patience of a loop that never calls Python: in any thread but the main one."""

_SECONDS = 0.05


@define
class Listener:
    """Called by the loop, so that signals are handled; returns the patience until the next call.

    Attributes:
        patience: mini-batches and chunks that take about a twentieth of a second, or fewer.
    """

    patience: int = 1
    _since: float = field(init=False, factory=time.perf_counter)

    def __call__(self) -> int:
        """Return how many mini-batches and chunks to go on for."""
        now = time.perf_counter()
        fitting = int(self.patience * _SECONDS / max(now - self._since, 1e-9))
        # Not at once: a batch and its first chunk count as two, and take the time of one.
        self.patience = max(1, min(2 * self.patience, fitting))
        self._since = now
        return self.patience


def poll(writer: Writer) -> None:
    """Append one count towards the next call of Python; for the first thread alone."""
    writer.do("call void @poll(ptr %context)")


def stopped(writer: Writer) -> str:
    """Return whether the training is to end, an i1."""
    return writer.value(f"icmp ne i64 {slot(writer, 'STOP')}, 0")


def released(writer: Writer, leads: str) -> str:
    """Append the release of the GIL; return the thread's state. `leads`: is it the first, an i1."""
    state = python_call(writer, "PyEval_SaveThread")
    with writer.when(leads):
        writer.store("ptr", state, slot_address(writer, "RELEASED"), 8)
    return state


def held(writer: Writer, state: str) -> None:
    """Append that this thread takes the GIL again."""
    python_call(writer, "PyEval_RestoreThread", f"ptr {state}")


def poll_function(library: Library) -> str:
    """Write ``@poll``: count down, and call the listener when the patience is at its end."""
    writer = Writer(library, "poll", ["ptr %context"])
    patience = slot_address(writer, "PATIENCE")
    left = writer.add(writer.load("i64", patience, 8), -1)
    writer.store("i64", str(left), patience, 8)
    with writer.when(writer.value(f"icmp eq i64 {left}, 0")):
        held(writer, str(slot(writer, "RELEASED", "ptr")))
        listener = slot(writer, "LISTENER", "ptr")
        found = python_call(writer, "PyObject_CallNoArgs", f"ptr {listener}")
        raised = writer.value(f"icmp eq ptr {found}, null")
        with writer.when(raised):
            writer.store("i64", "1", slot_address(writer, "STOP"), 8)
        with writer.unless(raised):
            more = python_call(writer, "PyLong_AsLongLong", f"ptr {found}")
            writer.store("i64", more, patience, 8)
            python_call(writer, "Py_DecRef", f"ptr {found}")
        python_call(writer, "PyEval_SaveThread")
    return writer.text()

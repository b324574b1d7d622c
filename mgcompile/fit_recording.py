"""Record one sample of a model that is to be trained, and make sure that it stands for all.

A graph knows nothing of the Python around it: where a model or a loss looks at a number and goes
one way or another, or draws random numbers, what was recorded once is another function than the one
that the eager engine would train. So parameters and all that is computed of them and of the sample
are watched while they are recorded: whoever asks for a number, or for its truth, is noted. And the
sample is recorded again (as another sample, with other parameters, and as plain numbers, as the
engine does it), and all have to be the same graph with the same results.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from mgcompile.errors import RecordingError
from mgcompile.fit_random import DrawnError, random_state_kept
from mgcompile.fit_state import numbers_kept
from mgcompile.graph.capture import capture
from mgcore import Value
from mgcore.explain.anomaly import Watcher
from mgcore.gc_pause import collector_paused
from mgcore.seam import watcher

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from types import FrameType

    from mgcompile.graph.ir import Graph

__all__ = ["Recorded", "record"]

# Recordings beyond the first few are cheap for small models: up to so many operands in all.
_MOST_OPERANDS = 20_000
_MOST_RECORDINGS = 8
# Other threads of the process (Dask's event loop) may draw from the module `random` meanwhile.
_TRIES = 5
# Two ways of adding up the same numbers may differ in the last digits.
_TOLERANCE = 1e-9
# So far parameters are moved, in parts of their size or of 1.
_STEP = 2.0**-16


@attrs.frozen(slots=True, eq=False)
class Recorded:
    """One sample as a graph.

    Args:
        x: The leaves of the row of X.
        y: The leaves of its targets; empty when no loss was recorded.
        params: The model's parameters.
        outputs: What the model gave.
        loss: What the loss gave of outputs and targets; None when none was recorded.
    """

    x: list[Value]
    y: list[Value]
    params: list[Value]
    outputs: list[Value]
    loss: Any

    def graph(self) -> Graph:
        """Return the whole graph as flat arrays."""
        roots = [*self.outputs, *([] if self.loss is None else [self.loss])]
        return capture(roots, [*self.x, *self.y], self.params)


def record(
    model: Any,
    X: Sequence[Sequence[float]],
    loss: Callable[[Any, Any], Any] | None = None,
    targets: Sequence[Sequence[float]] = (),
) -> Recorded:
    """Record the first sample, and others to compare with.

    Args:
        model: With `parameters()`; called with a row.
        X: Rows, at least one.
        loss: Of the outputs and targets of a sample; None for the outputs alone.
        targets: A row for each of X, when there is a loss.

    Returns:
        The first sample.

    Raises:
        RecordingError: saying why what was recorded does not stand for all samples.
    """
    for _ in range(_TRIES - 1):
        try:
            return _record(model, X, loss, targets)
        except DrawnError:
            continue
    return _record(model, X, loss, targets)


def _record(
    model: Any,
    X: Sequence[Sequence[float]],
    loss: Callable[[Any, Any], Any] | None,
    targets: Sequence[Sequence[float]],
) -> Recorded:
    params = _leaves_of(model)
    users = (model, loss)
    with random_state_kept(*users), numbers_kept(*users) as once, collector_paused():
        first = _watched(model, loss, X[0], targets[0] if loss else (), params)
        once()
        graph = first.graph()
        count = min(_MOST_RECORDINGS, 1 + _MOST_OPERANDS // max(1, len(graph.operand)))
        rows = np.linspace(0, len(X) - 1, max(2, count)).round().astype(int).tolist()
        with _moved(params):
            for row in rows[1:]:
                target = targets[row] if loss else ()
                other = _watched(model, loss, X[row], target, params)
                _compare(graph, other.graph(), row)
            _compare_with_numbers(model, loss, X[row], target, other)
    return first


def _leaves_of(model: Any) -> list[Value]:
    params = list(model.parameters())
    if len({id(p) for p in params}) != len(params):
        message = "the model names a parameter twice"
        raise RecordingError(message)
    if any(p.op is not None for p in params):
        message = "a parameter of the model is computed from others"
        raise RecordingError(message)
    return params


# Watching


class _Watched(Value):
    """A Value that notes who asks for its number from outside the engine."""

    __slots__ = ()

    @property
    def data(self) -> float:
        _note("looks at .data", sys._getframe(1))  # noqa: SLF001 - the documented way to a caller
        number: float = _DATA.__get__(self)
        return number

    @data.setter
    def data(self, number: float) -> None:
        _note("sets .data", sys._getframe(1))  # noqa: SLF001 - as above
        _DATA.__set__(self, number)

    def __repr__(self) -> str:
        _note("asks for the text", sys._getframe(1))  # noqa: SLF001 - as above
        return super().__repr__()

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Value):
            _note("compares by ==", sys._getframe(1))
        return self is other

    def __bool__(self) -> bool:
        _note("asks for the truth", sys._getframe(1))  # noqa: SLF001 - as above
        return True

    __hash__ = Value.__hash__


_DATA: Any = Value.__dict__["data"]
_notes: ContextVar[list[str] | None] = ContextVar("notes", default=None)


def _note(what: str, frame: FrameType) -> None:
    """Note that code outside the engine asks for a number; the engine itself has to."""
    notes = _notes.get()
    if notes is None or str(frame.f_globals.get("__name__")).partition(".")[0] == "mgcore":
        return
    code = frame.f_code
    place = f"{code.co_filename.rpartition('/')[2]}:{frame.f_lineno}"
    notes.append(f"{code.co_qualname} ({place}) {what} of a Value while it is recorded")


class _Watch(Watcher):
    """Make a watched Value of every node that is recorded."""

    refuses = False  # an op without a result gives NaN, as in the kernel

    def __init__(self) -> None:
        super().__init__()
        self.nodes: list[Value] = []

    def recorded(self, node: Value) -> None:
        """Watch the node."""
        self.nodes.append(node)
        node.__class__ = _Watched

    def contributed(
        self, node: Value, i: int, upstream: float, partial: float, total: float
    ) -> None:
        """Leave what is differentiated alone."""


@contextmanager
def _watching(leaves: Sequence[Value]) -> Iterator[list[str]]:
    """Watch leaves and all that is computed of them; give the notes."""
    watch, notes = _Watch(), list[str]()
    plain = [leaf for leaf in leaves if type(leaf) is Value]
    noting, watching = _notes.set(notes), watcher.set(watch)
    try:
        for leaf in plain:
            leaf.__class__ = _Watched
        yield notes
    finally:
        for node in (*plain, *watch.nodes):
            node.__class__ = Value
        watcher.reset(watching)
        _notes.reset(noting)


def _watched(
    model: Any,
    loss: Callable[[Any, Any], Any] | None,
    row: Sequence[float],
    target: Sequence[float],
    params: list[Value],
) -> Recorded:
    """Record a sample; refuse when somebody asked for a number meanwhile."""
    x = [Value(float(number)) for number in row]
    y = [Value(float(number)) for number in target]
    with _watching([*params, *x, *y]) as notes:
        try:
            outputs, cost = _applied(model, loss, x, y)
        except Exception as error:
            # What a model does with numbers alone (an index, a format) fails on Values.
            cause = notes[0] if notes else f"{type(error).__name__}: {error}"
            message = f"the model or its loss cannot be recorded with Values: {cause}"
            raise RecordingError(message) from error
    if notes:
        message = (
            f"{notes[0]}, so another sample may be computed by another function than the one that "
            "was recorded. Write such a choice with ops.gt, ops.lt, ops.select, ops.maximum or "
            "ops.minimum"
        )
        raise RecordingError(message)
    for result in (*outputs, *([] if loss is None else [cost])):
        if not isinstance(result, Value):
            message = "the model's outputs or its loss are plain numbers"
            raise RecordingError(message)
    return Recorded(x, y, params, outputs, cost)


def _applied(
    model: Any, loss: Callable[[Any, Any], Any] | None, row: Any, target: Any
) -> tuple[list[Any], Any]:
    made = model(row)
    outputs = [made] if isinstance(made, Value) else list(made)
    return outputs, None if loss is None else loss(outputs, target)


# Comparing


def _compare(first: Graph, other: Graph, row: int) -> None:
    """Refuse two recordings that are not the same graph with the same constants."""
    same = (
        first.ops == other.ops
        and np.array_equal(first.code, other.code)
        and np.array_equal(first.start, other.start)
        and np.array_equal(first.operand, other.operand)
        and np.array_equal(first.roots, other.roots)
    )
    if not same:
        message = (
            f"row 0 and row {row} of X were recorded as different graphs ({_ops_in(first)} "
            f"against {_ops_in(other)}), so no one of them stands for all: the model or its loss "
            "chooses by something else than its inputs and ops"
        )
        raise RecordingError(message)
    differs = ~((first.value == other.value) | (np.isnan(first.value) & np.isnan(other.value)))
    if np.any(differs):
        place = int(np.flatnonzero(differs)[0])
        message = (
            f"a constant was {first.value[place]:.6g} when row 0 of X was recorded and "
            f"{other.value[place]:.6g} with row {row}: the model or its loss draws it at random, "
            "or computes it from numbers of the sample or the parameters"
        )
        raise RecordingError(message)


def _ops_in(graph: Graph) -> str:
    counts = np.bincount(graph.code[graph.code >= 0], minlength=len(graph.ops))
    named = sorted((op.name, int(n)) for op, n in zip(graph.ops, counts, strict=True))
    return ", ".join(f"{n} {name}" for name, n in named)


def _compare_with_numbers(
    model: Any,
    loss: Callable[[Any, Any], Any] | None,
    row: Sequence[float],
    target: Sequence[float],
    recorded: Recorded,
) -> None:
    """Refuse a model that treats the plain numbers of a row otherwise than Values."""
    row, target = [float(number) for number in row], [float(number) for number in target]
    try:
        outputs, cost = _applied(model, loss, row, target)
    except Exception as error:
        message = f"the model or its loss fails on a row of plain numbers: {error}"
        raise RecordingError(message) from error
    found = [*outputs, *([] if loss is None else [cost])]
    wanted = [*recorded.outputs, *([] if recorded.loss is None else [recorded.loss])]
    numbers = np.array([getattr(out, "data", out) for out in found], dtype=np.float64)
    expected = np.array([out.data for out in wanted])
    close = np.isclose(numbers, expected, rtol=_TOLERANCE, atol=_TOLERANCE * _STEP, equal_nan=True)
    if numbers.shape == expected.shape and np.all(close):
        return
    message = (
        "the model or its loss gives other results for a row of plain numbers than for Values of "
        "the same numbers, so what was recorded is not what the eager engine trains"
    )
    raise RecordingError(message)


@contextmanager
def _moved(params: Sequence[Value]) -> Iterator[None]:
    """Move the parameters a little meanwhile: what is computed from their numbers shows itself."""
    before = [p.data for p in params]
    try:
        for p, number in zip(params, before, strict=True):
            p.data = number + (abs(number) + 1.0) * _STEP
        yield
    finally:
        for p, number in zip(params, before, strict=True):
            p.data = number

"""Measure an op on the spot: how accurate it is, and how fast in a kernel."""

import importlib
import importlib.util
import time
import warnings
from typing import Any

import attrs

from mgcore import Op, Value

__all__ = ["Accuracy", "Speed", "measured_accuracy", "measured_speed"]

SAMPLES = 100_000
ROUNDS = 7


@attrs.frozen
class Accuracy:
    """Hold the largest errors that the kit met, relative to the exact numbers.

    Attributes:
        result: of the result; None if nothing tells the right one.
        partials: of the partials.
        against: what told the right numbers.

    """

    result: float | None
    partials: float | None
    against: str

    def __str__(self) -> str:
        parts = [
            f"{what} within {error:.1e}"
            for what, error in (("result", self.result), ("partials", self.partials))
            if error is not None
        ]
        return f"{', '.join(parts)}, relative, {self.against}" if parts else "nothing tells"


@attrs.frozen
class Speed:
    """Hold what one value takes in a kernel, in nanoseconds.

    Attributes:
        value: the result alone.
        gradient: the result and all partials.
        dtype: of the numbers.
        in_python: whether the kernel calls the rule in Python.

    """

    value: float
    gradient: float
    dtype: str
    in_python: bool

    def __str__(self) -> str:
        where = ", the kernel calls Python" if self.in_python else ""
        return (
            f"{_time(self.value)} a value, {_time(self.gradient)} with its partials "
            f"({self.dtype}, one kernel over many{where})"
        )


def measured_accuracy(op: Op, seed: int = 0) -> Accuracy | None:
    """Let the kit measure how accurate an op is; None if the kit is not installed."""
    try:
        from mgcore.testing import check_op
    except ImportError:
        return None
    report = check_op(op, checks=["forward", "partials"], seed=seed)
    forward, partials = report["forward"], report["partials"]
    against = forward.reason if forward.word == "pass" else partials.reason
    return Accuracy(forward.worst, partials.worst, against)


def measured_speed(op: Op, dtype: str = "float64") -> Speed | None:
    """Compile an op and time its kernel on the spot; None if there is no compiler.

    The least of several rounds over 100,000 sets of operands counts.
    """
    if any(importlib.util.find_spec(name) is None for name in ("mgcompile", "numpy", "llvmlite")):
        return None
    import numpy as np

    from mgcore.testing.subject import Subject

    compiler: Any = importlib.import_module("mgcompile")
    slow: Any = importlib.import_module("mgcompile.errors").PythonCallbackWarning
    subject = Subject(op)
    count = op.arity or subject.counts[-1]
    sets = list(subject.ordinary(count))
    leaves = [Value(x) for x in sets[0]]
    rng = np.random.default_rng(0)
    low, high = np.min(sets, axis=0), np.max(sets, axis=0)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always", slow)
        kernel = compiler.compile(op(*leaves), inputs=leaves, dtype=dtype)
        n = SAMPLES // 100 if said else SAMPLES
        batch = (low + (high - low) * rng.random((n, count))).astype(dtype)
        value = _least(lambda: kernel(batch)) / n
        gradient = _least(lambda: kernel.value_and_grad(batch)) / n
    return Speed(value * 1e9, gradient * 1e9, dtype, bool(said))


def _least(run: Any) -> float:
    run()
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return min(times)


def _time(nanoseconds: float) -> str:
    return f"{nanoseconds:.2g} ns" if nanoseconds < 1e3 else f"{nanoseconds / 1e3:.2g} µs"

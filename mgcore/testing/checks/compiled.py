"""Checks of the op as native code: against the eager engine, in both precisions."""

import importlib.util
import math
import warnings
from typing import Any

from mgcore.errors import MgcoreError
from mgcore.places import rule_place
from mgcore.testing.bounded import UNIT, UNIT_32, Bounded, bounded_gradient
from mgcore.testing.checks.apply import ADVICE, apply, is_ordinary
from mgcore.testing.single import gives_out, rounded
from mgcore.testing.subject import Operands, Subject
from mgcore.testing.tally import Skip, Tally, Violation, for_each_drawn
from mgcore.value import Value

__all__ = ["check_compiled_float32", "check_compiled_float64"]

COMPILER = ("mgcompile", "numpy", "llvmlite")
_LARGEST_32 = 3.4e38
_SMALLEST_32 = 1.2e-38


def check_compiled_float64(subject: Subject) -> Tally:
    """Compile the op in float64 and compare values and gradients with the eager engine's."""
    return _compare(subject, "float64")


def check_compiled_float32(subject: Subject) -> Tally:
    """Compile the op in float32 and compare with the eager engine, to float32's rounding."""
    return _compare(subject, "float32")


def _compare(subject: Subject, dtype: str) -> Tally:
    missing = [name for name in COMPILER if importlib.util.find_spec(name) is None]
    if missing:
        raise Skip(f"{' and '.join(missing)} not installed; pip install 'mgcore[compile]'")
    tally = Tally(note="one sample, and a batch")
    for n in subject.counts:
        samples = _drawn(subject, n, dtype)
        if samples:
            # What overflows float32 is infinite, and what a rule has no value for NaN: both are
            # compared as such, so that no warning need tell of them.
            with warnings.catch_warnings():
                warnings.filterwarnings("ignore", "overflow encountered in cast")
                warnings.filterwarnings("ignore", "the rule of op .* has no value")
                _compare_kernel(subject, tally, samples, dtype)
    return tally


def _drawn(subject: Subject, n: int, dtype: str) -> list[Operands]:
    """Return operands at which the op has a value and derivatives, as the dtype holds them."""
    found: list[Operands] = list(subject.ordinary(n))
    for_each_drawn(subject, lambda xs: found.append(xs) if len(xs) == n else None)
    held = [tuple(rounded(x) for x in xs) if dtype == "float32" else xs for xs in found]
    return [xs for xs in dict.fromkeys(held) if _usable(subject, xs, dtype)]


def _usable(subject: Subject, xs: Operands, dtype: str) -> bool:
    if not all(math.isfinite(x) and x in subject.domain(i) for i, x in enumerate(xs)):
        return False
    if not subject.interior(xs) or apply(subject, xs) is None:
        return False
    return dtype == "float64" or all(x == 0 or _SMALLEST_32 <= abs(x) <= 1e30 for x in xs)


def _compare_kernel(subject: Subject, tally: Tally, samples: list[Operands], dtype: str) -> None:
    import numpy as np

    compiler: Any = importlib.import_module("mgcompile")
    leaves = [Value(x, label=f"x{i}") for i, x in enumerate(samples[0])]
    slow: Any = importlib.import_module("mgcompile.errors").PythonCallbackWarning
    batch = np.array(samples, dtype=dtype)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always", slow)
        kernel = compiler.compile(subject.op(*leaves), inputs=leaves, dtype=dtype, backend="llvm")
        values, slopes = kernel.value_and_grad(batch)
    if any(issubclass(found.category, slow) for found in said):
        tally.note = "one sample, and a batch; slow, since the kernel calls Python"
    unit = UNIT if dtype == "float64" else UNIT_32
    for k, xs in enumerate(samples):
        _compare_sample(subject, tally, xs, float(values[k]), list(map(float, slopes[k])), unit)
        tally.samples += 1
    for k in (0, len(samples) // 2):
        _compare_single(kernel, samples[k], batch[k], float(values[k]))


def _compare_single(kernel: Any, xs: Operands, row: Any, in_batch: float) -> None:
    alone = float(kernel(row))
    if alone != in_batch and not (math.isnan(alone) and math.isnan(in_batch)):
        raise Violation(
            "one sample alone gives another result than in a batch", xs, alone, in_batch
        )


def _compare_sample(
    subject: Subject, tally: Tally, xs: Operands, value: float, slopes: list[float], unit: float
) -> None:
    leaves = [Value(x) for x in xs]
    kept = {*subject.differentiable(len(xs))}
    out = subject.op(*[x if i in kept else x.data for i, x in enumerate(leaves)])
    try:
        bounded, gradient = bounded_gradient(out, leaves, unit)
        out.backward()
    except (MgcoreError, ArithmeticError):
        return
    _compare_number(subject, tally, xs, None, value, out.data, bounded, unit)
    for i, (x, got) in enumerate(zip(leaves, slopes, strict=True)):
        if i in kept:
            _compare_number(subject, tally, xs, i, got, x.grad, gradient[i], unit)


def _compare_number(
    subject: Subject,
    tally: Tally,
    xs: Operands,
    i: int | None,
    got: float,
    eager: float,
    bounded: Bounded,
    unit: float,
) -> None:
    if unit == UNIT_32 and not abs(eager) < _LARGEST_32 / 4:
        return
    dtype = "float32" if unit == UNIT_32 else "float64"

    floor = 8 * (1.5e-45 if unit == UNIT_32 else 5e-324)
    bound = 4 * bounded.error + 8 * unit * abs(eager) + floor
    if reason := tally.compare(got, eager, bound):
        what = "the result" if i is None else f"the gradient of operand {i}"
        found = Violation(f"compiled in {dtype}, {what} is {reason}", xs, got, eager)
        if dtype == "float64" or is_ordinary(xs) or not gives_out(subject.op, xs, i, eager, bound):
            raise found
        place = rule_place(subject.op.forward) if i is None else subject.place_of_partial(i)
        found.reason += (
            f": float32 gives out on the way; let the rule in {place} avoid numbers "
            f"beyond 3e38 and below 1e-38, {ADVICE}"
        )
        tally.weaken(subject, found)

"""Print how accurate and how fast the native elementwise functions are.

    python benchmarks/accuracy.py [samples] [ops]

For every op that rounds, in float64 and float32: the range, the worst error found against mpmath
in ulps, the operands it occurred at, and the time per element in a native loop beside NumPy's (or
SciPy's) on the same 8,192 numbers, which stay in the cache.
"""

from __future__ import annotations

import sys
import time
from typing import Any

import numpy as np

from mgcompile.backends.llvm.math.emit import emit
from mgcompile.testing.accuracy import Measurement, subjects, worst_error
from mgcompile.testing.accuracy_more import more_subjects
from mgcompile.testing.array_functions import ArrayFunction, over_arrays
from mgcore import ops

SIZE = 8192
INSIDE_ONE = {"erfinv", "normal_quantile", "betainc", "asin", "acos", "atanh"}
ABOVE_ONE = {"acosh", "zeta"}


def peer(name: str) -> Any:
    """Return NumPy's or SciPy's function of the same meaning, or None."""
    from scipy import special

    others = {
        "pow": np.power,
        "sigmoid": special.expit,
        "atan2": np.arctan2,
        "asin": np.arcsin,
        "acos": np.arccos,
        "atan": np.arctan,
        "asinh": np.arcsinh,
        "acosh": np.arccosh,
        "atanh": np.arctanh,
        "normal_cdf": special.ndtr,
        "normal_logcdf": special.log_ndtr,
        "normal_quantile": special.ndtri,
        "lgamma": special.gammaln,
        "digamma": special.psi,
        "logsumexp": np.logaddexp,
    }
    found = others.get(name, getattr(np, name, getattr(special, name, None)))
    return found if isinstance(found, np.ufunc) else None


def nanoseconds(run: Any, repetitions: int = 300) -> float:
    """Return the shortest time of a call, per element."""
    best = float("inf")
    for _ in range(repetitions):
        start = time.perf_counter()
        run()
        best = min(best, time.perf_counter() - start)
    return best / SIZE * 1e9


def timings(name: str, function: ArrayFunction, dtype: str) -> str:
    """Return the columns with both times."""
    generator = np.random.default_rng(0)
    low, high = (
        (0.1, 0.9) if name in INSIDE_ONE else (1.1, 3.0) if name in ABOVE_ONE else (0.1, 3.0)
    )
    operands = [generator.uniform(low, high, SIZE).astype(dtype) for _ in range(function.arity)]
    result = np.empty(SIZE, dtype)
    ours = nanoseconds(function.bound(operands, result))
    other = peer(name)
    if other is None:
        return f"{ours:6.2f}       "
    return f"{ours:6.2f} {nanoseconds(lambda: other(*operands, out=result)):6.2f}"


def main(samples: int, names: list[str]) -> None:
    """Print the table, of the named ops or of all."""
    print(f"{'op':16}{'dtype':9}{'ns':>6} {'NumPy':>6}  {'bound':>5} {'worst':>6}  range, at")
    for name, subject in {**subjects(), **more_subjects()}.items():
        if names and name not in names:
            continue
        for dtype, bound in subject.bounds.items():
            op = getattr(ops, name)
            for ranges in subject.ranges:
                function = over_arrays(
                    lambda block, *xs, op=op: emit(block, op, xs), len(ranges), dtype
                )
                generator = np.random.default_rng(1)
                operands = [r.draw(samples, generator, dtype) for r in ranges]
                worst: Measurement = worst_error(function, subject.exact, operands)
                first = ranges is subject.ranges[0]
                head = f"{name:16}{dtype:9}" if first else " " * 25
                times = timings(name, function, dtype) if first else " " * 13
                where = " x ".join(map(str, ranges))
                at = ", ".join(f"{x:.17g}" for x in worst.operands)
                print(f"{head}{times}  {bound:5.1f} {worst.ulps:6.2f}  {where}, {at}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000, sys.argv[2:])

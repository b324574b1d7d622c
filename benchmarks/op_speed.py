"""Print how fast the native elementwise functions are, beside NumPy, SciPy and Dr.Jit.

    python benchmarks/op_speed.py [--write] [ops]

Nanoseconds per element on one core, in float64 and float32: first on 8,192 numbers, which stay in
the cache, beside NumPy's function or else SciPy's; then on 262,144 beside Dr.Jit's, whose start of
a kernel takes as long as many elements. The shortest of many calls each, taken in turn. With
--write they are written to docs/speed.md.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import harness
import numpy as np

from mgcompile.backends.llvm.math.emit import emit
from mgcompile.testing.accuracy import subjects
from mgcompile.testing.accuracy_more import more_subjects
from mgcompile.testing.array_functions import over_arrays
from mgcompile.testing.peers import array_peer
from mgcore import ops

if TYPE_CHECKING:
    from collections.abc import Callable

SHORT, LONG = 8192, 262_144
INSIDE_ONE = {"erfinv", "normal_quantile", "betainc", "asin", "acos", "atanh"}
ABOVE_ONE = {"acosh", "zeta"}
DRJIT_NAMES = {"pow": "power"}
PAGE = Path(__file__).parent.parent / "docs" / "speed.md"
HEAD = """\
# Speed of ops

Written by `make bench`: nanoseconds per element in a compiled loop on one core, the shortest of
many calls, all contestants in turn. First on 8,192 numbers, beside NumPy's function of the same
meaning or else SciPy's; then on 262,144, beside Dr.Jit's.

Machine: {machine}.
"""
COLUMNS = ("op", "dtype", "kernel", "NumPy, SciPy", "ratio", "kernel, long", "Dr.Jit", "ratio")


def drawn(name: str, arity: int, dtype: str, size: int) -> list[np.ndarray[Any, Any]]:
    """Return operands of an op, from where it is used most."""
    low, high = (
        (0.1, 0.9) if name in INSIDE_ONE else (1.1, 3.0) if name in ABOVE_ONE else (0.1, 3.0)
    )
    generator = np.random.default_rng(0)
    return [generator.uniform(low, high, size).astype(dtype) for _ in range(arity)]


@cache
def works(name: str, dtype: str) -> bool:
    """Tell whether Dr.Jit runs its function: LLVM ends the process over what it cannot select."""
    kind = "Float64" if dtype == "float64" else "Float32"
    arity = 2 if name in {"atan2", "hypot", "pow"} else 1
    code = f"""
import drjit as dr
from drjit.llvm import {kind}
operands = [dr.linspace({kind}, 0.1, 0.9 + i, 8192) for i in range({arity})]
dr.eval(*operands)
dr.eval(dr.{DRJIT_NAMES.get(name, name)}(*operands))
dr.sync_thread()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    return done.returncode == 0


def drjit_run(name: str, operands: list[np.ndarray[Any, Any]]) -> Callable[[], None] | None:
    """Return what runs Dr.Jit's function of the same name; None where it has none."""
    try:
        import drjit as dr
        from drjit import llvm
    except ImportError:
        return None
    function = getattr(dr, DRJIT_NAMES.get(name, name), None)
    if function is None or not works(name, operands[0].dtype.name):
        return None
    kind = llvm.Float64 if operands[0].dtype == np.float64 else llvm.Float32
    columns = [kind(x) for x in operands]
    dr.eval(*columns)

    def run() -> None:
        result = function(*columns)
        dr.eval(result)
        dr.sync_thread()

    return run


def fastest(*runs: Callable[[], object] | None, turns: int) -> list[float]:
    """Return the shortest time of each, in seconds; they take turns."""
    best = [float("inf")] * len(runs)
    for _ in range(turns):
        for place, run in enumerate(runs):
            if run is None:
                continue
            start = time.perf_counter()
            run()
            best[place] = min(best[place], time.perf_counter() - start)
    return best


def row(name: str, arity: int, dtype: str) -> list[str]:
    """Measure one op and return its row of the table."""
    op = getattr(ops, name)
    function = over_arrays(lambda block, *xs: emit(block, op, xs), arity, dtype)
    operands = drawn(name, arity, dtype, SHORT)
    result, other = np.empty(SHORT, dtype), np.empty(SHORT, dtype)
    peer = array_peer(name, arity)
    theirs = None if peer is None else lambda: peer(*operands, other)
    short = fastest(function.bound(operands, result), theirs, turns=200)
    cells = [name, dtype, *pair([t / SHORT for t in short])]
    operands = drawn(name, arity, dtype, LONG)
    result = np.empty(LONG, dtype)
    rival = drjit_run(name, operands)
    if rival is None:
        return [*cells, "", "", ""]
    long = fastest(function.bound(operands, result), rival, turns=40)
    return [*cells, *pair([t / LONG for t in long])]


def pair(seconds: list[float]) -> list[str]:
    """Return both times in nanoseconds, and ours over theirs."""
    ours, theirs = (1e9 * t for t in seconds)
    if theirs == float("inf"):
        return [f"{ours:.2f}", "", ""]
    return [f"{ours:.2f}", f"{theirs:.2f}", f"{ours / theirs:.2f}"]


def main(names: list[str], *, write: bool) -> None:
    """Print the table, of the named ops or of all."""
    os.sched_setaffinity(0, [min(os.sched_getaffinity(0))])
    lines = [f"| {' | '.join(COLUMNS)} |", "|---|---|" + "---:|" * (len(COLUMNS) - 2)]
    print("\n".join(lines))
    for name, subject in {**subjects(), **more_subjects()}.items():
        if names and name not in names:
            continue
        for dtype in subject.bounds:
            lines.append(f"| {' | '.join(row(name, len(subject.ranges[-1]), dtype))} |")
            print(lines[-1], flush=True)
    if write:
        head = HEAD.format(machine=harness.machine())
        PAGE.write_text("\n".join([head, *lines]) + "\n")


if __name__ == "__main__":
    os.environ.setdefault("DRJIT_THREADS", "1")
    main([x for x in sys.argv[1:] if x != "--write"], write="--write" in sys.argv)

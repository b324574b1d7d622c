"""Time contestants side by side: pinned to one core, interleaved, medians, results compared first.

A benchmark file defines one `Row` and ends in `main(row)`. Run by name
(``python benchmarks/moons.py``) it prints its table; ``make bench`` runs every file in a process of
its own and writes docs/benchmarks.md.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import statistics
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

# Before NumPy, PyTorch or JAX are imported: one thread each, no accelerator.
SINGLE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "DRJIT_THREADS": "1",
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
    "JAX_PLATFORMS": "cpu",
    "JAX_ENABLE_X64": "1",
    "CUDA_VISIBLE_DEVICES": "",
}
os.environ.update(SINGLE_THREAD)

import attrs  # noqa: E402 - the environment comes first
import numpy as np  # noqa: E402 - the environment comes first

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

__all__ = [
    "Contestant",
    "Goal",
    "Result",
    "Row",
    "against",
    "against_best",
    "at_most",
    "main",
    "run",
]

OURS = "mgcore"


@attrs.frozen
class Contestant:
    """One way of doing the work of a row.

    ``prepare`` imports what it needs, builds, and returns the function to be timed, which returns
    its result (an array or a tuple of arrays) for comparison; the harness calls it once before it
    is timed. ``distribution`` names what has to be installed. ``scale`` is the number of units of
    work that one call does. With ``repeat=False`` one call is one measurement.
    """

    name: str
    prepare: Callable[[], Callable[[], Any]]
    distribution: str | None = None
    scale: float = 1.0
    repeat: bool = True
    note: str = ""


@attrs.frozen
class Goal:
    """A sentence, and a function of the medians (by contestant) that says whether it holds.

    The function gives the figure to print and the verdict; it raises KeyError or ValueError when a
    contestant that it needs is missing.
    """

    text: str
    judge: Callable[[Mapping[str, float]], tuple[str, bool]]


@attrs.frozen
class Row:
    """One row of the table of numbers to reach.

    ``unit`` is what a time is given in ("us a step"), ``seconds`` how long one unit is (1e-6).
    ``rtol`` and ``atol`` bound the difference of every result from the first contestant's.
    """

    title: str
    unit: str
    seconds: float
    contestants: Sequence[Contestant]
    goals: Sequence[Goal]
    rtol: float = 1e-6
    atol: float = 1e-9
    rounds: int = 9
    block_seconds: float = 0.03


@attrs.define
class Result:
    """What came out for a contestant, in the row's unit, or why there is nothing."""

    name: str
    version: str = ""
    median: float | None = None
    fastest: float | None = None
    problem: str = ""
    note: str = ""


def pin() -> int | None:
    """Keep this process on one core; return its number, or None where systems have no such call."""
    if not hasattr(os, "sched_setaffinity"):
        return None
    core = max(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {core})
    return core


def _difference(row: Row, ours: Any, theirs: Any) -> str:
    """Return an empty text when two results agree to the row's tolerance, else how they differ."""
    first = ours if isinstance(ours, tuple) else (ours,)
    second = theirs if isinstance(theirs, tuple) else (theirs,)
    if len(first) != len(second):
        return f"gives {len(second)} arrays, not {len(first)}"
    for place, pair in enumerate(zip(first, second, strict=True)):
        a, b = (np.asarray(item, dtype=float) for item in pair)
        if a.shape != b.shape:
            return f"result {place} has shape {b.shape}, not {a.shape}"
        if not np.allclose(a, b, rtol=row.rtol, atol=row.atol, equal_nan=True):
            return f"result {place} differs by {np.nanmax(np.abs(a - b)):.3g}"
    return ""


def _calls_a_block(function: Callable[[], Any], once: float, seconds: float) -> int:
    if once < seconds:  # the first call may have been cold
        start = time.perf_counter()
        function()
        once = min(once, time.perf_counter() - start)
    return max(1, int(seconds / max(once, 1e-7)))


def _prepare(row: Row) -> tuple[list[Result], dict[str, tuple[Callable[[], Any], int]]]:
    """Build all, compare results; return the functions to time and their calls in a block."""
    results: list[Result] = []
    timed: dict[str, tuple[Callable[[], Any], int]] = {}
    reference: Any = None
    for contestant in row.contestants:
        result = Result(contestant.name, note=contestant.note)
        results.append(result)
        try:
            if contestant.distribution is not None:
                result.version = importlib.metadata.version(contestant.distribution)
            function = contestant.prepare()
        except ImportError as missing:
            result.problem = f"missing: {missing}"
            continue
        start = time.perf_counter()
        outcome = function()
        once = time.perf_counter() - start
        if reference is None:
            reference = outcome
        elif outcome is not None and (difference := _difference(row, reference, outcome)):
            result.problem = f"disagrees: {difference}"
            continue
        count = _calls_a_block(function, once, row.block_seconds) if contestant.repeat else 1
        timed[contestant.name] = (function, count)
    return results, timed


def run(row: Row) -> list[Result]:
    """Compare the results of all contestants, then time them in turn, round after round."""
    results, timed = _prepare(row)
    samples: dict[str, list[float]] = {name: [] for name in timed}
    for _ in range(row.rounds):
        for name, (function, count) in timed.items():
            start = time.perf_counter()
            for _ in range(count):
                function()
            samples[name].append((time.perf_counter() - start) / count)
    scales = {contestant.name: contestant.scale for contestant in row.contestants}
    for result in results:
        if result.name in samples:
            times = [t / scales[result.name] / row.seconds for t in samples[result.name]]
            result.median, result.fastest = statistics.median(times), min(times)
    return results


def judge(row: Row, results: Sequence[Result]) -> list[tuple[str, str, str]]:
    """Return (goal, figure, verdict) for each goal of the row."""
    medians = {result.name: result.median for result in results if result.median is not None}
    verdicts = []
    for goal in row.goals:
        try:
            figure, met = goal.judge(medians)
        except (KeyError, ValueError) as missing:
            verdicts.append((goal.text, "-", f"not judged: {missing} was not timed"))
            continue
        verdicts.append((goal.text, figure, "met" if met else "**missed**"))
    return verdicts


def against_best(text: str, ratio: float, ours: str = OURS) -> Goal:
    """Make the goal that our time is at most `ratio` times the fastest peer's."""

    def decide(medians: Mapping[str, float]) -> tuple[str, bool]:
        peers = {name: value for name, value in medians.items() if not name.startswith(OURS)}
        best = min(peers, key=lambda name: peers[name])
        figure = medians[ours] / peers[best]
        return f"{figure:.3g} of {best}", figure <= ratio

    return Goal(text, decide)


def against(text: str, peer: str, ratio: float, ours: str = OURS) -> Goal:
    """Make the goal that our time is at most `ratio` times that of one peer."""

    def decide(medians: Mapping[str, float]) -> tuple[str, bool]:
        figure = medians[ours] / medians[peer]
        return f"{figure:.3g} of {peer}", figure <= ratio

    return Goal(text, decide)


def at_most(text: str, limit: float, ours: str = OURS) -> Goal:
    """Make the goal that our time is at most `limit` of the row's units."""
    return Goal(text, lambda medians: (f"{medians[ours]:.3g}", medians[ours] <= limit))


def machine() -> str:
    """Describe the computer in one line."""
    name = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                name = line.split(":", 1)[1].strip()
                break
    system = f"{platform.system()} {platform.machine()}"
    return f"{name}, {system}, Python {platform.python_version()}, one core"


def table(row: Row, results: Sequence[Result]) -> str:
    """Write a row's results and verdicts as Markdown."""
    ours = next((r.median for r in results if r.median is not None), None)
    lines = [
        f"## {row.title}",
        "",
        f"| contestant | {row.unit} | fastest | relative to ours |",
        "|---|---|---|---|",
    ]
    for result in results:
        name = f"{result.name} {result.version}".strip()
        name += f" ({result.note})" if result.note else ""
        if result.median is None:
            lines.append(f"| {name} | {result.problem} | | |")
        else:
            relative = f"{result.median / ours:.3g}" if ours else ""
            lines.append(f"| {name} | {result.median:.4g} | {result.fastest:.4g} | {relative} |")
    lines += ["", "| goal | figure | verdict |", "|---|---|---|"]
    lines += [f"| {text} | {figure} | {verdict} |" for text, figure, verdict in judge(row, results)]
    return "\n".join(lines) + "\n"


def main(make_row: Callable[[], Row]) -> None:
    """Run one row and print its table; with ``--json`` inside a JSON object, for `make bench`."""
    core = pin()
    row = make_row()
    text = table(row, run(row))
    if "--json" in sys.argv:
        print(json.dumps({"table": text, "machine": machine()}))
    else:
        print(f"{machine()} (core {core})\n\n{text}")

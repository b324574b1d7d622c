"""Time contestants side by side: pinned to one core, interleaved, medians, results compared first.

Every contestant runs in a process of its own, so that none meets another's threads. Times are
processor times of that process, with its threads, so that a machine on which others
work too gives the same figures; on a quiet one they are what a clock shows.

A benchmark file defines one `Row` and ends in `main(row)`. Run by name
(``python benchmarks/moons.py``) it prints its table; ``make bench`` runs every file in a process of
its own and writes docs/benchmarks.md.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import json
import multiprocessing
import os
import platform
import runpy
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

try:
    import resource
except ImportError:  # there is none on Windows
    resource = None  # type: ignore[assignment]  # told apart where it is used

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from multiprocessing.connection import Connection

__all__ = [
    "Contestant",
    "Goal",
    "Result",
    "Row",
    "against",
    "against_best",
    "at_most",
    "difference",
    "main",
    "run",
    "serve",
]

OURS = "mgcore"
WARM_SECONDS = 0.1
"""Calls shorter than this are made once more before each block, untimed."""
NO_PEERS = (OURS, "peak")
DISAGREES = "disagrees"


@attrs.frozen
class Contestant:
    """One way of doing the work of a row.

    ``prepare`` imports what it needs, builds, and returns the function to be timed, which returns
    its result (an array or a tuple of arrays) for comparison; the harness calls it once before it
    is timed. ``distribution`` names what has to be installed. ``scale`` is the number of units of
    work that one call does. With ``repeat=False`` one call is one measurement. Names that begin
    with "peak" are no peers, but what the machine can do at best. Results are compared among
    contestants of one ``kind``, after ``compared`` has made arrays of them, untimed. ``modules``
    are imported before the time until it is ready is taken.
    """

    name: str
    prepare: Callable[[], Callable[[], Any]]
    distribution: str | None = None
    scale: float = 1.0
    repeat: bool = True
    note: str = ""
    kind: str = ""
    compared: Callable[[Any], Any] = lambda outcome: outcome
    modules: Sequence[str] = ()


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
    ``rtol`` and ``atol`` bound the difference of every result from the first contestant's of its
    kind. A contestant whose blocks have taken longer than ``patience`` seconds sits out the rounds
    left.
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
    patience: float = float("inf")


@attrs.define
class Result:
    """What came out for a contestant, in the row's unit, or why there is nothing."""

    name: str
    version: str = ""
    median: float | None = None
    fastest: float | None = None
    problem: str = ""
    note: str = ""
    ready: float | None = None
    """Seconds of processor time to prepare and to call once, imports of `modules` left out."""


def pin() -> int | None:
    """Keep this process on one core; return its number, or None where systems have no such call."""
    if not hasattr(os, "sched_setaffinity"):
        return None
    core = max(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {core})
    return core


def difference(row: Row, ours: Any, theirs: Any) -> str:
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


def clock() -> float:
    """Return the processor time in seconds that this process and its children have taken."""
    taken = time.process_time()
    if resource is not None:
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        taken += children.ru_utime + children.ru_stime
    return taken


def _calls_a_block(function: Callable[[], Any], once: float, seconds: float) -> tuple[int, float]:
    """Return how many calls take about `seconds`, and how long one takes.

    The first one, of `once`, may have been cold, and is not taken for it.
    """
    count = 1
    while count * once < seconds or count == 1:
        start = clock()
        for _ in range(count):
            function()
        once = max((clock() - start) / count, 1e-7)
        if count > 1 or once >= seconds:
            break
        count = min(10, max(2, int(seconds / once)))
    return max(1, int(seconds / once)), once


def serve(pipe: Connection, path: str, name: str) -> None:
    """Prepare a contestant in a process of its own, then time one block for each request."""
    pin()
    sys.path.insert(0, str(Path(path).parent))
    row = runpy.run_path(path)["row"]()
    contestant = next(each for each in row.contestants if each.name == name)
    try:
        version = ""
        if contestant.distribution is not None:
            version = importlib.metadata.version(contestant.distribution)
        for module in contestant.modules:
            importlib.import_module(module)
        began = clock()
        function = contestant.prepare()
        start = clock()
        outcome = function()
        once, ready = clock() - start, clock() - began
        outcome = contestant.compared(outcome)
    except ImportError as missing:
        pipe.send(("", None, None, f"missing: {missing}"))
        return
    except Exception as error:
        reason = f"failed: {type(error).__name__}: {error}".splitlines()[0][:200]
        pipe.send(("", None, None, reason))
        return
    pipe.send((version, outcome, ready, ""))
    count = 1
    if contestant.repeat:
        count, once = _calls_a_block(function, once, row.block_seconds)
    while pipe.recv():
        if once < WARM_SECONDS:
            function()  # the core has slept meanwhile, and its clock and caches come back first
        start = clock()
        for _ in range(count):
            function()
        pipe.send((clock() - start) / count)


def run(row: Row, path: str) -> list[Result]:
    """Compare the results of all contestants, then time them in turn, round after round.

    Args:
        row: what to compare.
        path: the file whose function `row` gives it; every contestant runs in its own process.
    """
    context = multiprocessing.get_context("spawn")
    results, pipes = [], {}
    references: dict[str, Any] = {}
    for contestant in row.contestants:
        pipe, other = context.Pipe()
        context.Process(target=serve, args=(other, path, contestant.name), daemon=True).start()
        version, outcome, ready, problem = pipe.recv()
        if problem and contestant.name.startswith(OURS):
            raise RuntimeError(f"{contestant.name}: {problem}")
        result = Result(contestant.name, version, problem=problem, note=contestant.note)
        result.ready = ready
        results.append(result)
        reference = references.get(contestant.kind)
        if reference is None:
            references[contestant.kind] = outcome
        elif outcome is not None and (apart := difference(row, reference, outcome)):
            result.problem = f"{DISAGREES}: {apart}"
        if not result.problem:
            pipes[contestant.name] = pipe
    samples: dict[str, list[float]] = {name: [] for name in pipes}
    for _ in range(row.rounds):
        for name, pipe in pipes.items():
            if sum(samples[name]) > row.patience:
                continue
            pipe.send(True)
            samples[name].append(pipe.recv())
    for pipe in pipes.values():
        pipe.send(False)
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
        peers = {name: value for name, value in medians.items() if not name.startswith(NO_PEERS)}
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
    """Describe the computer in one line: its processor, with the widest vectors that it has."""
    name = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        lines = [line.partition(":") for line in info.read_text().splitlines()]
        told = {key.strip(): value.strip() for key, _, value in reversed(lines)}
        name = told.get("model name", name)
        flags = told.get("flags", "").split()
        for flag, vectors in (("avx512f", "AVX-512"), ("avx2", "AVX2"), ("avx", "AVX")):
            if flag in flags:
                name += f" ({vectors})"
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
    """Run one row and print its table; with ``--json`` inside a JSON object, for `make bench`.

    Args:
        make_row: the function named `row` of the file that is run.
    """
    core = pin()
    row = make_row()
    text = table(row, run(row, str(Path(sys.argv[0]).resolve())))
    if "--json" in sys.argv:
        print(json.dumps({"table": text, "machine": machine()}))
    else:
        print(f"{machine()} (core {core})\n\n{text}")

"""Time two versions of this library against each other: code made ready, and code run.

``python benchmarks/compare_versions.py OLD_PYTHON NEW_PYTHON`` takes the interpreters of two
environments, each with its version installed, and this folder's rows of our own contestants, which
use nothing but the public API. Every contestant runs in a process of each version, both pinned to
one core and timed block by block in turn; processes are started anew a few times, and the minima
count. Bytecode of both is kept in a new folder: a version that had none would be as late as it
takes to compile its sources. What one of the versions cannot do yet is named, and so is what they
do not agree on. ``--only WORD ...`` takes the workloads whose name has one of the words, ``--all``
those too that take minutes.
"""

from __future__ import annotations

import argparse
import os
import runpy
import subprocess
import sys
import tempfile
from contextlib import closing
from multiprocessing.connection import Client, Listener
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import harness
from gradbench import CHOICE, GRADIENT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from multiprocessing.connection import Connection

HERE = Path(__file__).parent
WORKLOADS = (
    "compiled_moons", "black_scholes", "rk4", "wide_mlp", "irregular", "reroll", "derivatives",
    "eager", "eager_binary", "gradbench lse small", "gradbench logsumexp small",
    "gradbench llsq small", "gradbench gmm small", "gradbench kmeans small", "gradbench det small",
    "gradbench ode small", "gradbench particle small",
)  # fmt: skip
SLOW = (
    "borders", "jacobian", "few_samples", "microgpt", "microgpt_batch", "gradbench lstm small",
    "gradbench ba small", "gradbench gmm medium", "gradbench ode medium",
)  # fmt: skip
LEFT_OUT = ("10^6 nodes", f"{harness.OURS}, collector off")
"""Contestants that show nothing more than others of their row do."""
PROCESSES = 3
BLOCKS = 5
PATIENCE = 4.0
"""Seconds after which a contestant is neither started anew nor called again."""
FIRST = """
import mgcompile
from mgcore import Value
x = Value(1.0)
mgcompile.compile(x * x, [x]).value_and_grad([1.0])
"""
"""What loads most modules of a version."""


@attrs.define
class Fastest:
    """The least seconds of processor time of a version, or why it has none."""

    ready: float = float("inf")
    call: float = float("inf")
    spent: float = 0.0
    outcome: Any = None
    problem: str = ""


def workload(name: str) -> tuple[str, harness.Row]:
    """Return the file of a workload and its row; the rest of the name chooses a problem in it."""
    file, _, choice = name.partition(" ")
    if choice:
        os.environ[CHOICE] = choice  # read by this process, and by those that it starts
    path = str(HERE / f"{file}.py")
    return path, runpy.run_path(path)["row"]()


def ours(row: harness.Row) -> Iterator[harness.Contestant]:
    """Yield the contestants of a row that are this library, values alone left out."""
    gradients = any(contestant.kind == GRADIENT for contestant in row.contestants)
    for contestant in row.contestants:
        chosen = contestant.kind == GRADIENT or not gradients
        if (
            contestant.name.startswith(harness.OURS)
            and chosen
            and not contestant.name.endswith(LEFT_OUT)
        ):
            yield contestant


def keep_bytecode(pythons: Sequence[str], folder: str) -> None:
    """Let processes that are started from now on keep bytecode in a folder, and fill it."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ["PYTHONPYCACHEPREFIX"] = folder
    for python in pythons:
        subprocess.run([python, "-c", FIRST], stderr=subprocess.DEVNULL, check=False)


def started(python: str, path: str, name: str) -> tuple[subprocess.Popen[bytes], Connection]:
    """Start a process of a version that prepares a contestant; return it and the way to it."""
    with Listener() as listener:
        command = [python, __file__, "--serve", str(listener.address), path, name]
        process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        return process, listener.accept()


def time_in_turn(pythons: Sequence[str], path: str, name: str, found: Sequence[Fastest]) -> None:
    """Start a process of each version, time their blocks in turn; keep what is less than before."""
    pipes = []
    for python, each in zip(pythons, found, strict=True):
        process, pipe = started(python, path, name)
        try:
            _, outcome, ready, each.problem = pipe.recv()
        except EOFError:  # the file of the row needs what this version does not have
            process.wait()
            outcome, ready, each.problem = None, 0.0, "ended before it was ready"
        pipes.append((process, pipe))
        if not each.problem:
            each.outcome, each.ready = outcome, min(each.ready, ready)
            each.spent += ready
    for _ in range(BLOCKS):
        for (_, pipe), each in zip(pipes, found, strict=True):
            if not each.problem and each.spent < PATIENCE * PROCESSES:
                pipe.send(True)
                call = pipe.recv()
                each.call = min(each.call, call)
                each.spent += call
    for process, pipe in pipes:
        with closing(pipe):
            if process.poll() is None:
                pipe.send(False)
        process.wait()


def line(
    title: str, row: harness.Row, contestant: harness.Contestant, found: Sequence[Fastest]
) -> str:
    """Return a line of the table: the times of both versions until ready and of a call."""
    label = f"{title}: {contestant.name.removeprefix(harness.OURS).strip(', ') or 'run'}"
    problems = [each.problem for each in found]
    if any(problems):
        which = " and ".join(n for n, p in zip(("old", "new"), problems, strict=True) if p)
        return f"| {label} | {which}: {next(filter(None, problems))} | | | | | |"
    old, new = found
    cells = [f"{each.ready:.3f}" for each in found] + [f"{new.ready / old.ready:.3f}"]
    calls = [each.call / contestant.scale / row.seconds for each in found]
    cells += [f"{each:.4g} {row.unit}" for each in calls] + [f"{new.call / old.call:.3f}"]
    apart = harness.difference(row, old.outcome, new.outcome) if old.outcome is not None else ""
    return f"| {label}{f' (results differ: {apart})' if apart else ''} | {' | '.join(cells)} |"


def compare(pythons: Sequence[str], name: str) -> None:
    """Print the lines of a workload."""
    path, row = workload(name)
    for contestant in ours(row):
        found = (Fastest(), Fastest())
        for _ in range(PROCESSES):
            if all(each.spent < PATIENCE and not each.problem for each in found):
                time_in_turn(pythons, path, contestant.name, found)
        print(line(name, row, contestant, found), flush=True)


def main() -> None:
    """Print the table of two versions."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("old", help="the interpreter of the version before")
    parser.add_argument("new", help="the interpreter of the version after")
    parser.add_argument("--only", nargs="+", default=[""], metavar="WORD")
    parser.add_argument("--all", action="store_true", help="those too that take minutes")
    chosen = parser.parse_args()
    harness.pin()
    os.environ["MGCORE_CACHE"] = "off"
    print(
        f"{harness.machine()}\n\nSeconds until the first result, time of a call; ratios new/old.\n"
    )
    print(
        "| workload | ready, old | new | ratio | call, old | new | ratio |\n|---" + "|---" * 6 + "|"
    )
    names = [
        name for name in WORKLOADS + SLOW * chosen.all if any(word in name for word in chosen.only)
    ]
    with tempfile.TemporaryDirectory() as folder:
        keep_bytecode((chosen.old, chosen.new), folder)
        for name in names:
            compare((chosen.old, chosen.new), name)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--serve"]:
        with Client(sys.argv[2]) as way:
            harness.serve(way, *sys.argv[3:])
    else:
        main()

"""The campaign itself: graphs until the time is over, each in some of the modes."""

from __future__ import annotations

import random
import time
from collections import Counter

import attrs

from campaign import kinds, known
from campaign.judge import failures
from campaign.modes import MODES
from campaign.reduction import reduced

__all__ = ["Report", "campaign"]

SHARES = {
    "eager": 0.5,
    "eager second": 0.3,
    "eager chained": 0.1,
    "torch": 0.05,
    "numpy": 0.15,
    "llvm": 0.05,
    "llvm float32": 0.02,
    "llvm strict": 0.025,
    "llvm threads": 0.015,
    "numpy, passes off": 0.02,
    "llvm, passes off": 0.015,
    "llvm float32, passes off": 0.004,
    "train, passes off": 0.006,
    "train": 0.02,
    "train float32": 0.01,
}
"""How many of the graphs run in each mode: compiling takes a hundred times as long as the rest.

So most graphs see one or two modes, and every mode sees graphs of every kind.
"""


@attrs.define
class Report:
    """What a campaign did."""

    seed: int
    graphs: int = 0
    runs: Counter = attrs.Factory(Counter)
    known: Counter = attrs.Factory(Counter)
    failures: list = attrs.Factory(list)
    seconds: float = 0.0

    def text(self):
        modes = ", ".join(f"{count} {mode}" for mode, count in self.runs.most_common())
        lines = [
            f"campaign of seed {self.seed}: {self.graphs} graphs in {self.seconds:.0f} s ({modes})"
        ]
        lines += [f"known, still there: {name} ({n} graphs)" for name, n in self.known.items()]
        lines += [f"\n{f.text()}\n# to be kept: {known.line('?', f)}" for f in self.failures]
        return "\n".join(lines)


STRUCTURED = {
    *("recurrence", "stencil", "pairs", "permuted_reads", "ragged", "net", "recorded", "ode"),
    *("repeated", "attention", "convolution", "tails", "gated", "elimination", "running"),
    *("triangles", "rows_in_blocks"),
}
"""Kinds in which the compiler has structure to find: they are compiled twice as often."""


def modes_of(graph):
    """Draw the modes of a graph."""
    rng = random.Random(f"modes {graph.seed}")
    compiled = 2.0 if graph.kind in STRUCTURED else 0.7
    drawn = []
    for mode in MODES:
        share = SHARES[mode] * (compiled if mode.startswith(("llvm", "train")) else 1.0)
        if rng.random() < share:
            drawn.append(mode)
    return drawn or [rng.choice(["eager", "eager second"])]


def campaign(seed, seconds, *, modes=None, on_failure=None, most=5, progress=None):
    """Run graphs for some seconds, or until too many fail.

    Args:
        seed: of the first graph; the others follow it.
        seconds: how long.
        modes: names of modes for every graph; drawn by `SHARES` if None.
        on_failure: called with each failure, reduced.
        most: how many failures end it.
        progress: called with the report now and then.
    """
    names = known.active()
    report, start, seen = Report(seed), time.monotonic(), set()
    while time.monotonic() - start < seconds and len(report.failures) < most:
        graph = kinds.make(seed + report.graphs)
        chosen = modes or modes_of(graph)
        found = failures(graph, chosen, graph.seed)
        report.graphs += 1
        report.runs.update(chosen)
        for failure in found:
            name = known.explained(failure, names)
            if name is not None:
                report.known[name] += 1
                continue
            if (failure.signature, graph.kind) in seen:
                continue
            seen.add((failure.signature, graph.kind))
            small = reduced(failure)
            report.failures.append(small)
            if on_failure is not None:
                on_failure(small)
        if progress is not None and report.graphs % 200 == 0:
            report.seconds = time.monotonic() - start
            progress(report)
    report.seconds = time.monotonic() - start
    return report

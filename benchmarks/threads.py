"""Two threads beside one: the same bits, sooner by the clock.

The one row that is not pinned to a core, and whose times are those of a clock. Calls with one
thread and with two are timed in turn in one process. Where one thread does not have a core to
itself, since others work on the machine, a goal that is not met is not judged.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import time
from typing import TYPE_CHECKING, Any

import attrs
import black_scholes
import microgpt
import numpy as np
import rk4
import wide_mlp
from harness import machine

if TYPE_CHECKING:
    from collections.abc import Callable

SECONDS, GOAL, ALONE = 6.0, 1.8, 0.95
DIGITS = 60_000
"""Those of MNIST: as many updates as an epoch of them has, then parameters are written back."""


@attrs.frozen
class Compared:
    """Seconds of a call with one thread and with two, in turn, and whether the bits are equal.

    ``share`` is the part of a core that one thread had: 1 where nobody else works on the machine.
    """

    name: str
    one: list[float]
    two: list[float]
    same: bool
    share: float


def scenarios(threads: int) -> Callable[[], Any]:
    kernel, columns = black_scholes.kernel_of(threads), black_scholes.scenarios()
    return lambda: kernel.value_and_grad(columns)


def orbits(threads: int) -> Callable[[], Any]:
    kernel, X = rk4.compiled(threads), rk4.states()
    return lambda: kernel.value_and_grad(X)


def names(threads: int) -> Callable[[], Any]:
    return microgpt.ours(16, 64, threads)


def digits(threads: int) -> Callable[[], Any]:
    return wide_mlp.ours(threads, steps=DIGITS // 1024, batch=1024)


WORK = {
    "Black-Scholes, 10^6 scenarios": scenarios,
    "RK4, 1,000 steps, batch 1,000": orbits,
    "microgpt, training, 64 names of 16 positions": names,
    "784-128-10, training, batches of 1,024": digits,
}


def compared(name: str) -> Compared:
    """Time one thread and two in turn."""
    calls = [WORK[name](threads) for threads in (1, 2)]
    results = [parts(call()) for call in calls]
    same = all(a.tobytes() == b.tobytes() for a, b in zip(*results, strict=True))
    taken: tuple[list[float], list[float]] = ([], [])
    end, worked = time.perf_counter() + SECONDS, 0.0
    while time.perf_counter() < end:
        for call, seconds in zip(calls, taken, strict=True):
            begun, before = time.perf_counter(), time.process_time()
            call()
            seconds.append(time.perf_counter() - begun)
            if seconds is taken[0]:
                worked += time.process_time() - before
    return Compared(name, *taken, same, worked / sum(taken[0]))


def parts(outcome: Any) -> list[np.ndarray]:
    found = outcome if isinstance(outcome, tuple) else (outcome,)
    return [np.array(each, dtype=float) for each in found]


def line(found: Compared) -> str:
    best = min(found.one) / min(found.two)
    typical = statistics.median(found.one) / statistics.median(found.two)
    verdict = "met" if best >= GOAL and found.same else "**missed**"
    if found.share < ALONE and verdict != "met":
        verdict = f"not judged: one thread had {found.share:.0%} of a core"
    bits = "equal" if found.same else "**differ**"
    one, two = (1e3 * min(each) for each in (found.one, found.two))
    cells = (f"{one:.4g}", f"{two:.4g}", f"{best:.2f}", f"{typical:.2f}", bits, verdict)
    return f"| {found.name} | {' | '.join(cells)} |"


def table() -> str:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    lines = [
        "## Two threads beside one",
        "",
        f"Times of a clock, not pinned; {cores} cores. The goal: {GOAL:g} times as fast, by the",
        "fastest calls, and the same bits.",
        "",
        "| work | one, ms | two, ms | of fastest | of medians | bits | verdict |",
        "|---|---|---|---|---|---|---|",
        *[line(compared(name)) for name in WORK],
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    if "--json" in sys.argv:
        print(json.dumps({"table": table(), "machine": machine()}))
    else:
        print(f"{machine()}\n\n{table()}")

"""examples/microgpt.py from beginning to end: ready for all lengths, 1,000 steps, 20 names, losses.

Ready means that the kernel of the loss has been trained once and the kernel of the scores called
once: one kernel each serves all lengths. Cold compiles everything, warm takes what the cache keeps.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import microgpt
import numpy as np
from harness import Contestant, Goal, Row, at_most, main

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

STEPS, NAMES, FEW = 1000, 20, 10
COLD, WARM = "mgcore, ready, cold", "mgcore, ready, warm"
WHOLE = f"mgcore, {STEPS:,} steps and {NAMES} names"
COMPILED, EAGER = "mgcore, losses of a few steps, compiled", "mgcore, losses of a few steps, script"
gpt = microgpt.gpt


def documents(count: int) -> list[list[int]]:
    return [gpt.tokens_of(name) for name in gpt.names(count, seed=7)]


def ready(*, cold: bool) -> Callable[[], Any]:
    import os
    import tempfile

    os.environ["MGCORE_CACHE"] = "off" if cold else tempfile.mkdtemp()

    def run() -> None:
        gpt.Compiled(STEPS).prepare()

    run()  # so that the cache is filled, and modules are imported
    return run


def whole() -> Callable[[], Any]:
    model = gpt.Compiled(STEPS)
    model.prepare()
    first = model.loss.params

    def run() -> None:
        model.loss.params, model.loss.optimizer_state = first, None
        model.train(documents(STEPS))
        gpt.sample(model.scores(), NAMES, seed=1)

    return run


def losses_compiled() -> Callable[[], Any]:
    def run() -> np.ndarray:
        model = gpt.Compiled(FEW)
        return np.array([model.train([tokens]) for tokens in documents(FEW)])

    return run


def losses_of_script() -> Callable[[], Any]:
    def run() -> np.ndarray:
        return np.array(gpt.train_eagerly(gpt.Number, documents(FEW))[1])

    return run


def same() -> Goal:
    def decide(medians: Mapping[str, float]) -> tuple[str, bool]:
        return f"{FEW} steps compared", COMPILED in medians and EAGER in medians

    return Goal("losses equal to those of the script, to 1e-9", decide)


def row() -> Row:
    return Row(
        title="microgpt from beginning to end, float64",
        unit="s",
        seconds=1.0,
        contestants=[
            Contestant(COLD, lambda: ready(cold=True), repeat=False, note="all lengths"),
            Contestant(WARM, lambda: ready(cold=False), repeat=False, note="all lengths"),
            Contestant(WHOLE, whole, repeat=False, note="once ready"),
            Contestant(COMPILED, losses_compiled, repeat=False, kind="losses"),
            Contestant(EAGER, losses_of_script, repeat=False, kind="losses"),
        ],
        goals=[
            at_most("all lengths ready in at most 5 s, cold", 5.0, COLD),
            at_most("all lengths ready in at most 1 s, warm", 1.0, WARM),
            at_most("steps and names in under 1 s", 1.0, WHOLE),
            same(),
        ],
        rtol=1e-9,
        atol=1e-12,
        rounds=3,
    )


if __name__ == "__main__":
    main(row)

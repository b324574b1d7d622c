"""The eager engine against micrograd: one training step of micrograd's moons demo, import changed.

Everything recorded is the demo's own recipe: inputs wrapped in Values, a hinge loss over 100
samples, an L2 penalty, backward, gradient descent.
"""

from __future__ import annotations

import gc
import random
from typing import TYPE_CHECKING, Any

from harness import Contestant, Row, against, main

if TYPE_CHECKING:
    from collections.abc import Callable


def moons_step(Value: Any, MLP: Any) -> Callable[[], Any]:
    """Return the script's training step, given what the script imports."""
    from sklearn.datasets import make_moons

    X, y = make_moons(n_samples=100, noise=0.1, random_state=1)
    rows, labels = X.tolist(), (2 * y - 1).tolist()
    random.seed(1337)
    model = MLP(2, [16, 16, 1])
    start = [p.data for p in model.parameters()]

    def step() -> tuple[list[float], list[float]]:
        for p, number in zip(model.parameters(), start, strict=True):
            p.data = number  # every call does the same work
        scores = [model([Value(x) for x in row]) for row in rows]
        losses = [(1 + -yi * si).relu() for yi, si in zip(labels, scores, strict=True)]
        data_loss = sum(losses) * (1.0 / len(losses))
        total = data_loss + 1e-4 * sum(p * p for p in model.parameters())
        model.zero_grad()
        total.backward()
        for p in model.parameters():
            p.data -= 1.0 * p.grad
        return [total.data], [p.data for p in model.parameters()]

    return step


def ours() -> Callable[[], Any]:
    from mgcore import Value
    from mgnn import MLP

    return moons_step(Value, MLP)


def theirs() -> Callable[[], Any]:
    from micrograd.engine import Value
    from micrograd.nn import MLP

    return moons_step(Value, MLP)


def uncollected(prepare: Callable[[], Callable[[], Any]]) -> Callable[[], Callable[[], Any]]:
    """Return the same with Python's cycle collector off, where most of micrograd's time goes."""

    def prepare_it() -> Callable[[], Any]:
        step = prepare()

        def run() -> Any:
            gc.disable()
            try:
                return step()
            finally:
                gc.enable()

        return run

    return prepare_it


def row() -> Row:
    return Row(
        title="Eager: a micrograd script, only its import changed (moons step, 100 samples)",
        unit="ms a step",
        seconds=1e-3,
        contestants=[
            Contestant("mgcore", ours, "mgcore"),
            Contestant("micrograd", theirs, "micrograd"),
            Contestant("mgcore, collector off", uncollected(ours)),
            Contestant("micrograd, collector off", uncollected(theirs)),
        ],
        goals=[against("30 times faster than micrograd", "micrograd", 1 / 30)],
        rounds=5,
        block_seconds=0.5,  # so that our own share of Python's garbage collection is in it
    )


if __name__ == "__main__":
    main(row)

"""Irregular graphs: ready in 0.6 s, a nanosecond an op and sample, linear up to 10^6 nodes."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

from harness import Contestant, Goal, Row, at_most, main

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

SAMPLES = 256
NODES = 100_000
WINDOW = 200


def record(count: int) -> tuple[Any, list[Any], int]:
    """Record a random graph of about `count` nodes; return its output, inputs and live nodes."""
    from mgcore import Value, ops, topological_order

    rng = random.Random(count)  # noqa: S311 - no secret
    inputs = [Value(rng.uniform(-1, 1), f"x{i}") for i in range(10)]
    nodes = list(inputs)
    for _ in range(count):
        a, b = nodes[-1 - rng.randrange(min(len(nodes), 20))], rng.choice(nodes[-WINDOW:])
        kind = rng.random()
        if kind < 0.1:
            made = ops.tanh(a)
        elif kind < 0.5:
            made = a * 0.6 + b
        elif kind < 0.8:
            made = a - b * 0.5
        else:
            made = a * b
        nodes.append(made if abs(made.data) < 2.0 else ops.tanh(made))
    output = ops.sum(*nodes[-WINDOW:], *inputs)
    live = sum(node.op is not None for node in topological_order(output))
    return output, inputs, live


def ready(count: int) -> Callable[[], Callable[[], Any]]:
    """Compile anew at every call."""

    def prepare() -> Callable[[], Any]:
        import mgcompile

        output, inputs, _ = record(count)

        def stages() -> None:
            mgcompile.compile(output, inputs, cache=False)

        return stages

    return prepare


def run() -> Callable[[], Any]:
    import numpy as np

    import mgcompile

    output, inputs, _ = record(NODES)
    kernel = mgcompile.compile(output, inputs, cache=False)
    X = np.random.default_rng(0).uniform(-1, 1, size=(SAMPLES, len(inputs)))

    def call() -> None:
        kernel(X)

    return call


def linear() -> Goal:
    def decide(medians: Mapping[str, float]) -> tuple[str, bool]:
        figure = medians["mgcore, ready, 10^6 nodes"] / medians["mgcore, ready, 10^5 nodes"]
        return f"{figure:.3g} times for 10 times the nodes", figure <= 15.0

    return Goal("time to be ready grows linearly up to 10^6 nodes", decide)


def row() -> Row:
    live = record(NODES)[2]

    def nanoseconds(medians: Mapping[str, float]) -> tuple[str, bool]:
        figure = medians["mgcore, one call"] * 1e6 / (live * SAMPLES)
        return f"{figure:.3g} ns", figure <= 1.0

    return Row(
        title=f"Irregular graph of {NODES:,} nodes ({live:,} live), {SAMPLES} samples",
        unit="ms",
        seconds=1e-3,
        contestants=[
            Contestant("mgcore, ready, 10^5 nodes", ready(NODES), "mgcore", repeat=False),
            Contestant("mgcore, ready, 10^6 nodes", ready(10 * NODES), "mgcore", repeat=False),
            Contestant("mgcore, one call", run, "mgcore"),
        ],
        goals=[
            at_most("10^5 nodes ready in at most 0.6 s", 600.0, "mgcore, ready, 10^5 nodes"),
            at_most("10^6 nodes ready in at most 6 s", 6000.0, "mgcore, ready, 10^6 nodes"),
            Goal("at most 1 ns an op and sample", nanoseconds),
            linear(),
        ],
        rounds=3,
    )


if __name__ == "__main__":
    main(row)

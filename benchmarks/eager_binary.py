"""The eager engine against micrograd on a script of plain binary operations, import changed.

The net of the moons demo (2-16-16-1, 20 samples), written out with +, *, ** and relu alone, and
each weight times each input a node of its own.
"""

from __future__ import annotations

import itertools
import random
from typing import TYPE_CHECKING, Any

from harness import Contestant, Row, against, main

if TYPE_CHECKING:
    from collections.abc import Callable


def plain_step(Value: Any) -> Callable[[], Any]:
    """Return the script's gradient, given what the script imports."""
    rng = random.Random(7)  # noqa: S311 - no secret
    sizes = [2, 16, 16, 1]
    layers = [
        [[Value(rng.uniform(-1, 1)) for _ in range(nin + 1)] for _ in range(nout)]
        for nin, nout in itertools.pairwise(sizes)
    ]
    parameters = [p for layer in layers for neuron in layer for p in neuron]
    samples = [([rng.uniform(-1, 1), rng.uniform(-1, 1)], rng.choice([-1, 1])) for _ in range(20)]

    def net(x: list[Any]) -> Any:
        for depth, layer in enumerate(layers):
            sums = []
            for *w, b in layer:
                total = b
                for wi, xi in zip(w, x, strict=True):
                    total = total + wi * xi
                sums.append(total)
            x = sums if depth == 2 else [s.relu() for s in sums]
        return x[0]

    def step() -> tuple[list[float], list[float]]:
        for p in parameters:
            p.grad = 0
        loss = Value(0.0)
        for x, y in samples:
            loss = loss + (net(x) - y) ** 2
        loss = loss / len(samples)
        loss.backward()
        return [loss.data], [p.grad for p in parameters]

    return step


def ours() -> Callable[[], Any]:
    from mgcore import Value

    return plain_step(Value)


def theirs() -> Callable[[], Any]:
    from micrograd.engine import Value

    return plain_step(Value)


def row() -> Row:
    return Row(
        title="Eager: a script of plain binary operations, only its import changed",
        unit="ms a step",
        seconds=1e-3,
        contestants=[
            Contestant("mgcore", ours, "mgcore"),
            Contestant("micrograd", theirs, "micrograd"),
        ],
        goals=[against("2 times faster than micrograd", "micrograd", 1 / 2)],
    )


if __name__ == "__main__":
    main(row)

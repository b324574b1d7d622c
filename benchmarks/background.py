"""Usable at once: the first result of kernels whose machine code is made in the background.

Beside each the same work by a kernel that is compiled before it is called. Graphs are recorded
before the clock starts, but for microgpt, which is traced. The background begins once the first
result is there, and ends with its kernel.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from harness import Contestant, Row, against, main

if TYPE_CHECKING:
    from collections.abc import Callable

IRREGULAR = 20_000
"""Nodes."""

WORK = {
    "GP gradient": ("value_and_grad", 1 / 3),
    "GP Hessian": ("hessian", 1 / 3),
    "microgpt gradient": ("loss_and_grad", 1 / 2),
    "784-128-10 gradient": ("loss_and_grad", 1.0),
    "irregular gradient": ("value_and_grad", 1.0),
}
"""What is asked of a kernel, and the goal: its time as a part of that compiled first."""


def process() -> tuple[Callable[..., Any], np.ndarray]:
    import gaussian_process

    import mgcompile
    from mgcore import Value, ops

    theta = [Value(number) for number in gaussian_process.at().tolist()]
    found = gaussian_process.likelihood(theta, ops)
    return lambda **how: mgcompile.compile(found, theta, cache=False, **how), gaussian_process.at()


def layers() -> tuple[Callable[..., Any], np.ndarray]:
    import mgcompile
    from mgcore import Value, ops
    from mgnn import MLP

    model = MLP(784, [128, 10], activation="tanh", seed=1)
    inputs = [Value(0.1 * (i % 7)) for i in range(784)]
    loss = ops.sum(*[out * out for out in model(inputs)])
    params = model.parameters()
    X = np.random.default_rng(0).uniform(-1.0, 1.0, size=(64, 784))
    return lambda **how: mgcompile.compile(loss, inputs, params, cache=False, **how), X


def names() -> tuple[Callable[..., Any], np.ndarray]:
    import microgpt

    import mgcompile
    from mgcore import Value

    gpt = microgpt.gpt
    matrices = gpt.matrices(Value, seed=42)
    params = [p for matrix in matrices.values() for row in matrix for p in row]
    example = [gpt.EDGE] * (gpt.POSITIONS + 1), [1.0 / gpt.POSITIONS] * gpt.POSITIONS

    def loss(tokens: Any, weights: Any) -> Any:
        return gpt.loss(matrices, tokens, weights, gpt.BY_OPS)

    def make(**how: Any) -> Any:
        return mgcompile.trace(loss, example, params, cache=False, **how)

    return make, np.zeros((1, 2 * gpt.POSITIONS + 1))


def irregular() -> tuple[Callable[..., Any], np.ndarray]:
    import irregular

    import mgcompile

    out, inputs, _ = irregular.record(IRREGULAR)
    X = np.random.default_rng(0).uniform(-0.5, 0.5, size=(1, len(inputs)))
    return lambda **how: mgcompile.compile(out, inputs, cache=False, **how), X


MAKERS = {"GP": process, "microgpt": names, "784-128-10": layers, "irregular": irregular}


def first(work: str, *, background: bool) -> Callable[[], Callable[[], Any]]:
    def prepare() -> Callable[[], Any]:
        make, X = MAKERS[work.split()[0]]()
        method = WORK[work][0]
        return lambda: getattr(make(background=background), method)(X)

    return prepare


def names_of(work: str) -> tuple[str, str]:
    return f"mgcore, {work}, in the background", f"mgcore, {work}, compiled first"


def row() -> Row:
    contestants, goals = [], []
    for work, (_, part) in WORK.items():
        early, plain = names_of(work)
        for name, background in ((plain, False), (early, True)):
            prepare = first(work, background=background)
            contestants.append(Contestant(name, prepare, repeat=False, kind=work))
        text = f"{work}: at most {part:.2g} of the time of one compiled first"
        goals.append(against(text, plain, part, early))
    return Row(
        title="From a recorded graph to the first result, float64",
        unit="ms",
        seconds=1e-3,
        contestants=contestants,
        goals=goals,
        rtol=1e-6,
        atol=1e-9,
        rounds=3,
    )


if __name__ == "__main__":
    main(row)

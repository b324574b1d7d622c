"""One gradient-descent step on the moons data, compiled: 2-16-16-1, 100 samples, float64.

Inside the native training loop, and as one call of `loss_and_grad` from Python.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from harness import Contestant, Goal, Row, against, main

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

STEPS, LR = 2000, 0.02


def data() -> tuple[np.ndarray, np.ndarray]:
    from sklearn.datasets import make_moons

    X, y = make_moons(n_samples=100, noise=0.1, random_state=1)
    return X, 2.0 * y - 1.0


def net() -> tuple[Any, list[Any], Any]:
    from mgcore import Value, ops
    from mgnn import MLP

    x = [Value(0.0, label=name) for name in ("x0", "x1", "y")]
    model = MLP(2, [16, 16, 1], seed=7)
    return x, model.parameters(), ops.relu(1 - x[2] * model(x[:2]))


def start() -> np.ndarray:
    return np.array([parameter.data for parameter in net()[1]])


def layers(flat: Any) -> list[Any]:
    """Cut the parameters, neuron by neuron, into weights and biases of the layers."""
    found, place = [], 0
    for rows, columns in ((16, 2), (16, 16), (1, 16)):
        block = flat[place : place + rows * (columns + 1)].reshape(rows, columns + 1)
        found += [block[:, :-1], block[:, -1]]
        place += rows * (columns + 1)
    return found


def ours_in_loop() -> Callable[[], Any]:
    import mgcompile
    from mgnn.optim import SGD

    x, params, loss = net()
    kernel = mgcompile.compile(loss, inputs=x, params=params)
    X, y = data()
    rows, first = np.column_stack([X, y]), start()

    def run() -> np.ndarray:
        kernel.params = first
        kernel.train(rows, SGD(lr=LR), epochs=STEPS)
        return kernel.params

    run()
    return run


def ours_from_python() -> Callable[[], Any]:
    import mgcompile

    x, params, loss = net()
    kernel = mgcompile.compile(loss, inputs=x, params=params)
    X, y = data()
    rows = np.column_stack([X, y])

    def run() -> None:
        kernel.loss_and_grad(rows)

    return run


def jax_step() -> tuple[Any, Any, np.ndarray]:
    import jax
    import jax.numpy as jnp

    X, y = (jnp.asarray(part) for part in data())

    def loss(flat: Any) -> Any:
        w1, b1, w2, b2, w3, b3 = layers(flat)
        hidden = jnp.maximum(X @ w1.T + b1, 0)
        hidden = jnp.maximum(hidden @ w2.T + b2, 0)
        return jnp.mean(jnp.maximum(1 - y * (hidden @ w3.T + b3)[:, 0], 0))

    return jax, lambda flat: flat - LR * jax.grad(loss)(flat), start()


def jax_in_loop() -> Callable[[], Any]:
    jax, step, first = jax_step()
    run = jax.jit(lambda flat: jax.lax.fori_loop(0, STEPS, lambda _, p: step(p), flat))
    return lambda: np.asarray(run(first))


def jax_from_python() -> Callable[[], Any]:
    jax, step, first = jax_step()
    run = jax.jit(step)

    def call() -> None:
        run(first).block_until_ready()

    return call


def torch_eager() -> Callable[[], Any]:
    import torch
    from torch import nn

    torch.set_num_threads(1)
    X, y = (torch.tensor(part) for part in data())
    linear = [nn.Linear(2, 16), nn.Linear(16, 16), nn.Linear(16, 1)]
    model = nn.Sequential(linear[0], nn.ReLU(), linear[1], nn.ReLU(), linear[2]).double()
    optimizer = torch.optim.SGD(model.parameters(), lr=LR)
    first = [torch.tensor(part.copy()) for part in layers(start())]

    def run() -> np.ndarray:
        with torch.no_grad():
            for parameter, value in zip(model.parameters(), first, strict=True):
                parameter.copy_(value)
        for _ in range(STEPS):
            optimizer.zero_grad()
            loss = torch.relu(1 - y * model(X)[:, 0]).mean()
            loss.backward()
            optimizer.step()
        arrays = [part.detach().numpy() for part in model.parameters()]
        pairs = zip(arrays[::2], arrays[1::2], strict=True)
        return np.concatenate([np.column_stack(pair).ravel() for pair in pairs])

    return run


def overhead(medians: Mapping[str, float]) -> tuple[str, bool]:
    more = medians["mgcore, one call"] - medians["mgcore"]
    return f"{more:.2f} us", more <= 1.0


def row() -> Row:
    return Row(
        title="Compiled moons step, 2-16-16-1, 100 samples, float64",
        unit="us a step",
        seconds=1e-6,
        contestants=[
            Contestant("mgcore", ours_in_loop, scale=STEPS, note="native loop"),
            Contestant("mgcore, one call", ours_from_python, note="loss_and_grad from Python"),
            Contestant("JAX", jax_in_loop, "jax", STEPS, note="fori_loop"),
            Contestant("JAX, one call", jax_from_python, "jax", note="jit from Python"),
            Contestant(
                "PyTorch", torch_eager, "torch", STEPS, repeat=False, note="eager, nn and optim"
            ),
        ],
        goals=[
            against("at most 1/2 of JAX inside its loop", "JAX", 0.5),
            against("at most 1/100 of PyTorch eager", "PyTorch", 0.01),
            Goal("one call from Python at most 1 us over the loop's step", overhead),
        ],
        rtol=1e-9,
        atol=1e-12,
        rounds=7,
        block_seconds=0.01,
    )


if __name__ == "__main__":
    main(row)

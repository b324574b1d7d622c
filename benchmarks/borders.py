"""Gradient of the heat equation between held ends, 256 cells, 200 steps, beside that of a ring."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from harness import Contestant, Row, against, against_best, main

if TYPE_CHECKING:
    from collections.abc import Callable

CELLS, STEPS, RATE = 256, 200, 0.2
RING = "mgcore, a ring"
READY, RING_READY = "mgcore, record and compile", "mgcore, record and compile a ring"


def start() -> np.ndarray:
    return np.random.default_rng(0).uniform(-1.0, 1.0, size=(1, CELLS))


def stepped(u: list[Any], *, ring: bool) -> list[Any]:
    """Return the cells after one step: the ends are held, or are each other's neighbours."""
    n = len(u)
    whose = range(n) if ring else range(1, n - 1)
    inner = [u[i] + RATE * (u[i - 1] - 2.0 * u[i] + u[(i + 1) % n]) for i in whose]
    return inner if ring else [u[0], *inner, u[-1]]


def compiled(*, ring: bool) -> Any:
    import mgcompile
    from mgcore import Value, ops

    cells = u = [Value(x) for x in start()[0].tolist()]
    for _ in range(STEPS):
        u = stepped(u, ring=ring)
    kernel = mgcompile.compile(ops.sum(*(x * x for x in u)), inputs=cells)
    kernel.value_and_grad(start())
    return kernel


def ours() -> Callable[[], Any]:
    kernel, X = compiled(ring=False), start()
    return lambda: kernel.value_and_grad(X)


def ours_ring() -> Callable[[], Any]:
    kernel, X = compiled(ring=True), start()

    def run() -> None:
        kernel.value_and_grad(X)

    return run


def uncached(*, ring: bool) -> Callable[[], Any]:
    import os

    os.environ["MGCORE_CACHE"] = "off"

    def run() -> None:
        compiled(ring=ring)

    return run


def ready() -> Callable[[], Any]:
    return uncached(ring=False)


def ring_ready() -> Callable[[], Any]:
    return uncached(ring=True)


def jax_scan() -> Callable[[], Any]:
    import jax
    import jax.numpy as jnp

    def step(u: Any, _: Any) -> tuple[Any, None]:
        inner = u[1:-1] + RATE * (u[:-2] - 2.0 * u[1:-1] + u[2:])
        return jnp.concatenate([u[:1], inner, u[-1:]]), None

    def value(u: Any) -> Any:
        last, _ = jax.lax.scan(step, u, length=STEPS)
        return jnp.sum(last * last)

    function = jax.jit(jax.vmap(jax.value_and_grad(value)))
    X = jnp.asarray(start())

    def run() -> tuple[np.ndarray, np.ndarray]:
        values, gradients = jax.block_until_ready(function(X))
        return np.asarray(values), np.asarray(gradients)

    return run


def row() -> Row:
    return Row(
        title="Gradient of the heat equation between held ends, 256 cells, 200 steps, float64",
        unit="us a call",
        seconds=1e-6,
        contestants=[
            Contestant("mgcore", ours),
            Contestant(RING, ours_ring),
            Contestant(READY, ready, repeat=False),
            Contestant(RING_READY, ring_ready, repeat=False),
            Contestant("JAX", jax_scan, "jax", note="scan"),
        ],
        goals=[
            against("at most 1.3 of the ring", RING, 1.3),
            against("ready in at most 1.3 of the ring's time", RING_READY, 1.3, READY),
            against_best("at most the best of the peers", 1.0),
        ],
        rtol=1e-8,
        atol=1e-10,
        rounds=5,
    )


if __name__ == "__main__":
    main(row)

"""Runge-Kutta on a chain of cells with a first one that has no neighbour, beside that of a ring.

y_i' = x_i y_(i-1) - y_i, and y_0' = x_0 - y_0, or in a ring with the last cell for a neighbour.
Every step is recorded, and none is told to be like another.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from harness import Contestant, Row, against, against_best, main

if TYPE_CHECKING:
    from collections.abc import Callable

CELLS, STEPS, H = 32, 50, 0.02
RING = "mgcore, gradient, a ring"
OURS = "mgcore, gradient"
READY, RING_READY = "mgcore, record and compile", "mgcore, record and compile a ring"


def rates() -> np.ndarray:
    return np.random.default_rng(0).uniform(0.5, 1.5, size=CELLS)


def integral(x: Any, *, ring: bool) -> Any:
    """Return the sum of squares at the end."""

    def slope(y: Any) -> Any:
        first = x[0] * y[-1] - y[0] if ring else x[0] - y[0]
        return [first, *[x[i] * y[i - 1] - y[i] for i in range(1, CELLS)]]

    def moved(y: Any, h: float, k: Any) -> Any:
        return [a + h * b for a, b in zip(y, k, strict=True)]

    y = [0.1 * each for each in x]
    for _ in range(STEPS):
        k1 = slope(y)
        k2 = slope(moved(y, H / 2, k1))
        k3 = slope(moved(y, H / 2, k2))
        k4 = slope(moved(y, H, k3))
        ks = zip(k1, k2, k3, k4, strict=True)
        y = moved(y, H / 6, [a + 2.0 * b + 2.0 * c + d for a, b, c, d in ks])
    return sum(each * each for each in y)


def compiled(*, ring: bool) -> Any:
    import mgcompile

    kernel = mgcompile.trace(lambda x: integral(x, ring=ring), (rates().tolist(),))
    kernel.value_and_grad(rates())
    return kernel


def ours(*, ring: bool, gradient: bool) -> Callable[[], Any]:
    kernel, x = compiled(ring=ring), rates()
    return (lambda: kernel.value_and_grad(x)) if gradient else lambda: kernel(x)


def ready(*, ring: bool) -> Callable[[], Any]:
    import os

    os.environ["MGCORE_CACHE"] = "off"

    def run() -> None:
        compiled(ring=ring)

    return run


def jax_scan() -> Callable[[], Any]:
    import jax
    import jax.numpy as jnp

    def value(x: Any) -> Any:
        def slope(y: Any) -> Any:
            return jnp.concatenate([x[:1], x[1:] * y[:-1]]) - y

        def step(y: Any, _: Any) -> tuple[Any, None]:
            k1 = slope(y)
            k2 = slope(y + H / 2 * k1)
            k3 = slope(y + H / 2 * k2)
            k4 = slope(y + H * k3)
            return y + H / 6 * (k1 + 2.0 * k2 + 2.0 * k3 + k4), None

        last, _ = jax.lax.scan(step, 0.1 * x, length=STEPS)
        return jnp.sum(last * last)

    function, x = jax.jit(jax.value_and_grad(value)), jnp.asarray(rates())
    return lambda: jax.block_until_ready(function(x))


def row() -> Row:
    def contestant(name: str, *, ring: bool, gradient: bool) -> Contestant:
        made = lambda: ours(ring=ring, gradient=gradient)  # noqa: E731 - one of four alike
        return Contestant(name, made, kind=f"{ring} {gradient}")

    return Row(
        title=f"RK4 on a chain with a border, {CELLS} cells, {STEPS} steps recorded, float64",
        unit="us a call",
        seconds=1e-6,
        contestants=[
            contestant(OURS, ring=False, gradient=True),
            contestant(RING, ring=True, gradient=True),
            contestant("mgcore, value", ring=False, gradient=False),
            contestant("mgcore, value, a ring", ring=True, gradient=False),
            Contestant(READY, lambda: ready(ring=False), repeat=False, kind="ready"),
            Contestant(RING_READY, lambda: ready(ring=True), repeat=False, kind="ready"),
            Contestant("JAX", jax_scan, "jax", note="gradient, scan", kind="False True"),
        ],
        goals=[
            against("gradient at most 1.3 of the ring's", RING, 1.3, OURS),
            against(
                "value at most 1.3 of the ring's", "mgcore, value, a ring", 1.3, "mgcore, value"
            ),
            against("ready in at most 1.3 of the ring's time", RING_READY, 1.3, READY),
            against_best("gradient at most the best of the peers'", 1.0, OURS),
        ],
        rtol=1e-9,
        atol=1e-12,
        rounds=5,
    )


if __name__ == "__main__":
    main(row)

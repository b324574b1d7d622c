"""Gradient of a Runge-Kutta integration: Lotka-Volterra, 1,000 steps, 1,000 states, float64."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from harness import Contestant, Goal, Row, against_best, main

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

STEPS, COUNT, H = 1000, 1000, 0.01
RATES = (1.1, 0.4, 0.1, 0.4)
READY = "mgcore, record and compile"
SHORT = 50


def states() -> np.ndarray:
    return np.random.default_rng(0).uniform(0.5, 1.5, size=(COUNT, 2))


def slope(x: Any, y: Any) -> tuple[Any, Any]:
    a, b, c, d = RATES
    return a * x - b * x * y, c * x * y - d * y


def step(x: Any, y: Any) -> tuple[Any, Any]:
    k1 = slope(x, y)
    k2 = slope(x + H / 2 * k1[0], y + H / 2 * k1[1])
    k3 = slope(x + H / 2 * k2[0], y + H / 2 * k2[1])
    k4 = slope(x + H * k3[0], y + H * k3[1])
    x = x + H / 6 * (k1[0] + 2 * k2[0] + 2 * k3[0] + k4[0])
    y = y + H / 6 * (k1[1] + 2 * k2[1] + 2 * k3[1] + k4[1])
    return x, y


def integral(x: Any, y: Any, steps: int = STEPS) -> Any:
    for _ in range(steps):
        x, y = step(x, y)
    return x * x + y


def compiled(threads: int = 1) -> Any:
    import mgcompile
    from mgcore import Value

    inputs = [Value(1.0, label="x"), Value(0.5, label="y")]
    kernel = mgcompile.compile(integral(*inputs), inputs=inputs, params=[], threads=threads)
    kernel.value_and_grad(states()[:1])
    return kernel


def ours() -> Callable[[], Any]:
    kernel, X = compiled(), states()
    return lambda: kernel.value_and_grad(X)


def ours_ready() -> Callable[[], Any]:
    import os

    os.environ["MGCORE_CACHE"] = "off"

    def run() -> None:
        compiled()

    return run


def jax_scan() -> Callable[[], Any]:
    import jax
    import jax.numpy as jnp

    def value(state: Any) -> Any:
        last, _ = jax.lax.scan(lambda s, _: (step(*s), None), (state[0], state[1]), length=STEPS)
        return last[0] * last[0] + last[1]

    function = jax.jit(jax.vmap(jax.value_and_grad(value)))
    X = jnp.asarray(states())

    def run() -> tuple[np.ndarray, np.ndarray]:
        values, gradients = jax.block_until_ready(function(X))
        return np.asarray(values), np.asarray(gradients)

    return run


def casadi() -> Callable[[], Any]:
    import casadi as ca

    x = ca.SX.sym("x", 2)
    value = integral(x[0], x[1])
    function = ca.Function("f", [x], [value, ca.gradient(value, x)])
    mapped, columns = function.map(COUNT), states().T

    def run() -> tuple[np.ndarray, np.ndarray]:
        values, gradients = mapped(columns)
        return np.array(values)[0], np.array(gradients).T

    return run


def ddx_short() -> Callable[[], Any]:
    import ddx

    equation = ddx.equation(lambda: integral(ddx.var("x"), ddx.var("y"), SHORT))
    points = np.ascontiguousarray(states().T)
    equation.compile(points=COUNT)

    def run() -> None:
        equation.jacobian(points)

    return run


def ready(medians: Mapping[str, float]) -> tuple[str, bool]:
    seconds = medians[READY] * COUNT * 1e-6
    return f"{seconds:.2f} s", seconds < 1.0


def row() -> Row:
    return Row(
        title="Gradient of RK4, Lotka-Volterra, 1,000 steps, batch 1,000, float64",
        unit="us a sample",
        seconds=1e-6,
        contestants=[
            Contestant("mgcore", ours, scale=COUNT),
            Contestant(READY, ours_ready, scale=COUNT, repeat=False, note="ms, all of it"),
            Contestant("JAX", jax_scan, "jax", COUNT, note="scan under vmap"),
            Contestant("CasADi", casadi, "casadi", COUNT, repeat=False),
            Contestant(
                "ddx-ad",
                ddx_short,
                "ddx-ad",
                COUNT * SHORT / STEPS,
                note=f"{SHORT} steps, times {STEPS // SHORT}; 1,000 take minutes to compile",
            ),
        ],
        goals=[
            Goal("record and compile under 1 s", ready),
            against_best("at most the best of the peers", 1.0),
        ],
        rtol=1e-8,
        atol=1e-10,
        rounds=5,
    )


if __name__ == "__main__":
    main(row)

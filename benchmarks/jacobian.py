"""Jacobian of 20 outputs of an ODE to 3 parameters: logistic growth, 200 RK4 steps, float64."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from harness import Contestant, Goal, Row, against_best, main

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

STEPS, EVERY, H = 200, 10, 0.05
POINT = (0.8, 10.0, 0.5)
READY, JAX_READY = "mgcore, record and compile", "JAX, trace and compile"


def step(r: Any, K: Any, y: Any) -> Any:
    """Return the state after one step of growth at rate r to the capacity K."""

    def slope(y: Any) -> Any:
        return r * y * (1.0 - y / K)

    k1 = slope(y)
    k2 = slope(y + H / 2 * k1)
    k3 = slope(y + H / 2 * k2)
    k4 = slope(y + H * k3)
    return y + H / 6 * (k1 + 2 * k2 + 2 * k3 + k4)


def states(r: Any, K: Any, y: Any) -> list[Any]:
    """Return the state after every tenth step."""
    found = []
    for number in range(STEPS):
        y = step(r, K, y)
        if number % EVERY == EVERY - 1:
            found.append(y)
    return found


def compiled() -> Any:
    import mgcompile
    from mgcore import Value

    inputs = [Value(x) for x in POINT]
    kernel = mgcompile.compile(states(*inputs), inputs)
    kernel.jacobian(np.array(POINT))
    return kernel


def ours() -> Callable[[], Any]:
    kernel, x = compiled(), np.array(POINT)
    return lambda: kernel.jacobian(x)


def ours_ready() -> Callable[[], Any]:
    import os

    os.environ["MGCORE_CACHE"] = "off"

    def run() -> None:
        compiled()

    return run


def by_jax(mode: str) -> Callable[[Any], Any]:
    import jax

    def scanned(x: Any) -> Any:
        def once(y: Any, _: None) -> tuple[Any, Any]:
            y = step(x[0], x[1], y)
            return y, y

        return jax.lax.scan(once, x[2], None, length=STEPS)[1][EVERY - 1 :: EVERY]

    function: Callable[[Any], Any] = jax.jit(getattr(jax, mode)(scanned))
    return function


def jax_calls(mode: str) -> Callable[[], Any]:
    import jax

    function, x = by_jax(mode), jax.numpy.asarray(POINT)
    return lambda: np.asarray(function(x))


def jax_ready() -> Callable[[], Any]:
    import jax

    x = jax.numpy.asarray(POINT)

    def run() -> None:
        by_jax("jacfwd")(x).block_until_ready()

    return run


def torch() -> Callable[[], Any]:
    import torch

    torch.set_num_threads(1)
    x = torch.tensor(POINT, dtype=torch.float64)
    function = torch.func.jacrev(lambda x: torch.stack(states(*x)))
    return lambda: function(x).numpy()


def casadi() -> Callable[[], Any]:
    import casadi as ca

    x = ca.SX.sym("x", 3)
    outputs = ca.vertcat(*states(x[0], x[1], x[2]))
    function = ca.Function("f", [x], [ca.jacobian(outputs, x)])
    return lambda: np.array(function(POINT))


def ready(medians: Mapping[str, float]) -> tuple[str, bool]:
    ratio = medians[READY] / medians[JAX_READY]
    return f"{ratio:.2f} of JAX", ratio <= 1.0


def row() -> Row:
    return Row(
        title="Jacobian of 20 outputs to 3 parameters, logistic growth, 200 RK4 steps, float64",
        unit="us a call",
        seconds=1e-6,
        contestants=[
            Contestant("mgcore", ours),
            Contestant(READY, ours_ready, scale=1000, repeat=False, note="ms, all of it"),
            Contestant("JAX, jacfwd", lambda: jax_calls("jacfwd"), "jax", note="scan, jit"),
            Contestant("JAX, jacrev", lambda: jax_calls("jacrev"), "jax", note="scan, jit"),
            Contestant(JAX_READY, jax_ready, "jax", 1000, repeat=False, note="ms, jacfwd"),
            Contestant("PyTorch, func.jacrev", torch, "torch", repeat=False),
            Contestant("CasADi", casadi, "casadi"),
        ],
        goals=[
            Goal("ready as soon as JAX", ready),
            against_best("faster per call than the best of the peers", 1.0),
        ],
        rtol=1e-9,
        atol=1e-12,
        rounds=5,
    )


if __name__ == "__main__":
    main(row)

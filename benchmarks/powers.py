"""A power with a constant exponent beside the multiplication that it stands for."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from harness import Contestant, Row, against, main

if TYPE_CHECKING:
    from collections.abc import Callable

SIZE, COUNT, WEIGHTS = 100, 10_000, 8


def power(x: Any) -> Any:
    return x**2


def product(x: Any) -> Any:
    return x * x


def rosenbrock(x: Any, square: Callable[[Any], Any]) -> Any:
    return sum(100.0 * square(b - square(a)) + square(1.0 - a) for a, b in pairwise(x))


def point() -> np.ndarray:
    return np.random.default_rng(0).uniform(-1.0, 1.0, size=SIZE)


def gradient(square: Callable[[Any], Any]) -> Callable[[], Any]:
    import mgcompile

    x = point()
    kernel = mgcompile.trace(lambda x: rosenbrock(x, square), (x.tolist(),))
    return lambda: kernel.value_and_grad(x)


def errors(square: Callable[[Any], Any]) -> Callable[[], Any]:
    """Return the mean squared error of a linear model and its gradient, of many samples."""
    import mgcompile
    from mgcore import Value, ops

    w, b = [Value(0.1) for _ in range(WEIGHTS)], Value(0.2)

    def error(x: Any, y: Any) -> Any:
        return square(ops.dot(*w, *x) + b - y)

    kernel = mgcompile.trace(error, ([0.1] * WEIGHTS, 0.0), params=[*w, b])
    rows = np.random.default_rng(1).uniform(-1.0, 1.0, size=(COUNT, WEIGHTS + 1))
    return lambda: kernel.loss_and_grad(rows)


def eager(square: Callable[[Any], Any]) -> Callable[[], Any]:
    from mgcore import Value

    numbers = point().tolist()

    def run() -> tuple[float, list[float]]:
        x = [Value(number) for number in numbers]
        out = rosenbrock(x, square)
        out.backward()
        return out.data, [each.grad for each in x]

    return run


def jax_gradient() -> Callable[[], Any]:
    import jax
    import jax.numpy as jnp

    def value(x: Any) -> Any:
        return jnp.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)

    function, x = jax.jit(jax.value_and_grad(value)), jnp.asarray(point())
    return lambda: jax.block_until_ready(function(x))


KINDS = {"Rosenbrock": gradient, "squared errors": errors, "eager": eager}


def contestant(kind: str, how: str, square: Callable[[Any], Any]) -> Contestant:
    prepare = KINDS[kind]
    return Contestant(f"mgcore, {kind}, {how}", lambda: prepare(square), kind=kind)


def row() -> Row:
    ways = (("x ** 2", power), ("x * x", product))
    return Row(
        title=f"x ** 2 beside x * x: gradient of Rosenbrock-{SIZE}, of {COUNT:,} squared errors",
        unit="us a call",
        seconds=1e-6,
        contestants=[
            *(contestant(kind, how, square) for kind in KINDS for how, square in ways),
            Contestant("JAX", jax_gradient, "jax", kind="Rosenbrock", note="Rosenbrock"),
        ],
        goals=[
            against(
                f"{kind}: the same time as the product, to a twentieth",
                f"mgcore, {kind}, x * x",
                1.05,
                f"mgcore, {kind}, x ** 2",
            )
            for kind in KINDS
        ],
        rtol=1e-9,
        atol=1e-12,
    )


if __name__ == "__main__":
    main(row)

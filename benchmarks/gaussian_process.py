"""Ready to give the gradient and the Hessian of a Gaussian process's likelihood, 30 points.

Minus the logarithm of the marginal likelihood by length, height and noise, with the Cholesky factor
and the forward substitution written out in single numbers, as everybody writes them on Values.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from harness import Contestant, Row, against, at_most, main

if TYPE_CHECKING:
    from collections.abc import Callable

POINTS = 30
READY, HESSIAN = "mgcore, ready for the gradient", "mgcore, ready for the Hessian"
CALL = "mgcore, gradient"


def points() -> tuple[list[float], list[float]]:
    random = np.random.default_rng(0)
    x = np.sort(random.uniform(0.0, 3.0, size=POINTS))
    return x.tolist(), (np.sin(2.0 * x) + 0.1 * random.normal(size=POINTS)).tolist()


def at() -> np.ndarray:
    return np.array([0.6, 0.9, 0.2])


def likelihood(theta: Any, ops: Any) -> Any:
    """Return minus the logarithm of the likelihood, without its constant."""
    length, height, noise = theta
    x, y = points()
    factor: list[list[Any]] = []
    solved: list[Any] = []
    found = 0.0
    for i in range(POINTS):
        row: list[Any] = []
        for j in range(i + 1):
            far = (x[i] - x[j]) / length
            entry = height * ops.exp(-0.5 * far * far)
            if i == j:
                entry = entry + noise * noise
            for a, b in zip(row, factor[j] if j < i else row, strict=False):
                entry = entry - a * b
            row.append(ops.sqrt(entry) if i == j else entry / factor[j][j])
        factor.append(row)
        left = y[i]
        for a, b in zip(row, solved, strict=False):
            left = left - a * b
        solved.append(left / row[i])
        found = found + 0.5 * solved[i] * solved[i] + ops.log(row[i])
    return found


def kernel_of() -> Any:
    import mgcompile
    from mgcore import Value, ops

    theta = [Value(number) for number in at().tolist()]
    return mgcompile.compile(likelihood(theta, ops), inputs=theta, cache=False)


def ready() -> Callable[[], Any]:
    return lambda: kernel_of().value_and_grad(at())


def ready_hessian() -> Callable[[], Any]:
    return lambda: kernel_of().hessian(at())


def ours() -> Callable[[], Any]:
    kernel, X = kernel_of(), at()
    return lambda: kernel.value_and_grad(X)


def jax_function() -> tuple[Any, Any, Any]:
    import jax
    import jax.numpy as jnp

    x, y = (jnp.asarray(each) for each in points())

    def value(theta: Any) -> Any:
        length, height, noise = theta
        far = (x[:, None] - x[None, :]) / length
        matrix = height * jnp.exp(-0.5 * far * far) + noise * noise * jnp.eye(POINTS)
        factor = jnp.linalg.cholesky(matrix)
        solved = jax.scipy.linalg.solve_triangular(factor, y, lower=True)
        return 0.5 * solved @ solved + jnp.log(jnp.diag(factor)).sum()

    return jax, value, jnp.asarray(at())


def jax_gradient() -> Callable[[], Any]:
    jax, value, theta = jax_function()
    function = jax.jit(jax.value_and_grad(value))
    return lambda: jax.block_until_ready(function(theta))


def jax_ready(*, hessian: bool) -> Callable[[], Any]:
    jax, value, theta = jax_function()

    def run() -> Any:
        jax.clear_caches()
        made = jax.hessian(value) if hessian else jax.value_and_grad(value)
        return jax.block_until_ready(jax.jit(made)(theta))

    return run


def row() -> Row:
    slope, curve = "gradient", "Hessian"
    return Row(
        title=f"Likelihood of a Gaussian process of {POINTS} points, in single numbers, float64",
        unit="ms",
        seconds=1e-3,
        contestants=[
            Contestant(READY, ready, repeat=False, kind=slope, note="recording included"),
            Contestant(HESSIAN, ready_hessian, repeat=False, kind=curve, note="the same"),
            Contestant(CALL, ours, kind=slope, note="a call"),
            Contestant(
                "JAX, ready for the gradient",
                lambda: jax_ready(hessian=False),
                "jax",
                repeat=False,
                kind=slope,
                note="matrices",
            ),
            Contestant(
                "JAX, ready for the Hessian",
                lambda: jax_ready(hessian=True),
                "jax",
                repeat=False,
                kind=curve,
                note="matrices",
            ),
            Contestant("JAX, gradient", jax_gradient, "jax", kind=slope, note="a call"),
        ],
        goals=[
            at_most("ready for the gradient in at most 0.8 s", 800.0, READY),
            at_most("ready for the Hessian in at most 2 s", 2000.0, HESSIAN),
            against("gradient: at most JAX's", "JAX, gradient", 1.0, CALL),
        ],
        rtol=1e-6,
        atol=1e-9,
        rounds=3,
    )


if __name__ == "__main__":
    main(row)

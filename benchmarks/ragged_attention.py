"""Causal attention whose rows end where their sums do, beside the same with masked rows.

Position i attends to positions 0 to i. With a list of keys that grows, row i has i + 1 terms; the
way of array libraries, every row has as many terms as there are positions, and a mask of ones and
zeros multiplies the exponentials.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from harness import Contestant, Row, against, against_best, main

if TYPE_CHECKING:
    from collections.abc import Callable

POSITIONS, WIDTH, SAMPLES = 16, 16, 64
MASKED = "mgcore, masked"
READY, MASKED_READY = "mgcore, record and compile", "mgcore, record and compile masked"


def matrices() -> np.ndarray:
    """Return the matrices for queries, keys and values."""
    return np.random.default_rng(0).normal(size=(3, WIDTH, WIDTH)) * 0.3


def samples() -> np.ndarray:
    return np.random.default_rng(1).normal(size=(SAMPLES, POSITIONS, WIDTH))


def kernel_of(*, masked: bool) -> Any:
    import mgcompile
    from mgcore import Value, ops

    weights = [[[Value(w) for w in row] for row in m] for m in matrices().tolist()]

    def loss(xs: Any) -> Any:
        q, k, v = ([[ops.dot(*row, *x) for row in m] for x in xs] for m in weights)
        found = []
        for i, query in enumerate(q):
            seen = POSITIONS if masked else i + 1
            powers = [ops.exp(ops.dot(*query, *key) * 0.25) for key in k[:seen]]
            if masked:
                powers = [float(j <= i) * power for j, power in enumerate(powers)]
            total = ops.sum(*powers)
            shares = [power / total for power in powers]
            for column in zip(*v[:seen], strict=True):
                out = ops.dot(*shares, *column)
                found.append(out * out)
        return ops.sum(*found)

    example = samples()[0].tolist()
    params = [w for m in weights for row in m for w in row]
    return mgcompile.trace(loss, (example,), params=params)


def ours(*, masked: bool) -> Callable[[], Any]:
    kernel, X = kernel_of(masked=masked), samples().reshape(SAMPLES, -1)
    return lambda: kernel.loss_and_grad(X)


def ready(*, masked: bool) -> Callable[[], Any]:
    import os

    os.environ["MGCORE_CACHE"] = "off"

    def run() -> None:
        kernel_of(masked=masked).loss_and_grad(samples().reshape(SAMPLES, -1)[:8])

    return run


def jax_masked() -> Callable[[], Any]:
    import jax
    import jax.numpy as jnp

    causal, X = jnp.tril(jnp.ones((POSITIONS, POSITIONS))), jnp.asarray(samples())

    def loss(m: Any, x: Any) -> Any:
        q, k, v = (x @ each.T for each in m)
        powers = jnp.exp(q @ k.T * 0.25) * causal
        return jnp.sum((powers / powers.sum(1, keepdims=True) @ v) ** 2)

    def mean(m: Any) -> Any:
        return jnp.mean(jax.vmap(loss, (None, 0))(m, X))

    function, m = jax.jit(jax.value_and_grad(mean)), jnp.asarray(matrices())

    def run() -> tuple[Any, np.ndarray]:
        value, slopes = jax.block_until_ready(function(m))
        return value, np.ravel(slopes)

    return run


def row() -> Row:
    return Row(
        title=f"Causal attention, {POSITIONS} positions of {WIDTH}: loss and gradient, "
        f"{SAMPLES} samples, float64",
        unit="us a call",
        seconds=1e-6,
        contestants=[
            Contestant("mgcore", lambda: ours(masked=False), note="rows of 1 to 16 terms"),
            Contestant(MASKED, lambda: ours(masked=True)),
            Contestant(READY, lambda: ready(masked=False), repeat=False, kind="ready"),
            Contestant(MASKED_READY, lambda: ready(masked=True), repeat=False, kind="ready"),
            Contestant("JAX", jax_masked, "jax", note="masked"),
        ],
        goals=[
            against("at most 1.5 times masked rows", MASKED, 1.5),
            against("ready in at most 1.5 of their time", MASKED_READY, 1.5, READY),
            against_best("at most the best of the peers", 1.0),
        ],
        rtol=1e-8,
        atol=1e-10,
        rounds=5,
    )


if __name__ == "__main__":
    main(row)

"""Loops inside loops: Newton's method inside an integrator; a recurrent net over a data set.

Both are written as `scan` in `scan`, and as plain loops that record every step. Times of a call,
and until the first gradient.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from harness import Contestant, Row, against, main

if TYPE_CHECKING:
    from collections.abc import Callable

STEPS, NEWTON, LONG, H = 100, 5, 60, 0.05
SEQUENCES, LENGTH, UNITS = 50, 12, 8
NEWTON_KIND, NET_KIND = "Newton in an integrator", "a recurrent net over a data set"
LONG_KIND = f"{LONG} Newton steps in an integrator"


def loops(f: Any, init: Any, xs: Any = None, length: int | None = None) -> tuple[Any, None]:
    """Carry a state as `scan` does, step by step: what everybody writes."""
    carry = init
    for i in range(len(xs) if length is None else length):
        carry, _ = f(carry, None if xs is None else xs[i])
    return carry, None


# Newton in an integrator: y' = a - y^3 + b sin(y), by the implicit Euler method.


def at() -> np.ndarray:
    return np.array([0.7, 0.4, 0.2])


def integrated(x: Any, times: int, scan: Any, sin: Any, cos: Any) -> Any:
    a, b, y = x

    def newton(old: Any) -> Callable[[Any, Any], Any]:
        def step(y: Any, _: Any) -> Any:
            miss = y - old - H * (a - y * y * y + b * sin(y))
            slope = 1.0 - H * (b * cos(y) - 3.0 * y * y)
            return y - miss / slope, None

        return step

    def euler(y: Any, _: Any) -> Any:
        return scan(newton(y), y, None, times)[0], None

    return scan(euler, y, None, STEPS)[0]


def newton_kernel(scan: Any, times: int = NEWTON) -> Any:
    import mgcompile
    from mgcore import ops

    return mgcompile.trace(
        lambda *x: integrated(x, times, scan, ops.sin, ops.cos), tuple(at().tolist())
    )


def newton_jax(times: int = NEWTON) -> Callable[[], Any]:
    import jax
    import jax.numpy as jnp

    def value(x: Any) -> Any:
        return integrated(x, times, jax.lax.scan, jnp.sin, jnp.cos)

    function, x = jax.jit(jax.value_and_grad(value)), jnp.asarray(at())
    return lambda: jax.block_until_ready(function(x))


# A recurrent net: the data are constants of the graph, the weights are what is differentiated to.


def sequences() -> np.ndarray:
    return np.random.default_rng(1).normal(size=(SEQUENCES, LENGTH))


def weights() -> np.ndarray:
    return np.random.default_rng(2).normal(size=UNITS * (UNITS + 3)) * 0.3


def net_loss(flat: Any, data: Any, scan: Any, tanh: Any) -> Any:
    """Return the sum of squared outputs at the ends of all sequences, on single numbers."""
    rows = [flat[i * UNITS : (i + 1) * UNITS] for i in range(UNITS)]
    first, bias, out = (flat[(UNITS + k) * UNITS : (UNITS + k + 1) * UNITS] for k in range(3))

    def step(h: Any, x: Any) -> Any:
        sums = [sum(w * each for w, each in zip(row, h, strict=True)) for row in rows]
        return [tanh(s + w * x + b) for s, w, b in zip(sums, first, bias, strict=True)], None

    def sequence(total: Any, xs: Any) -> Any:
        h = scan(step, [0.0 * w for w in bias], xs)[0]
        said = sum(w * each for w, each in zip(out, h, strict=True))
        return total + said * said, None

    return scan(sequence, 0.0 * flat[0], data)[0]


def net_kernel(scan: Any) -> Any:
    import mgcompile
    from mgcore import ops

    data = sequences().tolist()
    return mgcompile.trace(lambda flat: net_loss(flat, data, scan, ops.tanh), (weights().tolist(),))


def net_jax() -> Callable[[], Any]:
    import jax
    import jax.numpy as jnp

    data = jnp.asarray(sequences())

    def value(flat: Any) -> Any:
        square = flat[: UNITS * UNITS].reshape(UNITS, UNITS)
        first, bias, out = flat[UNITS * UNITS :].reshape(3, UNITS)

        def sequence(total: Any, xs: Any) -> Any:
            def step(h: Any, x: Any) -> Any:
                return jnp.tanh(square @ h + first * x + bias), None

            h = jax.lax.scan(step, jnp.zeros(UNITS), xs)[0]
            return total + (out @ h) ** 2, None

        return jax.lax.scan(sequence, 0.0, data)[0]

    function, flat = jax.jit(jax.value_and_grad(value)), jnp.asarray(weights())
    return lambda: jax.block_until_ready(function(flat))


KERNELS: dict[str, tuple[Callable[[Any], Any], Callable[[], np.ndarray]]] = {
    NEWTON_KIND: (newton_kernel, at),
    LONG_KIND: (partial(newton_kernel, times=LONG), at),
    NET_KIND: (net_kernel, weights),
}
PEERS = {NEWTON_KIND: newton_jax, LONG_KIND: partial(newton_jax, LONG), NET_KIND: net_jax}
WAYS = ("scans", "loops")


def prepared(kind: str, way: str) -> tuple[Callable[[], Any], np.ndarray]:
    from mgcore import scan

    make, numbers = KERNELS[kind]
    return (lambda: make(scan if way == "scans" else loops)), numbers()


def ours(kind: str, way: str) -> Callable[[], Any]:
    make, x = prepared(kind, way)
    kernel = make()
    return lambda: kernel.value_and_grad(x)


def ready(kind: str, way: str) -> Callable[[], Any]:
    import os

    os.environ["MGCORE_CACHE"] = "off"
    make, x = prepared(kind, way)

    def run() -> None:
        make().value_and_grad(x)

    return run


def jax_ready(kind: str) -> Callable[[], Any]:
    import jax

    def run() -> None:
        jax.clear_caches()
        PEERS[kind]()()

    return run


def row() -> Row:
    contestants: list[Contestant] = []
    goals = []
    for kind in KERNELS:
        for way in WAYS:
            name = f"mgcore, {kind}, {way}"
            contestants += [
                Contestant(name, lambda kind=kind, way=way: ours(kind, way), kind=kind),
                Contestant(
                    f"{name}, ready",
                    lambda kind=kind, way=way: ready(kind, way),
                    repeat=False,
                    kind="ready",
                ),
            ]
            goals.append(against(f"{kind}, {way}: at most JAX's", f"JAX, {kind}", 1.0, name))
        contestants += [
            Contestant(f"JAX, {kind}", PEERS[kind], "jax", kind=kind),
            Contestant(
                f"JAX, {kind}, ready",
                lambda kind=kind: jax_ready(kind),
                "jax",
                repeat=False,
                kind="ready",
            ),
        ]
    return Row(
        title=f"Loops in loops: gradients of {STEPS} implicit steps of {NEWTON} and of {LONG} "
        f"Newton steps, of {SEQUENCES} sequences of {LENGTH} through {UNITS} units, float64",
        unit="us a call",
        seconds=1e-6,
        contestants=contestants,
        goals=goals,
        rtol=1e-8,
        atol=1e-10,
        rounds=3,
    )


if __name__ == "__main__":
    main(row)

"""An op of ours in NumPy, PyTorch and JAX beside their own op of the same name.

tanh over 10^6 float64 numbers, and over 1,000: values alone, and with the gradient of their sum.
"""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
from harness import Contestant, Row, machine, pin, run, table

if TYPE_CHECKING:
    from collections.abc import Callable

    Work = Callable[[], Any]

CHOICE = "MGCORE_BENCHMARK_BRIDGE"
KINDS = {
    "values-1000000": "values, 10^6 numbers",
    "gradient-1000000": "values and gradient, 10^6 numbers",
    "values-1000": "values, 1,000 numbers",
    "gradient-1000": "values and gradient, 1,000 numbers",
}


def by_numpy(kind: str, *, ours: bool) -> Work:
    import mgbridge

    what, count = kind.split("-")
    x = np.linspace(-3.0, 3.0, int(count))
    tanh = mgbridge.numpy.ufunc("tanh") if ours else np.tanh

    def gradient() -> Any:
        y = tanh(x)
        return y, 1.0 - y * y  # NumPy has no derivatives: by hand

    return gradient if what == "gradient" else lambda: tanh(x)


def by_torch(kind: str, *, ours: bool) -> Work:
    import torch

    import mgbridge

    torch.set_num_threads(1)
    what, count = kind.split("-")
    x = torch.linspace(-3.0, 3.0, int(count), dtype=torch.float64)
    tanh = mgbridge.torch.op("tanh") if ours else torch.tanh
    if what == "values":
        return lambda: tanh(x).numpy()
    x.requires_grad_()

    def gradient() -> Any:
        y = tanh(x)
        (slope,) = torch.autograd.grad(y, x, torch.ones_like(y))
        return y.detach().numpy(), slope.numpy()

    return gradient


def by_jax(kind: str, *, ours: bool) -> Work:
    import jax

    import mgbridge

    what, count = kind.split("-")
    x = jax.numpy.linspace(-3.0, 3.0, int(count))
    tanh = mgbridge.jax.op("tanh") if ours else jax.numpy.tanh

    @jax.jit
    def values(x: Any) -> Any:
        return tanh(x)

    @jax.jit
    def gradient(x: Any) -> Any:
        y, pull = jax.vjp(tanh, x)
        return y, pull(jax.numpy.ones_like(y))[0]

    chosen = gradient if what == "gradient" else values
    return lambda: jax.tree.map(np.asarray, chosen(x))


WAYS: dict[str, tuple[str, Callable[..., Work]]] = {
    "NumPy": ("numpy", by_numpy),
    "PyTorch": ("torch", by_torch),
    "JAX, jit": ("jax", by_jax),
}


def row() -> Row:
    """Return the row of the kind of call that the environment names."""
    kind = os.environ.get(CHOICE, "values-1000000")
    contestants = [
        Contestant(
            f"mgcore's tanh in {name}" if ours else f"{name}'s own",
            lambda prepare=prepare, ours=ours: prepare(kind, ours=ours),
            distribution,
        )
        for name, (distribution, prepare) in WAYS.items()
        for ours in (True, False)
    ]
    title = f"Bridges: tanh, {KINDS[kind]}, float64"
    return Row(title, "us a call", 1e-6, contestants, [], rtol=1e-9, atol=1e-12, rounds=5)


def main() -> None:
    """Print the tables; with ``--json`` inside a JSON object, for `make bench`."""
    core = pin()
    tables = []
    for kind in KINDS:
        os.environ[CHOICE] = kind  # the contestants' processes read it
        made = row()
        tables.append(table(made, run(made, __file__)))
    text = "\n".join(tables)
    if "--json" in sys.argv:
        print(json.dumps({"table": text, "machine": machine()}))
    else:
        print(f"{machine()} (core {core})\n\n{text}")


if __name__ == "__main__":
    main()

"""Gradient, Hessian-vector product and Hessian of a function of 50 parameters: time and memory.

The function is Rosenbrock's, with a tanh of neighbouring products added. It is written the way each
library wants it: scalars for mgcore, slices for the others. Everything but `jit` records anew at
every call.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from harness import OURS, Contestant, Row, against, machine, pin, run, table

if TYPE_CHECKING:
    from collections.abc import Callable

    Work = Callable[[], Any]

CHOICE = "MGCORE_BENCHMARK_DERIVATIVE"
COUNT = 50
POINT = np.linspace(-1.0, 1.2, COUNT)
VECTOR = np.cos(np.arange(COUNT))
KINDS = {"grad": "gradient", "hvp": "Hessian-vector product", "hessian": "Hessian"}


def by_scalars(xs: Any) -> Any:
    """Return the function of a list of scalars."""
    from mgcore import ops

    terms = []
    for x, y in pairwise(xs):
        terms += [100.0 * (y - x * x) ** 2, (1.0 - x) ** 2, ops.tanh(x * y)]
    return ops.sum(*terms)


def by_slices(library: Any) -> Any:
    """Return the function of an array, in the functions of `library`."""

    def f(x: Any) -> Any:
        left, right = x[:-1], x[1:]
        terms = 100.0 * (right - left * left) ** 2 + (1.0 - left) ** 2
        return (terms + library.tanh(left * right)).sum()

    return f


def eager(kind: str) -> Work:
    from mgcore import Value, grad, hessian, hvp

    point, vector = POINT.tolist(), VECTOR.tolist()

    def work() -> Any:
        xs = [Value(x) for x in point]
        output = by_scalars(xs)
        if kind == "grad":
            return np.array(grad(output, xs))
        return np.array(hvp(output, xs, vector) if kind == "hvp" else hessian(output, xs))

    return work


def compiled(kind: str) -> Work:
    import mgcompile
    from mgcore import Value

    xs = [Value(x) for x in POINT.tolist()]
    kernel = mgcompile.compile(by_scalars(xs), inputs=xs)
    if kind == "grad":
        return lambda: kernel.value_and_grad(POINT)[1]
    if kind == "hvp":
        return lambda: kernel.hvp(POINT, VECTOR)
    return lambda: kernel.hessian(POINT)


def by_jax(kind: str, *, jit: bool) -> Work:
    import jax

    f = by_slices(jax.numpy)
    point, vector = jax.numpy.array(POINT), jax.numpy.array(VECTOR)
    work = {
        "grad": jax.grad(f),
        "hvp": lambda x: jax.jvp(jax.grad(f), (x,), (vector,))[1],
        "hessian": jax.hessian(f),
    }[kind]
    work = jax.jit(work) if jit else work
    return lambda: work(point).block_until_ready()


def by_torch(kind: str) -> Work:
    import torch

    torch.set_num_threads(1)
    f = by_slices(torch)
    point, vector = torch.tensor(POINT), torch.tensor(VECTOR)
    if kind == "grad":
        from torch.func import grad

        return lambda: grad(f)(point).numpy()
    if kind == "hvp":
        return lambda: torch.autograd.functional.hvp(f, point, vector)[1].numpy()
    return lambda: torch.autograd.functional.hessian(f, point).numpy()


def by_autograd(kind: str) -> Work:
    import autograd
    import autograd.numpy as library

    f = by_slices(library)
    if kind == "grad":
        return lambda: autograd.grad(f)(POINT)
    if kind == "hvp":
        return lambda: autograd.hessian_vector_product(f)(POINT, VECTOR)
    return lambda: autograd.hessian(f)(POINT)


WAYS: dict[str, tuple[str | None, Callable[[str], Work]]] = {
    OURS: (None, eager),
    f"{OURS}, compiled": ("llvmlite", compiled),
    "JAX, jit": ("jax", lambda kind: by_jax(kind, jit=True)),
    "JAX": ("jax", lambda kind: by_jax(kind, jit=False)),
    "PyTorch": ("torch", by_torch),
    "autograd": ("autograd", by_autograd),
}


def row() -> Row:
    """Return the row of the kind of derivative that the environment names."""
    kind = os.environ.get(CHOICE, "grad")
    contestants = [
        Contestant(name, lambda prepare=prepare: prepare(kind), distribution)
        for name, (distribution, prepare) in WAYS.items()
    ]
    goals = [
        against("compiled: no slower than JAX, jit", "JAX, jit", 1.0, f"{OURS}, compiled"),
        against("eager: no slower than autograd", "autograd", 1.0),
    ]
    title = f"Derivatives: {KINDS[kind]} of a function of {COUNT} parameters"
    return Row(title, "us a call", 1e-6, contestants, goals, rtol=1e-8, atol=1e-8, rounds=5)


def weigh(name: str, kind: str) -> None:
    """Print by how many bytes the first call raises the resident set at its peak, after set-up."""
    work = WAYS[name][1](kind)
    _forget_peak()
    before = _resident("VmRSS")
    work()
    print(max(0.0, _resident("VmHWM") - before))


def _forget_peak() -> None:
    Path("/proc/self/clear_refs").write_text("5")


def _resident(which: str) -> float:
    lines = dict(x.split(":", 1) for x in Path("/proc/self/status").read_text().splitlines())
    return float(lines[which].split()[0]) * 1024


def memory_table() -> str:
    """Return the table of memory, every figure from a process of its own."""
    lines = [
        f"## Derivatives: memory of the first call, {COUNT} parameters",
        "",
        "| contestant | " + " | ".join(f"{word}, MB" for word in KINDS.values()) + " |",
        "|---|" + "---|" * len(KINDS),
    ]
    for name in WAYS:
        cells = []
        for kind in KINDS:
            command = [sys.executable, __file__, "--weigh", name, kind]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            missing = done.returncode or not done.stdout.strip()
            cells.append("missing" if missing else f"{float(done.stdout.split()[-1]) / 2**20:.1f}")
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Print the tables; with ``--json`` inside a JSON object, for `make bench`."""
    if "--weigh" in sys.argv:
        weigh(*sys.argv[-2:])
        return
    core = pin()
    tables = []
    for kind in KINDS:
        os.environ[CHOICE] = kind  # the contestants' processes read it
        made = row()
        tables.append(table(made, run(made, __file__)))
    text = "\n".join([*tables, memory_table()])
    if "--json" in sys.argv:
        print(json.dumps({"table": text, "machine": machine()}))
    else:
        print(f"{machine()} (core {core})\n\n{text}")


if __name__ == "__main__":
    main()

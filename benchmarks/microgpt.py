"""One update of the GPT of examples/microgpt.py (loss, gradient, Adam): a name of 8 positions.

Other files take names of 16 positions, and batches of 64 names, for which there is no C port.

The C port beside this file is written by hand and compiled with -O3 -march=native -ffast-math; it
is left out where there is no C compiler.
"""

from __future__ import annotations

import ctypes
import runpy
import shutil
import subprocess
import tempfile
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
from harness import Contestant, Row, against, against_best, main

if TYPE_CHECKING:
    from collections.abc import Callable

EXAMPLE = Path(__file__).parents[1] / "examples" / "microgpt.py"
gpt = SimpleNamespace(**runpy.run_path(str(EXAMPLE)))

STEPS, BATCH_STEPS = 200, 40
"""Updates of a run, of one name and of many: enough that what is done once a run counts for
little, and few where rounding grows from one to the next."""

PORT = Path(__file__).with_suffix(".c")
C_PORT = "C port"


def tokens_of(positions: int, names: int = 1) -> np.ndarray:
    """Return the tokens of some names, shape (names, positions + 1)."""
    return np.random.default_rng(0).integers(len(gpt.LETTERS) + 1, size=(names, positions + 1))


def start() -> dict[str, np.ndarray]:
    return {name: np.array(matrix) for name, matrix in gpt.matrices(float, seed=42).items()}


def _steps(names: int) -> int:
    return STEPS if names == 1 else BATCH_STEPS


def kernel_of(positions: int, threads: int = 1) -> Any:
    """Return our kernel of the loss of a name."""
    import mgcompile
    from mgcore import Value

    matrices = gpt.matrices(Value, seed=42)
    params = [p for matrix in matrices.values() for row in matrix for p in row]
    weights = [1.0 / positions] * positions
    return mgcompile.trace(
        lambda tokens: gpt.loss(matrices, tokens, weights, gpt.BY_OPS),
        [0] * (positions + 1),
        params,
        threads=threads,
    )


def ours(positions: int, names: int, threads: int = 1) -> Callable[[], Any]:
    from mgnn import optim

    kernel = kernel_of(positions, threads)
    optimizer = optim.Adam(
        lr=lambda update: 0.01 * (1.0 - update / 1000), betas=(0.85, 0.99), eps=1e-8
    )
    first, X = kernel.params, tokens_of(positions, names).astype(float)

    def run() -> tuple[np.ndarray, np.ndarray]:
        kernel.params = first
        losses = kernel.train(X, optimizer, epochs=_steps(names))
        return np.array(losses), kernel.params

    return run


def c_port(positions: int) -> Callable[[], Any]:
    compiler = shutil.which("cc")
    if compiler is None:
        raise ImportError("no C compiler")
    library = Path(tempfile.mkdtemp()) / "microgpt.so"
    flags = ["-O3", "-march=native", "-ffast-math", "-shared", "-fPIC"]
    subprocess.run([compiler, *flags, str(PORT), "-o", str(library), "-lm"], check=True)
    train = ctypes.CDLL(str(library)).train
    first = np.concatenate([matrix.ravel() for matrix in start().values()])
    tokens = tokens_of(positions)[0].astype(np.int32)

    def run() -> tuple[np.ndarray, np.ndarray]:
        params, losses = first.copy(), np.zeros(STEPS)
        moments = np.zeros_like(params), np.zeros_like(params)
        arrays = (params, *moments, tokens)
        train(
            *[ctypes.c_void_p(a.ctypes.data) for a in arrays],
            positions, STEPS, ctypes.c_void_p(losses.ctypes.data),
        )  # fmt: skip
        return losses, params

    return run


def loss_with(xp: Any, m: dict[str, Any], tokens: Any, positions: int) -> Any:
    """Return the loss, written on whole arrays of NumPy's kind."""

    def norm(x: Any) -> Any:
        return x / xp.sqrt((x * x).mean(-1)[:, None] + 1e-5)

    x = norm(m["tokens"][tokens[:-1]] + m["positions"][:positions])
    y = norm(x)
    shape = (positions, gpt.HEADS, -1)
    q, k, v = ((y @ m[name].T).reshape(shape) for name in ("query", "key", "value"))
    scores = xp.einsum("thd,uhd->htu", q, k) / 2.0
    causal = xp.tril(xp.ones((positions, positions))) > 0
    weights = xp.exp(xp.where(causal, scores, xp.full_like(scores, -1e300)))
    weights = weights / weights.sum(-1)[..., None]
    x = x + xp.einsum("htu,uhd->thd", weights, v).reshape(positions, -1) @ m["mixed"].T
    hidden = norm(x) @ m["wide"].T
    x = x + xp.where(hidden > 0, hidden, 0.0 * hidden) @ m["narrow"].T
    logits = x @ m["logits"].T
    shifted = xp.log(xp.exp(logits).sum(-1))
    return (shifted - logits[xp.arange(positions), tokens[1:]]).mean()


def jax_in_loop(positions: int, names: int) -> Callable[[], Any]:
    import jax
    import jax.numpy as jnp

    tokens, steps = jnp.asarray(tokens_of(positions, names)), _steps(names)

    def mean_loss(m: Any) -> Any:
        if names == 1:
            return loss_with(jnp, m, tokens[0], positions)
        return jax.vmap(lambda each: loss_with(jnp, m, each, positions))(tokens).mean()

    value_and_grad = jax.value_and_grad(mean_loss)
    first = {name: jnp.asarray(matrix) for name, matrix in start().items()}
    tree = jax.tree_util.tree_map

    def step(i: Any, state: Any) -> Any:
        m, one, two, losses = state
        loss, g = value_and_grad(m)
        one = tree(lambda a, b: 0.85 * a + 0.15 * b, one, g)
        two = tree(lambda a, b: 0.99 * a + 0.01 * b * b, two, g)
        c1, c2 = 1 - 0.85 ** (i + 1.0), 1 - 0.99 ** (i + 1.0)
        rate = 0.01 * (1.0 - i / 1000)
        m = tree(lambda p, a, b: p - rate * (a / c1) / (jnp.sqrt(b / c2) + 1e-8), m, one, two)
        return m, one, two, losses.at[i].set(loss)

    @jax.jit
    def loop(m: Any) -> Any:
        zeros = tree(jnp.zeros_like, m)
        return jax.lax.fori_loop(0, steps, step, (m, zeros, zeros, jnp.zeros(steps)))

    def run() -> tuple[np.ndarray, np.ndarray]:
        m, _, _, losses = loop(first)
        return np.asarray(losses), np.concatenate([np.asarray(m[name]).ravel() for name in start()])

    return run


def torch_eager(positions: int) -> Callable[[], Any]:
    import torch

    torch.set_num_threads(1)
    tokens = torch.tensor(tokens_of(positions)[0])

    def run() -> tuple[np.ndarray, np.ndarray]:
        m = {k: torch.tensor(x, requires_grad=True) for k, x in start().items()}
        optimizer = torch.optim.Adam(m.values(), lr=0.01, betas=(0.85, 0.99), eps=1e-8)
        losses = []
        for step in range(STEPS):
            optimizer.param_groups[0]["lr"] = 0.01 * (1.0 - step / 1000)
            optimizer.zero_grad()
            loss = loss_with(torch, m, tokens, positions)
            loss.backward()
            optimizer.step()
            losses.append(float(loss.detach()))
        params = torch.cat([m[name].detach().ravel() for name in start()])
        return np.array(losses), params.numpy()

    return run


def row(positions: int = 8, names: int = 1) -> Row:
    """Return the row of names of so many positions, in batches of so many."""
    alone, steps = names == 1, _steps(names)
    contestants = [
        Contestant("mgcore", lambda: ours(positions, names), scale=steps),
        Contestant("JAX", lambda: jax_in_loop(positions, names), "jax", steps, note="fori_loop"),
    ]
    goals = [against("at most 1/2 of JAX", "JAX", 0.5)]
    if alone:
        contestants += [
            Contestant(C_PORT, lambda: c_port(positions), scale=STEPS, note="by hand, -O3"),
            Contestant("PyTorch", lambda: torch_eager(positions), "torch", STEPS, note="eager"),
        ]
        goals = [
            against("at most 1.2 times the C port", C_PORT, 1.2),
            against_best("ahead of all", 1.0),
        ]
    return Row(
        title=f"microgpt, {'one name' if alone else f'{names} names'} of {positions} positions: "
        "loss, gradient, Adam, float64",
        unit="us a step",
        seconds=1e-6,
        contestants=contestants,
        goals=goals,
        rtol=1e-6,
        atol=1e-9,
    )


if __name__ == "__main__":
    main(row)

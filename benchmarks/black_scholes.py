"""Black-Scholes price and its five sensitivities for a million scenarios, float64."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
from harness import Contestant, Row, against_best, main

if TYPE_CHECKING:
    from collections.abc import Callable

COUNT = 1_000_000
ROOT_HALF = math.sqrt(0.5)


def scenarios() -> list[np.ndarray]:
    """Return spot, strike, time in years, rate and volatility."""
    random = np.random.default_rng(0)
    ranges = ((80, 120), (80, 120), (0.2, 2), (0.0, 0.06), (0.1, 0.5))
    return [random.uniform(low, high, COUNT) for low, high in ranges]


def price(m: Any, s: Any, k: Any, t: Any, r: Any, v: Any) -> Any:
    """Return the price of a call, with the functions of `m`."""
    root = v * m.sqrt(t)
    d1 = (m.log(s / k) + (r + 0.5 * v * v) * t) / root
    d2 = d1 - root

    def normal(x: Any) -> Any:
        return 0.5 * (1.0 + m.erf(x * ROOT_HALF))

    return s * normal(d1) - k * m.exp(-r * t) * normal(d2)


def sample(columns: list[np.ndarray]) -> np.ndarray:
    """Return what is compared: every thousandth scenario."""
    return np.array([np.asarray(column)[::1000] for column in columns])


def kernel_of(threads: int = 1) -> Any:
    import mgcompile
    from mgcore import Value, ops

    inputs = [Value(x, label=n) for n, x in zip("sktrv", (100, 95, 1, 0.03, 0.2), strict=True)]
    return mgcompile.compile(price(ops, *inputs), inputs=inputs, params=[], threads=threads)


def ours() -> Callable[[], Any]:
    kernel, columns = kernel_of(), scenarios()

    def run() -> np.ndarray:
        value, gradient = kernel.value_and_grad(columns)
        return sample([value, *gradient])

    return run


def drjit() -> Callable[[], Any]:
    import drjit as dr
    from drjit.llvm.ad import Float64

    columns = [Float64(column) for column in scenarios()]
    dr.eval(*columns)

    def run() -> np.ndarray:
        inputs = [Float64(column) for column in columns]
        for each in inputs:
            dr.enable_grad(each)
        value = price(dr, *inputs)
        dr.backward(value)
        results = [value, *(dr.grad(each) for each in inputs)]
        dr.eval(*results)
        dr.sync_thread()
        return sample([each.numpy() for each in results])

    return run


def heyoka() -> Callable[[], Any]:
    import heyoka as hy

    inputs = hy.make_vars("s", "k", "t", "r", "v")
    formula = price(hy, *inputs)
    outs = [formula, *(hy.diff(formula, each) for each in inputs)]
    function = hy.cfunc(outs, list(inputs))
    columns = np.array(scenarios())
    results = np.empty((6, COUNT))

    def run() -> np.ndarray:
        function(columns, outputs=results)
        return sample(list(results))

    return run


def ddx() -> Callable[[], Any]:
    import ddx as d

    equation = d.equation(lambda: price(d, *(d.var(name) for name in "sktrv")))
    points = np.array(scenarios())
    equation.compile(points=COUNT)

    def run() -> np.ndarray:
        value, gradient = equation.jacobian(points)
        return sample([np.ravel(value), *np.reshape(gradient, (5, COUNT))])

    return run


def jax_grad() -> Callable[[], Any]:
    import jax
    import jax.numpy as jnp
    from jax.scipy.special import erf

    functions = SimpleNamespace(sqrt=jnp.sqrt, log=jnp.log, exp=jnp.exp, erf=erf)

    columns = [jnp.asarray(column) for column in scenarios()]

    def with_gradient(*inputs: Any) -> Any:
        value, pull = jax.vjp(lambda *x: price(functions, *x), *inputs)
        return value, *pull(jnp.ones_like(value))

    function = jax.jit(with_gradient)

    def run() -> np.ndarray:
        results = jax.block_until_ready(function(*columns))
        return sample([np.asarray(each) for each in results])

    return run


def torch_compiled() -> Callable[[], Any]:
    import torch

    torch.set_num_threads(1)
    columns = [torch.tensor(column, requires_grad=True) for column in scenarios()]
    function = torch.compile(lambda *inputs: price(torch, *inputs))

    def run() -> np.ndarray:
        value = function(*columns)
        gradients = torch.autograd.grad(value.sum(), columns)
        return sample([each.detach().numpy() for each in (value, *gradients)])

    return run


def row() -> Row:
    return Row(
        title="Black-Scholes with five sensitivities, 10^6 scenarios, float64",
        unit="ns a scenario",
        seconds=1e-9,
        contestants=[
            Contestant("mgcore", ours, scale=COUNT),
            Contestant("Dr.Jit", drjit, "drjit", COUNT),
            Contestant("heyoka", heyoka, "heyoka", COUNT),
            Contestant("ddx-ad", ddx, "ddx-ad", COUNT),
            Contestant("JAX", jax_grad, "jax", COUNT, note="jit of vjp"),
            Contestant("PyTorch compiled", torch_compiled, "torch", COUNT),
        ],
        goals=[against_best("at most 1/2 of the best of the peers", 0.5)],
        rtol=1e-9,
        atol=1e-9,
        rounds=5,
    )


if __name__ == "__main__":
    main(row)

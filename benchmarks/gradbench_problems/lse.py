"""log(sum of exp(x)) with the largest x taken out, of n numbers, by its definition."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradbench_problems.systems import Instance, casadi_pair

SIZES = {"tiny": (7,), "small": (2_500,), "medium": (80_000,)}
NAMES = ("n",)


def instance(n: int) -> Instance:
    return Instance((n,), (np.random.default_rng(0).uniform(size=n),))


def loss(library: Any, params: Any, data: Any, size: Any) -> Any:
    np, (x,) = library.np, params
    largest = np.amax(x)
    return largest + np.log(np.sum(np.exp(x - largest)))


def mgcore(instance: Instance) -> Any:
    import mgcompile
    from mgcore import ops

    def lse(xs: Any) -> Any:
        largest = ops.max(*xs)
        return largest + ops.log(ops.sum(*[ops.exp(x - largest) for x in xs]))

    (x,) = instance.params
    kernel = mgcompile.trace(lse, (x.tolist(),))
    return lambda: kernel(x), lambda: kernel.value_and_grad(x)


def casadi(instance: Instance) -> Any:
    import casadi as ca

    x = ca.MX.sym("x", *instance.size)
    largest = ca.mmax(x)
    value = largest + ca.log(ca.sum1(ca.exp(x - largest)))
    return casadi_pair(instance.params, [x], value, 1)

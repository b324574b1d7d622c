"""The same as lse, by the function that each library has for it."""

from __future__ import annotations

from typing import Any

from gradbench_problems import lse
from gradbench_problems.systems import Instance, casadi_pair

SIZES, NAMES, instance = lse.SIZES, lse.NAMES, lse.instance


def loss(library: Any, params: Any, data: Any, size: Any) -> Any:
    return library.logsumexp(params[0])


def mgcore(instance: Instance) -> Any:
    import mgcompile
    from mgcore import ops

    (x,) = instance.params
    kernel = mgcompile.trace(lambda xs: ops.logsumexp(*xs), (x.tolist(),))
    return lambda: kernel(x), lambda: kernel.value_and_grad(x)


def casadi(instance: Instance) -> Any:
    import casadi as ca

    x = ca.MX.sym("x", *instance.size)
    return casadi_pair(instance.params, [x], ca.logsumexp(x), 1)

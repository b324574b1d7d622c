"""Least squares: a polynomial of m coefficients fitted to the sign of t at n points of [-1, 1]."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradbench_problems.systems import Instance, casadi_pair

SIZES = {"tiny": (8, 3), "small": (64, 128), "medium": (4_096, 128)}
NAMES = ("n", "m")


def instance(n: int, m: int) -> Instance:
    t = np.linspace(-1.0, 1.0, n)
    x = np.random.default_rng(0).uniform(size=m)
    return Instance((n, m), (x,), (np.vander(t, m, increasing=True), np.sign(t)))


def loss(library: Any, params: Any, data: Any, size: Any) -> Any:
    powers, signs = data
    return 0.5 * library.np.sum((signs - powers @ params[0]) ** 2)


def mgcore(instance: Instance) -> Any:
    import mgcompile
    from mgcore import Value, ops

    (x,), (powers, signs) = instance.params, instance.data
    coefficients = [Value(each) for each in x]

    def point(powers: Any, sign: Any) -> Any:
        return 0.5 * (sign - ops.dot(*coefficients, *powers)) ** 2

    kernel = mgcompile.trace(point, (powers[0].tolist(), 0.0), params=coefficients)
    X = np.column_stack([powers, signs])
    return lambda: kernel(X).sum(), lambda: kernel.loss_and_grad(X, reduction="sum")


def casadi(instance: Instance) -> Any:
    import casadi as ca

    n, m = instance.size
    x, powers, signs = ca.MX.sym("x", m), ca.MX.sym("V", m, n), ca.MX.sym("s", n)
    value = 0.5 * ca.sumsqr(signs - ca.mtimes(powers.T, x))
    return casadi_pair((*instance.params, *instance.data), [x, powers, signs], value, 1)

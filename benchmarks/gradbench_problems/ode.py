"""y_0' = x_0, y_i' = x_i y_(i-1) from 0 to t = 2 in s steps of RK4: the last element of n.

Every stage of a step carries on by one element, so that there must be more than n / 4 steps.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gradbench_problems.systems import Instance, casadi_pair

SIZES = {"tiny": (3, 2), "small": (10, 20), "medium": (100, 100)}
NAMES = ("n", "s")


def instance(n: int, s: int) -> Instance:
    return Instance((n, s), (np.random.default_rng(0).uniform(20.0, 50.0, size=n),))


def loss(library: Any, params: Any, data: Any, size: Any) -> Any:
    np, (x,), (_, steps) = library.np, params, size
    h = 2.0 / steps

    def slope(y: Any) -> Any:
        return np.concatenate([x[:1], x[1:] * y[:-1]])

    def step(y: Any, _: Any) -> Any:
        k1 = slope(y)
        k2 = slope(y + h / 2 * k1)
        k3 = slope(y + h / 2 * k2)
        k4 = slope(y + h * k3)
        return y + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)

    return library.scan(step, 0.0 * x, length=steps)[-1]


def mgcore(instance: Instance) -> Any:
    import mgcompile
    from mgcore import scan

    (x,), (n, steps) = instance.params, instance.size
    h = 2.0 / steps

    def moved(y: Any, h: float, k: Any) -> Any:
        return [a + h * b for a, b in zip(y, k, strict=True)]

    def last(x: Any) -> Any:
        def slope(y: Any) -> Any:
            return [x[0], *[x[i] * y[i - 1] for i in range(1, n)]]

        def step(y: Any, _: Any) -> Any:
            k1 = slope(y)
            k2 = slope(moved(y, h / 2, k1))
            k3 = slope(moved(y, h / 2, k2))
            k4 = slope(moved(y, h, k3))
            ks = zip(k1, k2, k3, k4, strict=True)
            return moved(y, h / 6, [a + 2 * b + 2 * c + d for a, b, c, d in ks]), None

        return scan(step, [0.0 * each for each in x], length=steps)[0][-1]

    kernel = mgcompile.trace(last, (x.tolist(),))
    return lambda: kernel(x), lambda: kernel.value_and_grad(x)


def casadi(instance: Instance) -> Any:
    import casadi as ca

    n, steps = instance.size
    h = 2.0 / steps
    x, y = ca.SX.sym("x", n), ca.SX.sym("y", n)

    def slope(y: Any) -> Any:
        return ca.vertcat(x[0], x[1:] * y[:-1])

    k1 = slope(y)
    k2 = slope(y + h / 2 * k1)
    k3 = slope(y + h / 2 * k2)
    k4 = slope(y + h * k3)
    step = ca.Function("step", [y, x], [y + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)])
    inputs = ca.MX.sym("x", n)
    value = step.fold(steps)(ca.DM.zeros(n), inputs)[-1]
    return casadi_pair(instance.params, [inputs], value, 1)

"""Where a charged particle crosses the axis, squared, by a control w: nested differentiation.

The force is minus the gradient of a potential, taken by the system at each of Euler's steps of
length dt; the last step is cut by linear interpolation. How many steps there are is counted first.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gradbench_problems.systems import Instance, casadi_pair

SIZES = {"tiny": (1.0,), "small": (0.1,), "medium": (0.025,)}
NAMES = ("dt",)
W, START, SPEED = 0.1, (0.0, 8.0), (0.75, 0.0)


def instance(dt: float) -> Instance:
    return Instance((dt, steps(dt)), (np.array(W),))


def steps(dt: float) -> int:
    """Count the whole steps before the particle crosses the axis."""
    (x, y), (u, v), count = START, SPEED, 0
    while y + dt * v > 0.0:
        near, far = math.hypot(x - 10.0, y), math.hypot(x - 10.0, y - 10.0 + W)
        fx = (x - 10.0) / near**3 + (x - 10.0) / far**3
        fy = y / near**3 + (y - 10.0 + W) / far**3
        x, y, u, v, count = x + dt * u, y + dt * v, u + dt * fx, v + dt * fy, count + 1
    return count


def potential(sqrt: Any, x: Any, w: Any) -> Any:
    near = 1.0 / sqrt((x[0] - 10.0) ** 2 + x[1] ** 2)
    return near + 1.0 / sqrt((x[0] - 10.0) ** 2 + (x[1] - 10.0 + w) ** 2)


def loss(library: Any, params: Any, data: Any, size: Any) -> Any:
    np, (w,), (dt, count) = library.np, params, size
    force = library.grad(lambda x: potential(np.sqrt, x, w))

    def step(carry: Any, _: Any) -> Any:
        x, speed = carry
        return x + dt * speed, speed - dt * force(x)

    zero = 0.0 * w
    start = np.stack([zero + each for each in START]), np.stack([zero + each for each in SPEED])
    x, speed = library.scan(step, start, length=count)
    return (x[0] - x[1] / speed[1] * speed[0]) ** 2


def mgcore(instance: Instance) -> Any:
    import mgcompile
    from mgcore import Value, grad, ops, scan

    (dt, count), (at,) = instance.size, instance.params
    w = Value(float(at), "w")

    def step(carry: Any, _: Any) -> Any:
        x, speed = carry
        slope = grad(potential(ops.sqrt, x, w), x, create_graph=True)
        moved = [a + dt * b for a, b in zip(x, speed, strict=True)]
        return (moved, [a - dt * b for a, b in zip(speed, slope, strict=True)]), None

    zero = 0.0 * w
    start = [zero + each for each in START], [zero + each for each in SPEED]
    (x, speed), _ = scan(step, start, length=count)
    kernel = mgcompile.compile((x[0] - x[1] / speed[1] * speed[0]) ** 2, [w])
    X = np.array([at])
    return lambda: kernel(X), lambda: kernel.value_and_grad(X)


def casadi(instance: Instance) -> Any:
    import casadi as ca

    dt, count = instance.size
    state, w = ca.SX.sym("s", 4), ca.SX.sym("w")
    x = ca.SX.sym("x", 2)
    force = ca.Function("force", [x, w], [ca.gradient(potential(ca.sqrt, x, w), x)])
    after = ca.vertcat(state[:2] + dt * state[2:], state[2:] - dt * force(state[:2], w))
    step = ca.Function("step", [state, w], [after])
    control = ca.MX.sym("w")
    x0, x1, u, v = ca.vertsplit(step.fold(count)(ca.DM([*START, *SPEED]), control))
    return casadi_pair(instance.params, [control], (x0 - x1 / v * u) ** 2, 1)

"""Sum over n points of the squared distance to the nearest of k centres, in d dimensions."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradbench_problems.systems import Instance, casadi_pair

SIZES = {"tiny": (3, 10, 2), "small": (10, 1_000, 8), "medium": (100, 1_000, 8)}
NAMES = ("k", "n", "d")


def instance(k: int, n: int, d: int) -> Instance:
    points = np.random.default_rng(0).uniform(size=(n, d))
    return Instance((k, n, d), (points[-k:] + 0.01,), (points,))


def loss(library: Any, params: Any, data: Any, size: Any) -> Any:
    np, (centres,), (points,) = library.np, params, data
    distances = np.sum((points[:, None] - centres[None]) ** 2, -1)
    return np.sum(np.amin(distances, 1))


def mgcore(instance: Instance) -> Any:
    import mgcompile
    from mgcore import Value, ops

    (centres,), (points,) = instance.params, instance.data
    values = [[Value(x) for x in centre] for centre in centres]

    def nearest(point: Any) -> Any:
        distances = [
            ops.sum(*[(x - c) ** 2 for x, c in zip(point, centre, strict=True)])
            for centre in values
        ]
        return ops.min(*distances)

    params = [value for centre in values for value in centre]
    kernel = mgcompile.trace(nearest, (points[0].tolist(),), params=params)
    return lambda: kernel(points).sum(), lambda: kernel.loss_and_grad(points, reduction="sum")


def casadi(instance: Instance) -> Any:
    import casadi as ca

    k, n, d = instance.size
    point, centres = ca.SX.sym("p", d), ca.SX.sym("c", d, k)
    distances = [ca.sumsqr(point - centres[:, j]) for j in range(k)]
    nearest = ca.Function("nearest", [centres, point], [ca.mmin(ca.vertcat(*distances))])
    inputs, points = ca.MX.sym("c", d, k), ca.MX.sym("p", d, n)
    value = ca.sum2(nearest.map(n)(inputs, points))
    return casadi_pair((*instance.params, *instance.data), [inputs, points], value, 1)

"""Log-posterior of n points under a mixture of k Gaussians in d dimensions, with a Wishart prior.

A precision matrix is Q'Q with Q lower triangular: exp(q) on its diagonal, l below, row by row.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gradbench_problems.systems import Instance, casadi_pair

SIZES = {
    "tiny": (2, 3, 6),
    "small": (2, 5, 1_000),
    "medium": (10, 25, 1_000),
    "wide": (64, 5, 1_000),
}
NAMES = ("d", "k", "n")
GAMMA, M = 1.0, 0


def instance(d: int, k: int, n: int) -> Instance:
    rng = np.random.default_rng(0)
    below = rng.normal(size=(k, d * (d - 1) // 2)) / d
    params = rng.normal(size=k), rng.uniform(size=(k, d)), rng.normal(size=(k, d)) / 2, below
    return Instance((d, k, n), params, (rng.normal(size=(n, d)),))


def constant(d: int, k: int, n: int) -> float:
    """Return what no parameter goes into."""
    degrees = d + M + 1
    gammas = [math.lgamma(0.5 * (degrees - i)) for i in range(d)]
    log_gamma = 0.25 * d * (d - 1) * math.log(math.pi) + math.fsum(gammas)
    wishart = k * (degrees * d * math.log(GAMMA / math.sqrt(2.0)) - log_gamma)
    return wishart - 0.5 * n * d * math.log(2.0 * math.pi)


def places(d: int) -> np.ndarray:
    """Return where in [0, exp(q), l] each element of Q stands."""
    found = np.zeros((d, d), dtype=int)
    found[np.diag_indices(d)] = 1 + np.arange(d)
    found[np.tril_indices(d, -1)] = 1 + d + np.arange(d * (d - 1) // 2)
    return found


def loss(library: Any, params: Any, data: Any, size: Any) -> Any:
    np, (alpha, mu, q, below), (x,), (d, k, n) = library.np, params, data, size

    def lse(v: Any) -> Any:
        largest = np.amax(v, -1)
        return largest + np.log(np.sum(np.exp(v - largest[..., None]), -1))

    entries = np.concatenate([0.0 * q[:, :1], np.exp(q), below], 1)
    Q = entries[:, places(d)]
    spread = np.einsum("kij,nkj->nki", Q, x[:, None] - mu[None])
    logs = np.sum(q, 1)
    beta = alpha + logs - 0.5 * np.sum(spread**2, -1)
    likelihood = np.sum(lse(beta)) - n * lse(alpha)
    prior = M * np.sum(logs) - 0.5 * GAMMA**2 * np.sum(entries**2)
    return likelihood + prior + constant(d, k, n)


def mgcore(instance: Instance) -> Any:
    import mgcompile
    from mgcore import Value, ops

    (d, k, n), (points,) = instance.size, instance.data
    alpha, mu, q, below = values = [
        np.vectorize(Value, otypes=[object])(each).tolist() for each in instance.params
    ]

    def lse(v: Any) -> Any:
        largest = ops.max(*v)
        return largest + ops.log(ops.sum(*[ops.exp(x - largest) for x in v]))

    def point(x: Any) -> Any:
        beta, prior = [], []
        for j in range(k):
            diagonal = [ops.exp(each) for each in q[j]]
            logs = ops.sum(*q[j])
            centred = [a - b for a, b in zip(x, mu[j], strict=True)]
            spread = []
            for i in range(d):
                row = below[j][i * (i - 1) // 2 : i * (i + 1) // 2]
                spread.append(ops.dot(*row, diagonal[i], *centred[: i + 1]))
            beta.append(alpha[j] + logs - 0.5 * ops.sum(*[each**2 for each in spread]))
            squares = ops.sum(*[each**2 for each in diagonal + below[j]])
            prior.append(M * logs - 0.5 * GAMMA**2 * squares)
        return lse(beta) - lse(alpha) + (ops.sum(*prior) + constant(d, k, n)) / n

    params = [*alpha, *[each for table in values[1:] for row in table for each in row]]
    kernel = mgcompile.trace(point, (points[0].tolist(),), params=params)
    return lambda: kernel(points).sum(), lambda: kernel.loss_and_grad(points, reduction="sum")


def casadi(instance: Instance) -> Any:
    import casadi as ca

    d, k, n = instance.size
    triangle = d * (d - 1) // 2
    shapes = {"alpha": (k, 1), "mu": (d, k), "q": (d, k), "l": (triangle, k)}

    def lse(v: Any) -> Any:
        largest = ca.mmax(v)
        return largest + ca.log(ca.sum1(ca.exp(v - largest)))

    alpha, mu, q, below = [ca.SX.sym(name, *shape) for name, shape in shapes.items()]
    x = ca.SX.sym("x", d)
    beta = []
    for j in range(k):
        centred = x - mu[:, j]
        Q = ca.diag(ca.exp(q[:, j]))
        rows, columns = np.tril_indices(d, -1)
        for number, (r, c) in enumerate(zip(rows.tolist(), columns.tolist(), strict=True)):
            Q[r, c] = below[number, j]
        spread = ca.sumsqr(ca.mtimes(Q, centred))
        beta.append(alpha[j] + ca.sum1(q[:, j]) - 0.5 * spread)
    point = ca.Function("point", [alpha, mu, q, below, x], [lse(ca.vertcat(*beta))])
    symbols = [ca.MX.sym(name, *shape) for name, shape in shapes.items()]
    alpha, mu, q, below = symbols
    points = ca.MX.sym("x", d, n)
    value = ca.sum2(point.map(n)(*symbols, points)) - n * lse(alpha) + constant(d, k, n)
    squares = ca.sumsqr(ca.exp(q)) + ca.sumsqr(below)
    value += M * ca.sum1(ca.sum2(q)) - 0.5 * GAMMA**2 * squares
    return casadi_pair((*instance.params, *instance.data), [*symbols, points], value, 4)

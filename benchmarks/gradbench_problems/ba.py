"""Bundle adjustment: errors of p projections, and the block of the Jacobian of each.

An observation has a camera (rotation 3, centre 3, focal length, principal point 2, distortion 2), a
point and a weight, 15 numbers in all, to which it is differentiated. It gives three errors.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gradbench_problems.systems import Instance, casadi_call

SIZES = {"tiny": (4,), "small": (1_000,), "medium": (30_000,)}
NAMES = ("p",)
OUTPUTS = 3


def instance(p: int) -> Instance:
    rng = np.random.default_rng(0)
    cameras, points = max(2, p // 100), max(3, p // 4)
    rotation, centre = rng.normal(size=(cameras, 3)) / 3, rng.normal(size=(cameras, 3))
    lens = rng.normal(size=(cameras, 5)) * [50.0, 10.0, 10.0, 0.01, 0.01] + [500.0, 0, 0, 0, 0]
    camera = np.column_stack([rotation, centre, lens])
    point = rng.normal([0.0, 0.0, 20.0], size=(points, 3))
    seen = rng.integers(cameras, size=p), rng.integers(points, size=p)
    observations = np.column_stack([camera[seen[0]], point[seen[1]], rng.uniform(size=p)])
    return Instance((p,), (observations,), (rng.normal(size=(p, 2)) * 100.0,))


def errors(library: Any, x: Any, feature: Any) -> tuple[Any, Any, Any]:
    """Return the errors of an observation, from sequences of its 15 numbers and 2 more."""
    r, (px, py, pz), w = x[0:3], [x[11 + i] - x[3 + i] for i in range(3)], x[14]
    focal, x0, y0, k1, k2 = [x[i] for i in range(6, 11)]
    theta = library.sqrt(r[0] ** 2 + r[1] ** 2 + r[2] ** 2)
    cos, sin, inverse = library.cos(theta), library.sin(theta), 1.0 / theta
    ax, ay, az = [inverse * each for each in (r[0], r[1], r[2])]
    along = (ax * px + ay * py + az * pz) * (1.0 - cos)
    cx = px * cos + (ay * pz - az * py) * sin + ax * along
    cy = py * cos + (az * px - ax * pz) * sin + ay * along
    cz = pz * cos + (ax * py - ay * px) * sin + az * along
    u, v = cx / cz, cy / cz
    square = u**2 + v**2
    bent = 1.0 + k1 * square + k2 * square * square
    first = w * (u * bent * focal + x0 - feature[0])
    second = w * (v * bent * focal + y0 - feature[1])
    return first, second, 1.0 - w**2


def loss(library: Any, params: Any, data: Any, size: Any) -> Any:
    x, feature = [params[0][..., i] for i in range(15)], [data[0][..., i] for i in range(2)]
    return library.np.stack(errors(library.np, x, feature), -1)


def mgcore(instance: Instance) -> Any:
    import mgcompile
    from mgcore import ops

    (observations,), (features,) = instance.params, instance.data

    def observed(x: Any, feature: Any) -> Any:
        return list(errors(ops, x, feature))

    example = observations[0].tolist(), features[0].tolist()
    kernel = mgcompile.trace(observed, example)
    X = np.column_stack([observations, features])

    return lambda: kernel(X), lambda: kernel.jacobian(X)[:, :, :15]


def casadi(instance: Instance) -> Any:
    import casadi as ca

    (p,) = instance.size
    x, feature = ca.SX.sym("x", 15), ca.SX.sym("f", 2)
    found = ca.vertcat(*errors(ca, x, feature))
    block = ca.vec(ca.densify(ca.jacobian(found, x)).T)
    value = ca.Function("value", [x, feature], [found])
    blocks = ca.Function("blocks", [x, feature], [block])
    xs, features = ca.MX.sym("x", 15, p), ca.MX.sym("f", 2, p)
    arrays = (*instance.params, *instance.data)
    symbols = [xs, features]
    return tuple(
        casadi_call(arrays, symbols, each(*symbols)) for each in (value.map(p), blocks.map(p))
    )

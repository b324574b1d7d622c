"""Rows and grids of cells with borders of all kinds: recorded cell by cell, and as array code.

Each kind is written twice: `cells` on a list of numbers, as a user records it, and `array` on an
array of all cells by slices, with NumPy alone. Derivatives of the array code are complex steps,
exact to rounding as everything is analytic.
"""

from __future__ import annotations

from math import isqrt

import attrs
import numpy as np

from mgcore import ops

RATE = 0.2


@attrs.frozen
class Kind:
    """A step of all cells, twice.

    Args:
        cells: From a list of cells, the extra numbers and the number of the step to the next list.
        array: The same from an array, shape (cells, ...).
        extras: How many extra numbers there are.
        wide: Cells in a row of a grid, 0 for a row.
    """

    cells: object
    array: object
    extras: int = 0
    wide: int = 0


def heat(left, middle, right):
    return middle + RATE * (left - 2.0 * middle + right)


def joined(*parts):
    return np.concatenate([np.atleast_2d(part) for part in parts])


def inner(u):
    return heat(u[:-2], u[1:-1], u[2:])


def inner_cells(u):
    return [heat(u[i - 1], u[i], u[i + 1]) for i in range(1, len(u) - 1)]


def held(u, p, t):
    return [u[0], *inner_cells(u), u[-1]]


def held_array(u, p, t):
    return joined(u[0], inner(u), u[-1])


def given(u, p, t):
    """Both ends are given from outside: extra numbers."""
    return inner_cells([p[0], *u, p[1]])


def given_array(u, p, t):
    return inner(joined(p[0], u, p[1]))


def fixed(u, p, t):
    """The ends are plain numbers."""
    return inner_cells([0.25, *u, -1.5])


def fixed_array(u, p, t):
    ends = np.ones_like(u[0])
    return inner(joined(0.25 * ends, u, -1.5 * ends))


def mirrored(u, p, t):
    return inner_cells([u[0], *u, u[-1]])


def mirrored_array(u, p, t):
    return inner(joined(u[0], u, u[-1]))


def one_end(u, p, t):
    """One end is held, the other reflects."""
    return [u[0], *inner_cells([*u, u[-2]])]


def one_end_array(u, p, t):
    return joined(u[0], inner(joined(u, u[-2])))


def driven(u, p, t):
    """The end follows a number of its own in each step."""
    return inner_cells([p[t], *u, u[-1]])


def driven_array(u, p, t):
    return inner(joined(p[t], u, u[-1]))


def wide(u, p, t):
    """A fourth derivative: two cells at each end are held."""
    return [
        *u[:2],
        *(
            u[i] - 0.05 * (u[i - 2] - 4.0 * u[i - 1] + 6.0 * u[i] - 4.0 * u[i + 1] + u[i + 2])
            for i in range(2, len(u) - 2)
        ),
        *u[-2:],
    ]


def wide_array(u, p, t):
    a, b, c, d, e = u[:-4], u[1:-3], u[2:-2], u[3:-1], u[4:]
    return joined(u[:2], c - 0.05 * (a - 4.0 * b + 6.0 * c - 4.0 * d + e), u[-2:])


def other_op(u, p, t):
    """The ends are made by ops that the inner cells do not know."""
    return [ops.sin(u[0]), *inner_cells(u), ops.tanh(u[-1] * p[0])]


def other_op_array(u, p, t):
    return joined(np.sin(u[0]), inner(u), np.tanh(u[-1] * p[0]))


def deep(u, p, t):
    """More is done at the end than in the row, and the end feels the row."""
    end = ops.sin(ops.tanh(u[0] * 0.9) * p[0] + ops.exp(u[1] * -1.0) * 0.1)
    return [end, *inner_cells(u), u[-1] + RATE * (u[-2] - u[-1])]


def deep_array(u, p, t):
    end = np.sin(np.tanh(u[0] * 0.9) * p[0] + np.exp(-u[1]) * 0.1)
    return joined(end, inner(u), u[-1] + RATE * (u[-2] - u[-1]))


def own_rates(u, p, t):
    """Each cell has a rate of its own, a plain number."""
    inner = [
        u[i] + (0.1 + 0.01 * i) * (u[i - 1] - 2.0 * u[i] + u[i + 1]) for i in range(1, len(u) - 1)
    ]
    return [u[0], *inner, u[-1]]


def own_rates_array(u, p, t):
    rate = 0.1 + 0.01 * np.arange(1, len(u) - 1)[:, None]
    return joined(u[0], u[1:-1] + rate * (u[:-2] - 2.0 * u[1:-1] + u[2:]), u[-1])


def upwind(u, p, t):
    """A chain whose head follows no neighbour."""
    return [u[0] * 0.99, *(u[i] - 0.3 * ops.sin(u[i] - u[i - 1]) for i in range(1, len(u)))]


def upwind_array(u, p, t):
    return joined(u[0] * 0.99, u[1:] - 0.3 * np.sin(u[1:] - u[:-1]))


def _runge_kutta(slope, u, h=0.05):
    def moved(k, by):
        return [a + by * b for a, b in zip(u, k, strict=True)]

    k1 = slope(u)
    k2 = slope(moved(k1, h / 2))
    k3 = slope(moved(k2, h / 2))
    k4 = slope(moved(k3, h))
    return [
        a + h / 6 * (p + 2.0 * q + 2.0 * r + s)
        for a, p, q, r, s in zip(u, k1, k2, k3, k4, strict=True)
    ]


def _runge_kutta_array(slope, u, h=0.05):
    k1 = slope(u)
    k2 = slope(u + h / 2 * k1)
    k3 = slope(u + h / 2 * k2)
    k4 = slope(u + h * k3)
    return u + h / 6 * (k1 + 2.0 * k2 + 2.0 * k3 + k4)


def chain(u, p, t):
    """Runge-Kutta steps of x_i' = sin(x_{i-1}) x_i; the first one grows by itself."""
    return _runge_kutta(lambda x: [x[0], *(ops.sin(x[i - 1]) * x[i] for i in range(1, len(x)))], u)


def chain_array(u, p, t):
    return _runge_kutta_array(lambda x: joined(x[0], np.sin(x[:-1]) * x[1:]), u)


def rod(u, p, t):
    """Runge-Kutta steps of the heat equation between given ends."""

    def slope(x):
        x = [p[0], *x, p[1]]
        return [x[i - 1] - 2.0 * x[i] + x[i + 1] for i in range(1, len(x) - 1)]

    return _runge_kutta(slope, u)


def rod_array(u, p, t):
    def slope(x):
        x = joined(p[0], x, p[1])
        return x[:-2] - 2.0 * x[1:-1] + x[2:]

    return _runge_kutta_array(slope, u)


def string(u, p, t):
    """Two fields, the places and speeds of a string held at its ends."""
    n = len(u) // 2
    x, v = u[:n], u[n:]
    v = [v[i] + 0.1 * (x[i - 1] - 2.0 * x[i] + x[i + 1]) for i in range(1, n - 1)]
    moved = [x[i + 1] + 0.1 * v[i] for i in range(n - 2)]
    return [x[0], *moved, x[-1], u[n], *v, u[-1]]


def string_array(u, p, t):
    n = len(u) // 2
    x, v = u[:n], u[n:]
    w = v[1:-1] + 0.1 * (x[:-2] - 2.0 * x[1:-1] + x[2:])
    return joined(x[0], x[1:-1] + 0.1 * w, x[-1], v[0], w, v[-1])


def plate(u, p, t):
    """A grid between held borders."""
    n, new = isqrt(len(u)), list(u)
    for i in range(1, n - 1):
        for j in range(1, n - 1):
            c = u[i * n + j]
            around = u[(i - 1) * n + j] + u[(i + 1) * n + j] + u[i * n + j - 1]
            new[i * n + j] = c + 0.1 * (around + u[i * n + j + 1] - 4.0 * c)
    return new


def plate_array(u, p, t):
    n = isqrt(len(u))
    a = u.reshape(n, n, -1)
    new = a.copy()
    c = a[1:-1, 1:-1]
    new[1:-1, 1:-1] = c + 0.1 * (a[:-2, 1:-1] + a[2:, 1:-1] + a[1:-1, :-2] + a[1:-1, 2:] - 4.0 * c)
    return new.reshape(u.shape)


def insulated(u, p, t):
    """A grid whose borders mirror their cells, heated at one corner."""
    n = isqrt(len(u))

    def at(i, j):
        return u[min(max(i, 0), n - 1) * n + min(max(j, 0), n - 1)]

    new = []
    for i in range(n):
        for j in range(n):
            around = at(i - 1, j) + at(i + 1, j) + at(i, j - 1) + at(i, j + 1)
            new.append(u[i * n + j] + 0.1 * (around - 4.0 * u[i * n + j]))
    new[0] = new[0] + p[0]
    return new


def insulated_array(u, p, t):
    n = isqrt(len(u))
    a = u.reshape(n, n, -1)
    up, down = np.concatenate([a[:1], a[:-1]]), np.concatenate([a[1:], a[-1:]])
    left = np.concatenate([a[:, :1], a[:, :-1]], axis=1)
    right = np.concatenate([a[:, 1:], a[:, -1:]], axis=1)
    new = (a + 0.1 * (up + down + left + right - 4.0 * a)).reshape(u.shape)
    new[0] = new[0] + p[0]
    return new


KINDS = {
    "held": Kind(held, held_array),
    "given": Kind(given, given_array, 2),
    "fixed": Kind(fixed, fixed_array),
    "mirrored": Kind(mirrored, mirrored_array),
    "one end": Kind(one_end, one_end_array),
    "driven": Kind(driven, driven_array, 40),
    "wide": Kind(wide, wide_array),
    "other op": Kind(other_op, other_op_array, 1),
    "deep": Kind(deep, deep_array, 1),
    "own rates": Kind(own_rates, own_rates_array),
    "upwind": Kind(upwind, upwind_array),
    "chain": Kind(chain, chain_array),
    "rod": Kind(rod, rod_array, 2),
    "string": Kind(string, string_array),
    "plate": Kind(plate, plate_array, 0, 6),
    "large plate": Kind(plate, plate_array, 0, 11),
    "insulated": Kind(insulated, insulated_array, 1, 6),
}


def record(kind, leaves, steps, cells):
    """Return the sum of squares of the cells after some steps; the extras are the last leaves."""
    u, extra = list(leaves[:cells]), list(leaves[cells:])
    for t in range(steps):
        u = kind.cells(u, extra, t)
    return ops.sum(*(a * a for a in u))


def truth(kind, numbers, steps, cells):
    """Return the same as a number, and its gradient to all leaves."""
    n, tiny = len(numbers), 1e-30
    leaves = np.asarray(numbers)[:, None] + 1j * tiny * np.eye(n)
    u, extra = leaves[:cells], leaves[cells:]
    for t in range(steps):
        u = kind.array(u, extra, t)
    value = np.sum(u * u, axis=0)
    return float(value[0].real), value.imag / tiny

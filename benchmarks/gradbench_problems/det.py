"""Determinant of an l by l matrix, by expansion along rows; equal minors are computed once."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np

from gradbench_problems.systems import Instance, casadi_pair

SIZES = {"tiny": (3,), "small": (6,), "medium": (10,)}
NAMES = ("l",)


def instance(order: int) -> Instance:
    return Instance((order,), (np.random.default_rng(0).uniform(size=(order, order)),))


def levels(order: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """List for minors of 2 rows, 3 rows, ... which columns each has, and which smaller minors."""
    found, numbers = [], {(column,): column for column in range(order)}
    for rows in range(2, order + 1):
        columns = list(combinations(range(order), rows))
        left = [[numbers[c[:i] + c[i + 1 :]] for i in range(rows)] for c in columns]
        found.append((np.array(columns), np.array(left)))
        numbers = {c: number for number, c in enumerate(columns)}
    return found


def loss(library: Any, params: Any, data: Any, size: Any) -> Any:
    np, (matrix,), (order,) = library.np, params, size
    minors = matrix[order - 1]
    for rows, (columns, left) in enumerate(levels(order), 2):
        terms = matrix[order - rows][columns] * minors[left]
        minors = np.sum(terms[:, 0::2], 1) - np.sum(terms[:, 1::2], 1)
    return minors[0]


def scalars(matrix: Any, order: int) -> Any:
    """Return the determinant of rows of scalars."""
    minors = matrix[order - 1]
    for rows, (columns, left) in enumerate(levels(order), 2):
        row, found = matrix[order - rows], []
        for cs, ms in zip(columns.tolist(), left.tolist(), strict=True):
            total = row[cs[0]] * minors[ms[0]]
            for i in range(1, rows):
                term = row[cs[i]] * minors[ms[i]]
                total = total - term if i % 2 else total + term
            found.append(total)
        minors = found
    return minors[0]


def mgcore(instance: Instance) -> Any:
    import mgcompile

    (matrix,), (order,) = instance.params, instance.size
    kernel = mgcompile.trace(lambda rows: scalars(rows, order), (matrix.tolist(),))
    x = matrix.ravel()
    return lambda: kernel(x), lambda: kernel.value_and_grad(x)


def casadi(instance: Instance) -> Any:
    import casadi as ca

    (order,) = instance.size
    x = ca.SX.sym("x", order, order)
    value = scalars([[x[j, i] for j in range(order)] for i in range(order)], order)
    return casadi_pair(instance.params, [x], value, 1)

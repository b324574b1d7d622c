"""Find the index map behind an array of element numbers, and the axes behind a list."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mgcompile.program.ir import Affine, Gather, IndexMap

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Numbers = NDArray[np.int64]

__all__ = ["common_axes", "fit_map"]


def fit_map(elements: Numbers) -> IndexMap:
    """Return the map that gives exactly these element numbers.

    Args:
        elements: Element numbers over the whole domain, one axis for each axis of the domain.

    Returns:
        Affine when every axis moves by a fixed stride; else a gather whose table has extent 1 along
        the axes that are affine.
    """
    table = elements
    strides = [0] * elements.ndim
    for axis in range(elements.ndim):
        if table.shape[axis] == 1:
            continue
        steps = np.diff(table, axis=axis)
        step = int(steps.flat[0]) if steps.size else 0
        if np.all(steps == step):
            strides[axis] = step
            table = np.take(table, [0], axis=axis)
    if table.size == 1:
        return Affine(int(table.flat[0]), tuple(strides))
    return Gather(table, tuple(strides))


def common_axes(columns: list[Numbers], count: int) -> tuple[int, ...]:
    """Split a list of `count` members into axes on which every column moves by fixed strides.

    Args:
        columns: Element numbers of each member, shape (count,), one column for each operand.
        count: Number of members.

    Returns:
        The extents, outermost first, row-major; `(count,)` when the columns do not agree on any.
    """
    extents: list[int] = []
    remaining = [np.asarray(column) for column in columns]
    while count > 1:
        inner = _inner_extent(remaining, count)
        if inner is None:
            extents.append(count)
            break
        extents.append(inner)
        remaining = [column[::inner] for column in remaining]
        count //= inner
    return tuple(reversed(extents)) or ((count,) if count != 1 else ())


def _inner_extent(columns: list[Numbers], count: int) -> int | None:
    """Return the longest innermost run on which all columns move steadily, if it divides."""
    run = count
    for column in columns:
        steps = np.diff(column)
        breaks = np.flatnonzero(steps != steps[0])
        if len(breaks):
            run = min(run, int(breaks[0]) + 1)
    if run == count:
        return count
    if run == 1 or count % run:
        return None
    for column in columns:
        rows = column.reshape(-1, run)
        if np.any(np.diff(rows, axis=1) != rows[0, 1] - rows[0, 0]):
            return None
    return run

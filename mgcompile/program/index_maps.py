"""Small rules of index maps: which axes move, keep some axes, reverse one, lay out densely."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mgcompile.program.ir import CONSTS, Access, Affine, Gather, IndexMap, extent, map_elements

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "added_axis",
    "constant_place",
    "constant_stride",
    "dense_strides",
    "elements_at",
    "extremes",
    "flat",
    "is_identity",
    "is_row_major",
    "moving_axes",
    "only_axes",
    "reversed_axis",
    "scaled",
    "shifted",
]


def dense_strides(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return the row-major strides of `shape`, in elements."""
    strides, step = [], 1
    for length in reversed(shape):
        strides.append(step)
        step *= length
    return tuple(reversed(strides))


def elements_at(index: IndexMap, at: tuple[int, ...], domain: tuple[int, ...]) -> NDArray[np.int64]:
    """Return the element numbers of a map at iterations of the loops around, shape `domain`."""
    depth = len(at)
    offset = sum(k * stride for k, stride in zip(at, index.strides, strict=False))
    if isinstance(index, Affine):
        return map_elements(Affine(index.offset + offset, index.strides[depth:]), domain)
    rows = tuple(min(k, n - 1) for k, n in zip(at, index.table.shape, strict=False))
    return map_elements(Gather(index.table[rows] + offset, index.strides[depth:]), domain)


def extremes(index: IndexMap, domain: tuple[int, ...]) -> tuple[int, int]:
    """Return the least and the greatest element number of a map over a domain."""
    low, high = index.bounds
    for length, stride in zip(domain, index.strides, strict=True):
        low += min(0, stride * (length - 1))
        high += max(0, stride * (length - 1))
    return low, high


def constant_place(access: Access) -> int | None:
    """Return the element of CONSTS that an access reads everywhere, if there is one."""
    if access.array != CONSTS or any(moving_axes(access.index)):
        return None
    return access.index.bounds[0]


def moving_axes(index: IndexMap) -> tuple[bool, ...]:
    """Tell for each axis whether the element number depends on it."""
    if isinstance(index, Affine):
        return tuple(stride != 0 for stride in index.strides)
    return tuple(
        stride != 0 or rows != 1
        for stride, rows in zip(index.strides, index.table.shape, strict=True)
    )


def only_axes(index: IndexMap, axes: tuple[int, ...]) -> IndexMap:
    """Return the map over the axes named, in that order, at 0 along all others."""
    every = tuple(range(len(index.strides)))
    if axes == every:
        return index
    others = tuple(axis for axis in every if axis not in axes)
    first = (slice(None),) * len(axes) + (0,) * len(others)
    strides = tuple(index.strides[axis] for axis in axes)
    return index.rebuilt(strides, lambda table: table.transpose(axes + others)[first])


def added_axis(index: IndexMap, at: int, count: int = 1) -> IndexMap:
    """Return the map with `count` more axes in front of axis `at`, on which it does not depend."""
    strides = index.strides[:at] + (0,) * count + index.strides[at:]
    places = tuple(range(at, at + count))
    return index.rebuilt(strides, lambda table: np.expand_dims(table, places))


def reversed_axis(index: IndexMap, axis: int, length: int) -> IndexMap:
    """Return the map that goes through `axis` from its last point to its first."""
    step = index.strides[axis]
    strides = (*index.strides[:axis], -step, *index.strides[axis + 1 :])
    return index.rebuilt(strides, lambda table: np.flip(table, axis), plus=step * (length - 1))


def shifted(index: IndexMap, offset: int) -> IndexMap:
    """Return the map moved on by `offset` elements."""
    return index.rebuilt(index.strides, plus=offset)


def constant_stride(index: IndexMap, domain: tuple[int, ...]) -> tuple[int, int] | None:
    """Return `(offset, step)` if element i of the domain, row-major, is `offset + step * i`."""
    if isinstance(index, Gather):
        return None
    long = [(n, stride) for n, stride in zip(domain, index.strides, strict=True) if n > 1]
    if not long:
        return index.offset, 1
    step = long[-1][1]
    expected = step
    for length, stride in reversed(long):
        if stride != expected:
            return None
        expected *= length
    return index.offset, step


def is_identity(index: IndexMap, domain: tuple[int, ...], size: int) -> bool:
    """Tell whether the map goes through all elements of an array of `size`, in order."""
    return extent(domain) == size and constant_stride(index, domain) == (0, 1)


def is_row_major(index: IndexMap, loops: int, shape: tuple[int, ...]) -> bool:
    """Tell whether a map reads, at each point of `shape`, the element of the same number.

    The first `loops` axes are those of the loops around; it must not depend on them.
    """
    if not isinstance(index, Affine) or index.offset or any(index.strides[:loops]):
        return False
    expected = 1
    for length, stride in zip(reversed(shape), reversed(index.strides[loops:]), strict=True):
        if length > 1 and stride != expected:
            return False
        expected *= length
    return True


def flat(access: Access, domain: tuple[int, ...]) -> Access | None:
    """Return the access over one axis that reads the same elements in row-major order, if any."""
    found = constant_stride(access.index, domain)
    if found is None:
        return None
    return Access(access.array, Affine(found[0], (found[1],)))


def scaled(index: IndexMap, factor: int) -> IndexMap:
    """Return the map to `factor` times the element number."""
    return index.rebuilt(tuple(stride * factor for stride in index.strides), times=factor)

"""Make arrays that begin where a line of the cache does, so that no vector lies across two."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["aligned_copy", "aligned_zeros"]

LINE = 64
"""Bytes of a line, which is also as long as the longest vectors are."""


def aligned_zeros(shape: tuple[int, ...], dtype: np.dtype[Any]) -> NDArray[Any]:
    """Return a new array of zeros.

    >>> found = aligned_zeros((2, 3), np.dtype("float32"))
    >>> found.shape, found.dtype, found.ctypes.data % 64
    ((2, 3), dtype('float32'), 0)
    """
    size = int(np.prod(shape)) * dtype.itemsize
    room = np.zeros(size + LINE, dtype=np.uint8)
    start = -room.ctypes.data % LINE
    return room[start : start + size].view(dtype).reshape(shape)


def aligned_copy(array: NDArray[Any]) -> NDArray[Any]:
    """Return a copy."""
    found = aligned_zeros(array.shape, array.dtype)
    found[...] = array
    return found

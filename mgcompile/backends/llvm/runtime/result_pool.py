"""Make arrays for results; large ones in memory that earlier results no longer need.

Memory that is new to the process costs a page fault for every 4 KiB when it is first written,
several times what computing the numbers takes.
"""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from attrs import define, field

from mgcompile.backends.llvm.codegen.batch_io import LINE

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Results"]

LARGE = 1 << 18
KEPT = 1 << 28
"""Bytes from which on an array is large, and that are kept for reuse at most."""

_ONLY_HERE = 3
"""References to a buffer that nobody uses: the list, the loop's name, getrefcount's argument."""


@define
class Results:
    """Hand out new arrays. Safe to use from several threads at once."""

    _buffers: list[NDArray[np.uint8]] = field(factory=list)
    _lock: threading.Lock = field(factory=threading.Lock)

    def array(
        self, shape: tuple[int, ...], dtype: np.dtype[Any], order: Literal["C", "F"] = "C"
    ) -> NDArray[Any]:
        """Return an array that nothing else refers to, its content undefined.

        A large one begins with a line of the caches, and so do its columns when the order is "F".
        """
        size = dtype.itemsize
        for length in shape:
            size *= length
        if size < LARGE:
            return np.empty(shape, dtype, order)
        strides = None
        if order == "F" and len(shape) == 2:
            column = -(-shape[0] * dtype.itemsize // LINE) * LINE
            size, strides = column * shape[1], (dtype.itemsize, column)
        with self._lock:
            buffer = self._buffer(size + LINE)
        # The array's base is the buffer itself, the owner: NumPy has views refer to that alone.
        start = -buffer.ctypes.data % LINE
        return np.ndarray(shape, dtype, buffer, start, strides)

    def _buffer(self, size: int) -> NDArray[np.uint8]:
        kept = 0
        for buffer in self._buffers:
            if sys.getrefcount(buffer) == _ONLY_HERE and size <= len(buffer) <= 2 * size:
                return buffer
            kept += len(buffer)
        buffer = np.empty(size, np.uint8)
        if kept + size > KEPT:
            self._buffers = [b for b in self._buffers if sys.getrefcount(b) > _ONLY_HERE]
        if size <= KEPT:
            self._buffers.append(buffer)
        return buffer

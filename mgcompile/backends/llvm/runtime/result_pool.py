"""Make arrays for results; large ones in memory that earlier results no longer need.

Memory that is new to the process costs a page fault for every 4 KiB when it is first written,
several times what computing the numbers takes.
"""

from __future__ import annotations

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


class _Lease:
    """Memory that is in use: arrays and their views keep it alive; then it goes back to the pool.

    What tells that nobody uses it is its own end, not a count of references, of which interpreters
    keep fewer and fewer.
    """

    __slots__ = ("__array_interface__", "_buffer", "_free")

    def __init__(self, buffer: NDArray[np.uint8], free: list[NDArray[np.uint8]]) -> None:
        self.__array_interface__ = buffer.__array_interface__
        self._buffer = buffer
        self._free = free

    def __del__(self) -> None:
        self._free.append(self._buffer)  # atomic


@define
class Results:
    """Hand out new arrays. Safe to use from several threads at once."""

    _free: list[NDArray[np.uint8]] = field(factory=list)
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
        memory = np.asarray(_Lease(buffer, self._free))
        start = -buffer.ctypes.data % LINE
        return np.ndarray(shape, dtype, memory, start, strides)

    def _buffer(self, size: int) -> NDArray[np.uint8]:
        """Return memory of at least `size` bytes that nobody uses; drop some if there is much."""
        for place, buffer in enumerate(self._free):
            if size <= len(buffer) <= 2 * size:
                return self._free.pop(place)
        while self._free and size + sum(map(len, self._free)) > KEPT:
            self._free.pop(0)
        return np.empty(size, np.uint8)

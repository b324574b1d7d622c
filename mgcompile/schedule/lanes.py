"""Know what it costs to have neighbours along an axis in the lanes of a vector."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen

from mgcompile.program.index_maps import dense_strides
from mgcompile.program.ir import Gather

if TYPE_CHECKING:
    from mgcompile.program.ir import IndexMap

__all__ = ["Path", "fetch_cost", "path_of", "put_cost", "vectors_of"]


@frozen
class Path:
    """How an index map moves along each axis: by elements, and by entries of its table."""

    strides: tuple[int, ...]
    steps: tuple[int, ...] = ()

    def along(self, axis: int) -> tuple[int, int]:
        """Return both for an axis."""
        return self.strides[axis], self.steps[axis] if self.steps else 0

    def moves(self, axis: int) -> bool:
        """Tell whether what is read or written depends on an axis."""
        return any(self.along(axis))


def path_of(index: IndexMap) -> Path:
    """Return how a map moves; axes along which its table has one entry need none."""
    if not isinstance(index, Gather):
        return Path(index.strides)
    shape = index.table.shape
    pairs = zip(shape, dense_strides(shape), strict=True)
    return Path(index.strides, tuple(0 if length == 1 else step for length, step in pairs))


def vectors_of(length: int, width: int) -> list[tuple[int, int]]:
    """Return how many vectors an axis takes, and of how many lanes in use each is."""
    whole, rest = divmod(length, width)
    return [pair for pair in ((whole, width), (1, rest)) if all(pair)]


def fetch_cost(stride: int, step: int, live: int) -> float:
    """Return about how many instructions a load of so many lanes takes."""
    if step:
        return 3.0 * live
    if stride in (0, 1):
        return 1.0
    return 2.0 if stride == -1 else 1.5 * live


def put_cost(stride: int, step: int, live: int) -> float:
    """Return the same of a store."""
    if step:
        return 4.0 * live
    if stride == 1:
        return 1.0
    return 2.0 if stride == -1 else 2.0 * live

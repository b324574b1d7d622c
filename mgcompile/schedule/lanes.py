"""Know what it costs to have neighbours along an axis in the lanes of a vector."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen

from mgcompile.program.index_maps import dense_strides
from mgcompile.program.ir import Affine, Gather

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mgcompile.program.ir import IndexMap
    from mgcompile.schedule.ir import LoopProgram

__all__ = ["Path", "fetch_cost", "joined", "path_of", "put_cost", "result_path", "vectors_of"]


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

    def only(self, axes: Iterable[int], first: int, count: int) -> Path:
        """Return the path with those `axes` alone of `count` that begin at number `first`."""
        kept = [*range(first), *(first + axis for axis in axes)]

        def row(numbers: tuple[int, ...]) -> tuple[int, ...]:
            return (*(numbers[place] for place in kept), *numbers[first + count :])

        return Path(row(self.strides), row(self.steps) if self.steps else ())


def path_of(index: IndexMap) -> Path:
    """Return how a map moves; axes along which its table has one entry need none."""
    if not isinstance(index, Gather):
        return Path(index.strides)
    shape = index.table.shape
    pairs = zip(shape, dense_strides(shape), strict=True)
    return Path(index.strides, tuple(0 if length == 1 else step for length, step in pairs))


def result_path(loops: LoopProgram, array: int, shape: tuple[int, ...], depth: int) -> Path:
    """Return how what makes an array, in `depth` loops, moves through it or what it is part of."""
    target = loops.destinations.get(array)
    dense = Affine(0, (0,) * depth + dense_strides(shape))
    return path_of(dense if target is None else target.index)


def joined(
    shape: tuple[int, ...], paths: Sequence[Path], first: int
) -> tuple[tuple[int, ...], tuple[int, ...], list[Path]]:
    """Make one axis of neighbouring ones that all paths pass through as through one.

    Args:
        shape: The lengths of the axes.
        paths: What goes through them.
        first: The number of the first of these axes in the paths.

    Returns:
        Of each axis that is left the last one that went into it, and its length; the paths.
    """
    lengths: list[int] = []
    last: list[int] = []
    for axis, length in enumerate(shape):
        if lengths and all(_goes_on(path, first + axis, length) for path in paths):
            lengths[-1] *= length
            last[-1] = axis
        else:
            lengths.append(length)
            last.append(axis)
    return tuple(last), tuple(lengths), [path.only(last, first, len(shape)) for path in paths]


def _goes_on(path: Path, place: int, length: int) -> bool:
    """Tell whether the axis before `place` begins again where this one ends."""
    rows = (path.strides, path.steps) if path.steps else (path.strides,)
    return all(row[place - 1] == row[place] * length for row in rows)


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

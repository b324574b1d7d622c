"""Collect contributions to adjoints and pull them back through index maps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from mgcompile.autodiff.matrix_product_adjoints import Contribution, summed_product
from mgcompile.autodiff.symbols import Emitter, Symbol
from mgcompile.program.builder import affine
from mgcompile.program.index_maps import (
    added_axis,
    dense_strides,
    flat,
    is_identity,
    moving_axes,
    only_axes,
)
from mgcompile.program.ir import CONSTS, Access, Affine, IndexMap
from mgcore import ops

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mgcompile.program.builder import Builder

__all__ = ["Adjoints", "Part", "over_shape"]


@attrs.frozen(slots=True, eq=False)
class Part:
    """What is left when the axes on which the map does not depend have been summed over."""

    shape: tuple[int, ...]
    source: Access
    index: IndexMap


class Adjoints:
    """The adjoints of the arrays of one block of statements (a program or the body of a loop).

    Args:
        builder: Where the sums go.
        loops: Extents of the loops around.
        per_sample: Whether every sample keeps its own adjoint even of what all samples share.
    """

    def __init__(
        self, builder: Builder, loops: tuple[int, ...] = (), *, per_sample: bool = False
    ) -> None:
        self.builder = builder
        self.loops = loops
        self.per_sample = per_sample
        self._parts: dict[int, list[Part]] = {}

    def __contains__(self, array: int) -> bool:
        return array in self._parts

    def seed(self, array: int, value: float) -> None:
        """Start with the same number for every element of `array`."""
        size = self.builder.arrays[array].size
        zeros = (0,) * len(self.loops)
        source = affine(CONSTS, self.builder.constant(value), *zeros, 0)
        self._add(array, Part((size,), source, Affine(0, (*zeros, 1))))

    def add_flat(self, array: int, source: Access, shape: tuple[int, ...], index: IndexMap) -> None:
        """Add what `source` reads over `shape` to the elements of `array` that `index` names."""
        self._add(array, Part(shape, source, index))

    def contribute(self, contribution: Contribution) -> None:
        """Sum over the axes that the target does not see, and over the batch if it has none."""
        if any(not isinstance(x, Symbol) and x == 0.0 for x in contribution.factors):
            return
        builder, depth = self.builder, len(self.loops)
        domain, index = contribution.domain, contribution.index
        moves = moving_axes(index)[depth:]
        kept = tuple(axis for axis, moving in enumerate(moves) if moving)
        gone = tuple(axis for axis, moving in enumerate(moves) if not moving and domain[axis] > 1)
        shared = not (self.per_sample or builder.arrays[contribution.target].batched)
        over_batch = contribution.batched and shared
        source = summed_product(
            contribution, builder, self.loops, kept, gone, over_batch=over_batch
        )
        axes = (*range(depth), *(depth + axis for axis in kept))
        part = Part(tuple(domain[axis] for axis in kept), source, only_axes(index, axes))
        self._add(contribution.target, part)

    def _add(self, array: int, part: Part) -> None:
        self._parts.setdefault(array, []).append(part)

    def take_parts(self, array: int) -> list[Part]:
        """Return what was collected for `array` as it is, and forget it."""
        return self._parts.pop(array, [])

    def take(self, array: int, size: int | None = None) -> Access | None:
        """Return the adjoint of `array` as an access over `(size,)`, None when it is zero.

        What was collected is forgotten. `size`: of the elements at the front that can have one.
        """
        parts = self._parts.pop(array, None)
        if not parts:
            return None
        depth = len(self.loops)
        size = self.builder.arrays[array].size if size is None else size
        flats = [self._whole(part, size) for part in parts]
        if all(access is not None for access in flats):
            reads = [access for access in flats if access is not None]
            if len(reads) == 1:
                return reads[0]
            emitter = Emitter(self.builder, self.loops, (size,))
            return emitter.access(emitter.apply(ops.sum, [emitter.symbol(x) for x in reads]))
        result = self.builder.scatter(size, [(p.shape, p.source, p.index) for p in parts])
        return affine(result, 0, *(0,) * depth, 1)

    def _whole(self, part: Part, size: int) -> Access | None:
        """Return a part that covers the whole array as an access over `(size,)`."""
        depth = len(self.loops)
        axes = tuple(range(depth, depth + len(part.shape)))
        if any(moving_axes(part.index)[:depth]):
            return None
        if not is_identity(only_axes(part.index, axes), part.shape, size):
            return None
        if any(moving_axes(part.source.index)[:depth]):
            return part.source if len(part.shape) == 1 else None
        read = flat(Access(part.source.array, only_axes(part.source.index, axes)), part.shape)
        if read is None:
            return part.source if len(part.shape) == 1 else None
        return Access(read.array, added_axis(read.index, 0, depth))


def over_shape(access: Access, shape: tuple[int, ...], more: int, depth: int) -> Access:
    """Return an access over `(size,)` as one over `shape` and `more` axes that it does not see."""
    index = access.index
    strides = index.strides
    step = strides[depth]
    spread = (*strides[:depth], *(step * s for s in dense_strides(shape)), *(0,) * more)

    def over(table: NDArray[np.int64]) -> NDArray[np.int64]:
        rows = table.shape
        own = (1,) * len(shape) if rows[depth] == 1 else shape
        return table.reshape(*rows[:depth], *own, *(1,) * more)

    return Access(access.array, index.rebuilt(spread, over))

"""Write a group of isomorphic nodes as bundles."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import attrs
import numpy as np

from mgcompile.graph.ir import CONST, SUM_OVER_SAMPLES
from mgcompile.program.index_maps import dense_strides
from mgcompile.program.infer_maps import common_axes, fit_map
from mgcompile.program.ir import CONSTS, Access, Affine
from mgcompile.support.uniform_partial import is_reducible
from mgcore import ops

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mgcompile.program.builder import Builder
    from mgcompile.reroll.value_map import ValueMap
    from mgcore import Op

    Numbers = NDArray[np.int64]

__all__ = ["Writer"]

# With fewer operands an op is part of elementwise code.
_FEWEST_ALONG = 4
# Many operands from several arrays are gathered into one: written out, they cost too much.
_FEWEST_GATHERED = 64
_MOST_AXES = 4


@attrs.frozen(slots=True, eq=False)
class _Segment:
    """Terms of a sum or a dot that are read from the same arrays: one column per factor."""

    factors: tuple[Numbers, ...]

    @property
    def terms(self) -> int:
        return int(self.factors[0].shape[-1])


class Writer:
    """Write groups into one block of a program.

    Args:
        value_map: Where nodes are.
        builder: Where statements go.
        count: Iterations of the loop around, 0 for none. Then nodes come as arrays whose first axis
            is the iteration.
        local: The first array that is of the loop's own.
    """

    def __init__(
        self, value_map: ValueMap, builder: Builder, count: int = 0, local: int = 0
    ) -> None:
        self.value_map = value_map
        self.builder = builder
        self.count = count
        self.local = local

    def write(self, op: Op, table: Numbers) -> int:
        """Append the bundles of a group; return the array of the results.

        Args:
            op: Of all members.
            table: Their operands, shape (m, width); (count, m, width) inside a loop.
        """
        if op is ops.sum or op is ops.dot:
            return self._write_sum(table, paired=op is ops.dot)
        if self._is_axis(op, table):
            return self._write_along(op, table)
        shape = self._axes([table[..., slot] for slot in range(table.shape[-1])])
        reads = [self._read(table[..., slot], shape) for slot in range(table.shape[-1])]
        if op is SUM_OVER_SAMPLES:
            return self.builder.bundle(ops.sum, shape, reads, over_batch=True)
        return self.builder.bundle(op, shape, reads)

    def _is_axis(self, op: Op, table: Numbers) -> bool:
        """Tell whether the operands of an op that takes any number can be an axis."""
        width = int(table.shape[-1])
        if width < _FEWEST_ALONG or op.arity is not None:
            return False
        array = self.value_map.array[table]
        one = bool(np.all(array == array.flat[0])) and array.flat[0] != CONSTS
        gathered = width >= _FEWEST_GATHERED and not self.count
        return (one or gathered) and is_reducible(op, width)

    def _write_along(self, op: Op, table: Numbers) -> int:
        shape = self._axes([table[..., slot] for slot in (0, -1)])
        elements = self.value_map.element[table].reshape(-1, table.shape[-1])[0]
        reduced = best_axes([elements], len(elements))
        return self.builder.bundle(op, shape, [self._read(table, shape, reduced)], reduced)

    def _axes(self, columns: Sequence[Numbers]) -> tuple[int, ...]:
        """Find axes for the members along which as many columns as possible move steadily."""
        lists = []
        for column in columns:
            if self.value_map.code[column.flat[0]] == CONST:
                continue
            elements = self.value_map.element[column]
            # Inside a loop every iteration has to have the same axes; the first one decides.
            lists.append(elements[0] if elements.ndim == 2 else elements)
        return best_axes(lists, int(columns[0].shape[-1]))

    def _read(self, nodes: Numbers, shape: tuple[int, ...], more: tuple[int, ...] = ()) -> Access:
        if not self.count:
            return self.value_map.access(nodes.reshape(shape + more))
        return self.value_map.access_in_loop(nodes.reshape(self.count, *shape, *more), self.local)

    def _write_sum(self, table: Numbers, *, paired: bool) -> int:
        batch_sums = self._segments(table, paired=paired)
        columns = [factor[..., t] for s in batch_sums for factor in s.factors for t in (0, -1)]
        shape = self._axes(columns)
        if len(batch_sums) == 1:
            return self._write_segment(batch_sums[0], shape)
        reads = []
        for batch_sum in batch_sums:
            if batch_sum.terms == 1 and len(batch_sum.factors) == 1:
                reads.append(self._read(batch_sum.factors[0][..., 0], shape))
            else:
                part = self._write_segment(batch_sum, shape)
                reads.append(self._dense(part, shape))
        op = ops.add if len(reads) == 2 else ops.sum
        return self.builder.bundle(op, shape, reads)

    def _dense(self, array: int, shape: tuple[int, ...]) -> Access:
        loops = (0,) if self.count else ()
        return Access(array, Affine(0, loops + dense_strides(shape)))

    def _write_segment(self, batch_sum: _Segment, shape: tuple[int, ...]) -> int:
        if batch_sum.terms == 1 and len(batch_sum.factors) == 2:
            reads = [self._read(factor[..., 0], shape) for factor in batch_sum.factors]
            return self.builder.bundle(ops.mul, shape, reads)
        first = [
            self.value_map.element[factor].reshape(-1, batch_sum.terms)[0]
            for factor in batch_sum.factors
            if self.value_map.code[factor.flat[0]] != CONST
        ]
        reduced = best_axes(first, batch_sum.terms) or (1,)
        reads = [self._read(factor, shape, reduced) for factor in batch_sum.factors]
        op = ops.dot if len(reads) == 2 else ops.sum
        return self.builder.bundle(op, shape, reads, reduced)

    def _segments(self, table: Numbers, *, paired: bool) -> list[_Segment]:
        """Cut the terms where the arrays that are read change; the terms are in that order."""
        half = table.shape[-1] // 2
        factors = (table[..., :half], table[..., half:]) if paired else (table,)
        arrays = [self.value_map.array[factor] for factor in factors]
        first = [array.reshape(-1, array.shape[-1])[0] for array in arrays]
        changes = np.zeros(len(first[0]) - 1, dtype=bool)
        for row in first:
            changes |= row[1:] != row[:-1]
        cuts = [0, *(np.flatnonzero(changes) + 1).tolist(), len(first[0])]
        return [
            _Segment(tuple(factor[..., low:high] for factor in factors))
            for low, high in pairwise(cuts)
        ]


def best_axes(columns: list[Numbers], count: int) -> tuple[int, ...]:
    """Return the axes on which all columns agree, or all but one, or `(count,)`."""
    steady = common_axes(columns, count)
    if len(columns) < 2 or steady != (count,) or _is_steady(columns):
        return steady if len(steady) <= _MOST_AXES else (count,)
    best: tuple[int, ...] = (count,)
    for left_out in range(len(columns)):
        others = columns[:left_out] + columns[left_out + 1 :]
        found = common_axes(others, count)
        if 1 < len(found) <= _MOST_AXES and (best == (count,) or len(found) < len(best)):
            best = found
    return best


def _is_steady(columns: list[Numbers]) -> bool:
    return all(isinstance(fit_map(column), Affine) for column in columns)

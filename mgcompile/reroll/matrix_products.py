"""Recognise products of matrices: alike sums of products over shared operands.

A neuron is a dot of weights and of what the layer below made. Axes are found on which the members
of a group, and the terms of each, read both factors by fixed strides; as neurons share what they
read, it stays along one of them, and together they are a product of matrices. A `sum` has one
factor.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import attrs
import numpy as np

from mgcompile.graph.ir import CONST
from mgcompile.reroll.member_axes import best_axes
from mgcore import ops

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mgcompile.reroll.member_axes import Members

    Numbers = NDArray[np.int64]

__all__ = ["write_products"]


@attrs.frozen(slots=True, eq=False)
class _Segment:
    """Terms of a sum or a dot that are read from the same arrays: one column per factor."""

    factors: tuple[Numbers, ...]

    @property
    def terms(self) -> int:
        return int(self.factors[0].shape[-1])


def write_products(members: Members, table: Numbers, *, paired: bool) -> int:
    """Append the bundles of a group of sums or, `paired`, dots; return the array of the results.

    Args:
        members: Of the block that is written.
        table: Their operands, shape (m, width); (count, m, width) inside a loop. Of dots the first
            half are the left factors.
        paired: Whether the group is of dots.
    """
    segments = _segments(members, table, paired=paired)
    columns = [factor[..., t] for s in segments for factor in s.factors for t in (0, -1)]
    shape = members.axes(columns)
    if len(segments) == 1:
        return _write_segment(members, segments[0], shape)
    reads = []
    for segment in segments:
        if segment.terms == 1 and len(segment.factors) == 1:
            reads.append(members.read(segment.factors[0][..., 0], shape))
        else:
            part = _write_segment(members, segment, shape)
            reads.append(members.dense(part, shape))
    op = ops.add if len(reads) == 2 else ops.sum
    return members.builder.bundle(op, shape, reads)


def _write_segment(members: Members, segment: _Segment, shape: tuple[int, ...]) -> int:
    if segment.terms == 1 and len(segment.factors) == 2:
        reads = [members.read(factor[..., 0], shape) for factor in segment.factors]
        return members.builder.bundle(ops.mul, shape, reads)
    first = [
        members.value_map.element[factor].reshape(-1, segment.terms)[0]
        for factor in segment.factors
        if members.value_map.code[factor.flat[0]] != CONST
    ]
    reduced = best_axes(first, segment.terms) or (1,)
    reads = [members.read(factor, shape, reduced) for factor in segment.factors]
    op = ops.dot if len(reads) == 2 else ops.sum
    return members.builder.bundle(op, shape, reads, reduced)


def _segments(members: Members, table: Numbers, *, paired: bool) -> list[_Segment]:
    """Cut the terms where the arrays that are read change; the terms are in that order."""
    half = table.shape[-1] // 2
    factors = (table[..., :half], table[..., half:]) if paired else (table,)
    arrays = [members.value_map.array[factor] for factor in factors]
    first = [array.reshape(-1, array.shape[-1])[0] for array in arrays]
    changes = np.zeros(len(first[0]) - 1, dtype=bool)
    for row in first:
        changes |= row[1:] != row[:-1]
    cuts = [0, *(np.flatnonzero(changes) + 1).tolist(), len(first[0])]
    return [
        _Segment(tuple(factor[..., low:high] for factor in factors)) for low, high in pairwise(cuts)
    ]

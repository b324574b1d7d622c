"""Write products with a triangular matrix as products with rectangles.

Row i of a triangle goes through i + 1 columns. Four blocks of rows have the columns before their
own in common, a rectangle for each; what is left of a block is a triangle, cut in the same way. All
blocks of a size are alike, and so are the rows of one length in the smallest ones; but a few large
blocks are apart. Rows may begin anywhere in the array of the matrix. No column is filled up, so the
terms are those of the rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import numpy as np

from mgcompile.program.index_maps import dense_strides
from mgcompile.program.infer_maps import fit_map
from mgcompile.program.ir import Access, Affine
from mgcore import ops

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from mgcompile.program.builder import Builder
    from mgcompile.program.ir import IndexMap

    Numbers = NDArray[np.int64]

__all__ = ["Triangle", "triangle_of", "write_triangle"]

_FEWEST_ROWS = 24
"""Rows that are written one by one where there are fewer."""

_BLOCKS = 4
"""Blocks that a triangle is cut into: with more, more is in rectangles, and there is more code."""

_SMALLEST = 8
"""Rows of the smallest blocks: twice as many as share what they read in a register tile."""

_APART = 1024
"""Elements of a rectangle that is not joined with others: its slopes are summed block by block."""


@attrs.frozen(slots=True, eq=False)
class Triangle:
    """Rows of a matrix, each a column longer than the one before, times parts of one vector.

    Args:
        matrix: The array that holds the rows.
        begin: The first element of each row; shape (rows,).
        step: From one element of a row to the next.
        vector: The array of the other factor.
        first: Its first element, in all rows.
        stride: From one of its elements to the next.
        columns: How many columns the first row has.
    """

    matrix: int
    begin: Numbers
    step: int
    vector: int
    first: int
    stride: int
    columns: int


@attrs.frozen(slots=True, eq=False)
class _Rectangle:
    """Rows, an array over the axes of their results, and for each of them so many columns."""

    rows: Numbers
    first: Numbers
    columns: int


def triangle_of(
    arrays: tuple[int, ...],
    begins: Sequence[Numbers],
    steps: tuple[int, ...],
    length: Numbers,
) -> Triangle | None:
    """Return the triangle that rows of two arrays make, or None.

    Args:
        arrays: The two.
        begins: The first element of each row in each of them, the shortest row first.
        steps: From one element of a row to the next.
        length: Of each row.
    """
    if len(length) < _FEWEST_ROWS or np.any(np.diff(length) != 1):
        return None
    ends = [begin + step * (length - 1) for begin, step in zip(begins, steps, strict=True)]
    for matrix, vector in ((0, 1), (1, 0)):
        for first, sign in ((begins, 1), (ends, -1)):
            if np.all(first[vector] == first[vector][0]):
                return Triangle(
                    matrix=arrays[matrix],
                    begin=first[matrix],
                    step=sign * steps[matrix],
                    vector=arrays[vector],
                    first=int(first[vector][0]),
                    stride=sign * steps[vector],
                    columns=int(length[0]),
                )
    return None


def write_triangle(triangle: Triangle, builder: Builder) -> int:
    """Append the products with all rows; return their array."""
    parts = [_write(triangle, each, builder) for each in _rectangles(triangle)]
    return builder.scatter(len(triangle.begin), parts)


def _rectangles(triangle: Triangle) -> Iterator[_Rectangle]:
    """Yield rectangles that make up the triangle."""
    count, before = len(triangle.begin), triangle.columns - 1
    if before:
        rows = np.arange(count)
        yield _Rectangle(rows, np.zeros_like(rows), before)
    size = _SMALLEST
    while size < count:
        whole = size * _BLOCKS
        for columns in range(size, whole, size):
            for rows in _stacked(np.arange(columns, count, whole), size, columns, count):
                yield _Rectangle(rows, before + rows // whole * whole, columns)
        size = whole
    for row in range(min(_SMALLEST, count)):
        rows = np.arange(row, count, _SMALLEST)
        yield _Rectangle(rows, before + rows - row, row + 1)


def _stacked(begins: Numbers, size: int, columns: int, count: int) -> Iterator[Numbers]:
    """Yield the rows of blocks of a size, those of whole blocks on two axes; a few large ones not.

    Args:
        begins: The first row of each block, at fixed distances.
        size: Rows of a whole block; the last one may have fewer.
        columns: Those of each row.
        count: Rows of the triangle.
    """
    whole = begins[begins + size <= count]
    apart = len(whole) <= _BLOCKS and size * columns >= _APART
    if len(whole) <= 1 or apart:
        whole = whole[:0]
    else:
        yield whole[:, None] + np.arange(size)
    for begin in begins[len(whole) :].tolist():
        yield np.arange(begin, min(begin + size, count))


def _write(
    triangle: Triangle, part: _Rectangle, builder: Builder
) -> tuple[tuple[int, ...], Access, IndexMap]:
    """Append the bundle of a rectangle; return what of the products it makes."""
    shape = part.rows.shape
    columns = part.first[..., None] + np.arange(part.columns)
    matrix = triangle.begin[part.rows][..., None] + triangle.step * columns
    vector = triangle.first + triangle.stride * columns
    reads = [
        Access(triangle.matrix, fit_map(matrix)),
        Access(triangle.vector, fit_map(vector)),
    ]
    made = builder.bundle(ops.dot, shape, reads, (part.columns,))
    return shape, Access(made, Affine(0, dense_strides(shape))), fit_map(part.rows)

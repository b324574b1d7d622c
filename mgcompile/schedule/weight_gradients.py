"""Find the products over the batch that are worth a loop order of their own.

The gradient to a matrix of weights is a sum of outer products over the samples. With samples in the
lanes of a vector it ends in one horizontal sum for each weight. For a wide layer the columns of the
matrix go into the lanes instead: a block of samples is kept, their activations are turned (one row
for each sample), and the block of results stays in registers while the samples go by.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen

from mgcompile.program.ir import INPUTS, Affine, Bundle
from mgcore import ops

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mgcompile.program.ir import Access, Statement

__all__ = ["BLOCK", "PANEL", "Wide", "wide_products"]

BLOCK = 64
"""Samples that are kept before their outer products are added up."""

PANEL = 4
"""Pairs of vectors of columns that are kept for these samples in the first-level cache."""

SMALLEST = 1024
LEAST_COLUMNS = 32
"""A matrix with fewer elements or columns is summed with samples in the lanes."""


@frozen
class Wide:
    """A sum over the batch of `rows[j] * columns[k]`; consecutive k are neighbours in memory.

    Attributes:
        bundle: the statement.
        rows: the access that moves along the axis of rows, read number by number.
        columns: the access that moves along the axis of columns, read vector by vector.
        row_axis: which axis of the bundle the rows are; the other one is the columns'.
    """

    bundle: Bundle
    rows: Access
    columns: Access
    row_axis: int

    @property
    def row_count(self) -> int:
        """How many rows the matrix has."""
        return self.bundle.shape[self.row_axis]

    @property
    def column_count(self) -> int:
        """How many columns the matrix has."""
        return self.bundle.shape[1 - self.row_axis]


def wide_products(
    targets: Mapping[int, Access], statements: Iterable[Statement]
) -> dict[int, Wide]:
    """Return the products among tiled statements, by the arrays that they make.

    Args:
        targets: for arrays that are part of another one, which.
        statements: those of one phase; the operands of a product have to be made among them.
    """
    here = {s.result for s in statements if isinstance(s, Bundle)}
    found = {}
    for statement in statements:
        if isinstance(statement, Bundle) and statement.over_batch and statement.op is ops.dot:
            wide = _wide(statement, targets)
            if wide is None or wide.rows.array not in here:
                continue
            if wide.columns.array in here or wide.columns.array == INPUTS:
                found[statement.result] = wide
    return found


def _wide(bundle: Bundle, targets: Mapping[int, Access]) -> Wide | None:
    if len(bundle.shape) != 2 or bundle.reduced:
        return None
    target = targets.get(bundle.result)
    index = Affine(0, (bundle.shape[1], 1)) if target is None else target.index
    if not isinstance(index, Affine) or 1 not in index.strides:
        return None
    column_axis = index.strides.index(1)
    row_axis = 1 - column_axis
    size = bundle.shape[0] * bundle.shape[1]
    if size < SMALLEST or bundle.shape[column_axis] < LEAST_COLUMNS:
        return None
    for rows, columns in (bundle.operands, bundle.operands[::-1]):
        if not (isinstance(rows.index, Affine) and isinstance(columns.index, Affine)):
            continue
        only_rows = rows.index.strides[row_axis] and not rows.index.strides[column_axis]
        only_columns = (
            columns.index.strides[column_axis] == 1 and not columns.index.strides[row_axis]
        )
        if only_rows and only_columns and rows.array != columns.array:
            return Wide(bundle, rows, columns, row_axis)
    return None

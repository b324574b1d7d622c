"""Sets of instructions of a tape, written on whole tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import numpy as np

from mgcompile.support.csr import places_within, starts

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Numbers = NDArray[np.int64]

__all__ = ["Rows", "assemble", "joined", "rows_of", "sum_rows"]


@attrs.frozen(slots=True, eq=False)
class Rows:
    """Some instructions: their places on the tape, ops, numbers of operands, operands in a row."""

    place: Numbers
    code: Numbers
    width: Numbers
    operand: Numbers


def rows_of(place: Numbers, code: int, *columns: Numbers) -> Rows:
    """Return instructions of one op, whose operands are given slot by slot."""
    count = len(place)
    operand = np.stack(columns, axis=1).ravel() if columns else np.zeros(0, dtype=np.int64)
    return Rows(place, np.full(count, code), np.full(count, len(columns)), operand)


def sum_rows(place: Numbers, reference: Numbers, code: int) -> Rows:
    """Return one sum for each distinct place."""
    order = np.argsort(place, kind="stable")
    distinct, width = np.unique(place, return_counts=True)
    return Rows(distinct, np.full(len(distinct), code), width, reference[order])


def joined(rows: list[Rows]) -> Rows:
    """Return several sets of instructions as one."""
    if not rows:
        none = np.zeros(0, dtype=np.int64)
        return Rows(none, none, none, none)
    return Rows(
        np.concatenate([r.place for r in rows]),
        np.concatenate([r.code for r in rows]),
        np.concatenate([r.width for r in rows]),
        np.concatenate([r.operand for r in rows]),
    )


def assemble(pieces: list[Rows], total: int) -> tuple[Numbers, Numbers, Numbers]:
    """Return the tables `code`, `start` and `operand` of a tape of `total` instructions."""
    rows = joined(pieces)
    code = np.zeros(total, dtype=np.int64)
    width = np.zeros(total, dtype=np.int64)
    code[rows.place], width[rows.place] = rows.code, rows.width
    start = starts(width)
    operand = np.zeros(int(start[-1]), dtype=np.int64)
    operand[np.repeat(start[rows.place], rows.width) + places_within(rows.width)] = rows.operand
    return code, start, operand

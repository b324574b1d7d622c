"""What the schedule decides, as data: blocks of registers, axes in the lanes, places, tiles."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen

if TYPE_CHECKING:
    from mgcompile.program.ir import Access, Bundle

__all__ = [
    "MOST_TILES",
    "Blocking",
    "ElementNest",
    "ElementSum",
    "Place",
    "Range",
    "SumBlock",
    "Tile",
    "Turn",
    "WeightGradient",
]

MOST_TILES = 16
"""Tiles that are a chunk of their own, however little work they are."""


@frozen
class Range:
    """A part of an axis, cut into blocks of `step` that are unrolled."""

    start: int
    stop: int
    step: int


@frozen
class Turn:
    """How the terms of sums are added up.

    Attributes:
        terms: those along the last reduced axis that a turn of its loop adds; 0 where there are so
            few terms that all are written out.
        parts: in how many parts each of the sums is added up, so that an addition need not wait for
            the one before.
    """

    terms: int = 0
    parts: int = 1


@frozen
class Blocking:
    """A part of a sum's results: as many as a block has are in registers at once.

    Attributes:
        ranges: the part of each axis of the shape, and the block along it.
        turn: how their terms are added up.
    """

    ranges: tuple[Range, ...]
    turn: Turn

    @property
    def block(self) -> tuple[int, ...]:
        """The points along each axis whose sums are in registers at once."""
        return tuple(part.step for part in self.ranges)


@frozen
class ElementNest:
    """The loops of what has elements in the lanes, not samples.

    Attributes:
        axes: of the shape, those that are left after some were joined; each is the last one of
            those that it is made of.
        shape: their lengths.
        lane: which of them is in the lanes; None: elements are computed one by one.
        written_out: how many whole vectors are written one after the other.
    """

    axes: tuple[int, ...]
    shape: tuple[int, ...]
    lane: int | None = None
    written_out: int = 1


@frozen
class SumBlock:
    """A part of the results of a sum that has elements in the lanes.

    Attributes:
        ranges: the part of each axis of the shape, and the block along it; of the axis `across`
            they count vectors.
        live: the lanes in use of a vector of results.
        turn: how terms are added up.
        rest: the same of the last terms, where terms are in the lanes and these fill no vector.
    """

    ranges: tuple[Range, ...]
    live: int
    turn: Turn
    rest: Turn = Turn()


@frozen
class ElementSum:
    """What is in the lanes of a sum without samples there, and how its results are cut.

    Attributes:
        blocks: each result is in one of them.
        across: the axis whose neighbouring results make a vector; None: each is alone.
        along: the reduced axis whose neighbouring terms are in the lanes of an accumulator, which
            are added up at the end; None: results are.
    """

    blocks: tuple[SumBlock, ...]
    across: int | None = None
    along: int | None = None


@frozen
class WeightGradient:
    """A sum over the batch of `rows[j] * columns[k]`; consecutive k are neighbours in memory.

    Attributes:
        bundle: the statement.
        rows: the access that moves along the axis of rows, read number by number.
        columns: the access that moves along the axis of columns, read vector by vector.
        row_axis: which axis of the bundle the rows are; the other one is the columns'.
        row_blocks: how the rows are cut, once that is chosen.
        column_blocks: how the columns are, and of how many vectors a block is (0: of one number).
    """

    bundle: Bundle
    rows: Access
    columns: Access
    row_axis: int
    row_blocks: tuple[Range, ...] = ()
    column_blocks: tuple[tuple[int, Range], ...] = ()

    @property
    def row_count(self) -> int:
        """How many rows the matrix has."""
        return self.bundle.shape[self.row_axis]

    @property
    def column_count(self) -> int:
        """How many columns the matrix has."""
        return self.bundle.shape[1 - self.row_axis]


@frozen
class Place:
    """A space and the element of it at which an array begins."""

    space: str
    offset: int
    batched: bool


@frozen
class Tile:
    """The sizes that all code of a kernel is made for.

    ``width`` is the number of elements in a vector register, ``samples`` the number of samples of
    a tile (a multiple of two vectors, or 1); elements of batched arrays are that many samples
    apart. A batch is summed in chunks of at least ``chunk`` tiles, which threads share.
    """

    dtype: str
    width: int
    samples: int
    chunk: int = MOST_TILES

    @property
    def bytes(self) -> int:
        """The size of one number."""
        return 8 if self.dtype == "float64" else 4

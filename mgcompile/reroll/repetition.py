"""Find where the statements of a body repeat themselves, and what each repetition reads.

A run of statements is a loop when each of its operands is, in all iterations alike, an array of the
same iteration, the same array of the iteration before, or something made before the run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import numpy as np

from mgcompile.graph.ir import mixed
from mgcompile.program.index_maps import added_axis, moving_axes, only_axes
from mgcompile.program.ir import (
    FIRST_RESULT,
    Access,
    Affine,
    Array,
    Bundle,
    IndexMap,
    Scatter,
)
from mgcompile.program.traversal import accesses
from mgcompile.reroll.periods import FEWEST_ITERATIONS, periodic_spans

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mgcompile.program.ir import Statement

    Numbers = NDArray[np.int64]

__all__ = ["Before", "Outside", "Repetition", "Same", "longest_repetition", "made_by"]

_REFINEMENTS = 2
_MOST_DROPPED = 4


@attrs.frozen(slots=True)
class Same:
    """Read what statement `place` of the same iteration makes."""

    place: int
    index: IndexMap


@attrs.frozen(slots=True)
class Before:
    """Read what statement `place` of the iteration before makes."""

    place: int
    index: IndexMap


@attrs.frozen(slots=True)
class Outside:
    """Read what was made before the run: one access for each iteration."""

    reads: tuple[Access, ...]


@attrs.frozen(slots=True, eq=False)
class Repetition:
    """A run of statements of a block that is a loop.

    Args:
        first: Place of the first statement in the block.
        period: Statements of an iteration.
        count: Of iterations.
        operands: For each statement of an iteration, how each of its operands is read.
        initial: For each statement of an iteration that the next one reads, what the first reads.
    """

    first: int
    period: int
    count: int
    operands: tuple[tuple[Same | Before | Outside, ...], ...]
    initial: dict[int, Access]

    @property
    def end(self) -> int:
        """The place behind the last statement."""
        return self.first + self.period * self.count


def longest_repetition(
    block: Sequence[Statement], arrays: Sequence[Array], loops: tuple[int, ...]
) -> Repetition | None:
    """Return the loop that covers most of a block, if it has one.

    Args:
        block: Statements of a body.
        arrays: All arrays of the program.
        loops: Extents of the loops around the block.
    """
    if len(block) < FEWEST_ITERATIONS:
        return None
    forms = _forms(block, arrays)
    maker = {s.result: at for at, s in enumerate(block) if isinstance(s, Bundle | Scatter)}
    run = _Run(block, arrays, loops, forms, maker)
    for low, high, period in periodic_spans(_hashes(block, forms, maker)):
        while low and forms[low - 1] == forms[low - 1 + period]:  # what reads the start of the loop
            low -= 1
        found = _accepted(run, low, high, period)
        if found is not None:
            return found
    return None


def _forms(block: Sequence[Statement], arrays: Sequence[Array]) -> list[int]:
    """Return a number for each statement, equal where all but what is read is equal."""
    known: dict[object, int] = {}
    return [
        known.setdefault(_form(statement, arrays, at), len(known))
        for at, statement in enumerate(block)
    ]


def _form(statement: Statement, arrays: Sequence[Array], at: int) -> object:
    match statement:
        case Bundle(op=op, shape=shape, reduced=reduced, operands=operands):
            return op, shape, reduced, len(operands), arrays[statement.result]
        case Scatter(parts=parts):
            written = tuple((part.shape, part.target) for part in parts)
            return written, arrays[statement.result]
        case _:
            return at  # like no other


def _hashes(block: Sequence[Statement], forms: list[int], maker: dict[int, int]) -> Numbers:
    """Return a hash of each statement: its form and that of what it reads, some steps down."""
    own = mixed(np.array(forms, dtype=np.int64))
    owner, source, slot = [], [], []
    for at, statement in enumerate(block):
        if isinstance(statement, Bundle | Scatter):
            for place, access in enumerate(accesses(statement)):
                owner.append(at)
                slot.append(place)
                source.append(maker.get(access.array, -1 - min(access.array, FIRST_RESULT)))
    reader, read = np.array(owner, dtype=np.int64), np.array(source, dtype=np.int64)
    salt, leaf = np.array(slot, dtype=np.int64) * 7_919, mixed(read)
    found = own
    with np.errstate(over="ignore"):
        for _ in range(_REFINEMENTS):
            total = own.copy()
            np.add.at(total, reader, mixed(np.where(read >= 0, found[read], leaf) + salt))
            found = mixed(total)
    return found


@attrs.frozen(slots=True, eq=False)
class _Run:
    """A block, and what is known of its statements."""

    block: Sequence[Statement]
    arrays: Sequence[Array]
    loops: tuple[int, ...]
    forms: list[int]
    maker: dict[int, int]

    @property
    def depth(self) -> int:
        """The number of loops around."""
        return len(self.loops)

    def crossing(self, at: int, period: int) -> int:
        """Return how many elements an iteration that begins at `at` reads of the one before."""
        read = {
            access.array
            for statement in self.block[at : at + period]
            for access in accesses(statement)
            if at - period <= self.maker.get(access.array, -1) < at
        }
        return sum(self.arrays[array].size for array in read)


def _accepted(run: _Run, low: int, high: int, period: int) -> Repetition | None:
    """Return the loop within a span, if it is one; iterations that do not fit are left out."""
    slack = (high - low) % period
    starts = sorted(
        range(low, low + slack + 1), key=lambda at: (run.crossing(at + period, period), at)
    )
    count = (high - low) // period
    for dropped in range(min(_MOST_DROPPED, count - FEWEST_ITERATIONS + 1)):
        first = starts[0] + dropped * period
        found = _matched(run, first, period, count - dropped)
        if found is not None:
            break
    else:
        return None
    while found.first - period >= 0:  # the first ones read what is not of the loop
        first = found.first - period
        if run.forms[first : first + period] != run.forms[found.first : found.first + period]:
            break
        longer = _matched(run, first, period, found.count + 1)
        if longer is None:
            break
        found = longer
    return found


def _matched(run: _Run, first: int, period: int, count: int) -> Repetition | None:
    """Return `count` iterations from `first` on as a loop, if they are one."""
    operands = []
    initial: dict[int, Access] = {}
    for j in range(period):
        places = range(first + j, first + period * count, period)
        if any(run.forms[at] != run.forms[first + j] for at in places):
            return None
        columns = zip(*(accesses(run.block[at]) for at in places), strict=True)
        row = []
        for reads in columns:
            source = _source(run, first, period, j, reads)
            if source is None:
                return None
            if isinstance(source, Before):
                state = run.arrays[made_by(run.block[first + source.place])]
                start = _start(run, state, source.index, reads[0])
                if start is None or initial.setdefault(source.place, start) != start:
                    return None
            row.append(source)
        operands.append(tuple(row))
    return Repetition(first, period, count, tuple(operands), initial)


def made_by(statement: Statement) -> int:
    """Return the array of a bundle or a scatter."""
    assert isinstance(statement, Bundle | Scatter)  # noqa: S101 - others have a form of their own
    return statement.result


def _source(
    run: _Run, first: int, period: int, j: int, reads: tuple[Access, ...]
) -> Same | Before | Outside | None:
    """Return where an operand of statement j comes from, if it does so in all iterations."""
    places = [run.maker.get(access.array, -1) for access in reads]
    if all(place < first for place in places):
        return Outside(reads)
    begins = range(first, first + period * len(reads), period)
    local = [place - begin for place, begin in zip(places, begins, strict=True)]
    alike = all(a == local[1] for a in local[2:])
    alike &= all(access.index == reads[1].index for access in reads[2:])
    if not alike:
        return None
    if 0 <= local[1] < j and local[0] == local[1] and reads[0].index == reads[1].index:
        return Same(local[1], reads[1].index)
    if -period <= local[1] < 0 and places[0] < first:
        return Before(local[1] + period, reads[1].index)
    return None


def _start(run: _Run, state: Array, index: IndexMap, read: Access) -> Access | None:
    """Return an access to what a state is at first, over its elements, if there is one.

    Args:
        run: The block.
        state: What the iterations make.
        index: How the second iteration and those that follow read it.
        read: What the first iteration reads in its place.
    """
    depth, source = run.depth, run.arrays[read.array]
    outer = tuple(range(depth))
    if source.batched and not state.batched:
        return None
    if state.size == 1:
        if any(moving_axes(read.index)[depth:]):
            return None
        return Access(read.array, added_axis(only_axes(read.index, outer), depth))
    if read.index == index:
        offset, loops = 0, (0,) * depth
    elif isinstance(index, Affine) and isinstance(read.index, Affine):
        if index.strides[depth:] != read.index.strides[depth:]:
            return None
        offset, loops = read.index.offset - index.offset, read.index.strides[:depth]
    else:
        return None
    ends = [stride * (length - 1) for stride, length in zip(loops, run.loops, strict=True)]
    low = offset + sum(min(0, end) for end in ends)
    high = offset + sum(max(0, end) for end in ends) + state.size
    if low < 0 or high > source.size:
        return None
    return Access(read.array, Affine(offset, (*loops, 1)))

"""Give rows of cells in a loop a halo: what cells at a border read in place of a neighbour.

Cells of a row read their neighbours; the first and the last read something else there: a held end,
a mirrored cell, the other end of a ring. Kept before and after the row, each where the neighbour
would be, it is read by one fixed stride, and nothing has to be gathered.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mgcompile.reroll.loop_detect import BodyGroup

    Numbers = NDArray[np.int64]
    Mask = NDArray[np.bool_]

__all__ = ["Halo", "find_halos"]

_FEWEST = 8
"""Members of a group below which reading through a table costs nothing."""

_WIDEST = 16
"""Operands of an op that reads cells and their neighbours."""

_STRANGE = 4
"""The most members that read something else, as a fraction of all."""


@attrs.frozen(slots=True, eq=False)
class Halo:
    """What stands before and after the members of a group, in each iteration.

    Args:
        low: Nodes before the first member, shape (count, a).
        high: Nodes after the last member, shape (count, b).
        readers: Operands that read the group with its halo, by part of the body and slot: the place
            that each member reads, counted from the first of the halo; shape (m,).
    """

    low: Numbers
    high: Numbers
    readers: dict[tuple[int, int], Numbers]


@attrs.frozen(slots=True, eq=False)
class _Reader:
    """An operand of a part: all members read `group` at `places`, but for those that are strange.

    Args:
        group: Number in the body, and whether the iteration's own (or the one before) is read.
        places: The places, some of them before the first or after the last; shape (m,).
        strange: Which members read something else; shape (m,).
        nodes: What they read in each iteration, shape (count, m).
    """

    group: tuple[int, bool]
    places: Numbers
    strange: Mask
    nodes: Numbers


def find_halos(
    body: tuple[BodyGroup, ...], column: Numbers, place: Numbers
) -> dict[tuple[int, bool], Halo]:
    """Return the halos that let operands be read by fixed strides which are not without.

    Args:
        body: The groups of a loop.
        column: Of every node its number in the body, -1 outside.
        place: Its place in that group.

    Returns:
        By the number of the group in the body, and whether its own iteration reads it or the next.
    """
    cells: dict[tuple[int, bool], dict[int, Numbers]] = {}
    readers: dict[tuple[int, bool], dict[tuple[int, int], Numbers]] = {}
    for number, part in enumerate(body):
        members, width = part.before.shape
        if members < _FEWEST or width > _WIDEST:
            continue
        for slot in range(width):
            reader = _reader(body, part, slot, column, place)
            if reader is None:
                continue
            known = cells.setdefault(reader.group, {})
            where = np.flatnonzero(reader.strange).tolist()
            found = {int(reader.places[i]): reader.nodes[:, i] for i in where}
            if all(np.array_equal(known.get(at, nodes), nodes) for at, nodes in found.items()):
                known |= found
                readers.setdefault(reader.group, {})[number, slot] = reader.places
    return {
        group: _halo(body[group[0]].nodes.shape[1], cells[group], those)
        for group, those in readers.items()
    }


def _reader(
    body: tuple[BodyGroup, ...], part: BodyGroup, slot: int, column: Numbers, place: Numbers
) -> _Reader | None:
    """Return how an operand would be read from a group with a halo; None if it needs none."""
    nodes, before = part.table[:, :, slot], part.before[:, slot]
    where, at = column[nodes[1]], place[nodes[1]]
    source = np.where(where < 0, -1, 2 * where + ~before)
    kinds, count = np.unique(source[source >= 0], return_counts=True)
    if not len(kinds):
        return None
    kind = int(kinds[np.argmax(count)])
    group, now = kind // 2, bool(kind % 2)
    regular = source == kind
    pairs = np.flatnonzero(regular[1:] & regular[:-1])
    if not len(pairs):
        return None
    steps, count = np.unique(at[pairs + 1] - at[pairs], return_counts=True)
    step = int(steps[np.argmax(count)])
    some = int(pairs[np.argmax(at[pairs + 1] - at[pairs] == step)])
    places = at[some] + (np.arange(len(at)) - some) * step
    strange = ~(regular & (at == places))
    size = body[group].nodes.shape[1]
    inside = (places >= 0) & (places < size)
    own = (where >= 0) & ~before
    late = own & (where > group) if now else own
    if (
        not step
        or not np.any(strange)
        or _STRANGE * int(strange.sum()) > len(at)
        or np.any(strange & (inside | late))
    ):
        return None
    return _Reader((group, now), places, strange, nodes)


def _halo(size: int, cells: dict[int, Numbers], readers: dict[tuple[int, int], Numbers]) -> Halo:
    """Return the halo of a group; places in between that nobody reads repeat another's."""
    first, last = min(0, *cells), max(size - 1, *cells)
    some = next(iter(cells.values()))
    low = [cells.get(at, some) for at in range(first, 0)]
    high = [cells.get(at, some) for at in range(size, last + 1)]
    empty = np.zeros((len(some), 0), dtype=np.int64)
    return Halo(
        np.stack(low, axis=1) if low else empty,
        np.stack(high, axis=1) if high else empty,
        {key: places - first for key, places in readers.items()},
    )

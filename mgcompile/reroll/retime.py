"""Let a loop begin where the fewest numbers pass from one iteration to the next.

Repetition is found from the first level on that repeats itself, which may be in the middle of a
step: all that is alive there is then carried. The first parts of a body go to the end of the
iteration before, as registers are moved through a circuit (Leiserson and Saxe, "Retiming
synchronous circuitry", Algorithmica 6, 1991); those of the first iteration stand before the loop
then, and the others of the last one behind it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import numpy as np

from mgcompile.reroll.loop_detect import BodyGroup, Recurrence, body_places, initial_nodes
from mgcompile.reroll.periods import FEWEST_ITERATIONS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from mgcompile.reroll.isomorphism import IsomorphismClasses

    Numbers = NDArray[np.int64]

__all__ = ["carried_numbers", "retimed"]

_MOST_GROUPS = 200
"""Groups of a body up to which another beginning is looked for: longer ones hold loops."""

_WORTH = 0.75
"""How many numbers may be carried from another beginning, of those carried now."""

_FEWEST = 16
"""By how many numbers these have to be fewer: a few are in registers anyway."""


def retimed(classes: IsomorphismClasses, loop: Recurrence) -> Recurrence:
    """Return a loop that begins where the fewest numbers are carried, if that are far fewer.

    Some parts of a body may have to be made two iterations early, so it is tried again after that.

    Args:
        classes: The groups.
        loop: The loop, as it was found.
    """
    while loop.count > FEWEST_ITERATIONS:
        column, _ = body_places(classes, loop.body)
        reads = _reads(loop, column)
        present = reads.carried(set())
        most = int(min(_WORTH * present, present - _FEWEST))
        if most < 0 or len(reads.size) > _MOST_GROUPS:
            break
        early = _best(reads)
        if reads.carried(early) > most:
            break
        body = _moved(loop, column, np.isin(reads.of_part, list(early)))
        initial = initial_nodes(classes, body)
        if initial is None:
            break
        loop = Recurrence(loop.count - 1, body, initial)
    return loop


def carried_numbers(classes: IsomorphismClasses, loop: Recurrence) -> int:
    """Return how many numbers an iteration of a loop reads of the one before, rows as a whole."""
    return _reads(loop, body_places(classes, loop.body)[0]).carried(set())


@attrs.frozen(slots=True, eq=False)
class _Reads:
    """What the groups of a body read of one another.

    Args:
        of_part: The group of each part, counted from 0 in the order of the body.
        size: Numbers that each group has.
        reader: Of each pair of groups the one that reads, shape (pairs,).
        read: The one that it reads.
        before: Whether it reads what that was in the iteration before.
        with_it: For each group those that have to be made early if it is: what it reads in its
            iteration, and what reads it in the next one, which would find it two iterations old.
    """

    of_part: Numbers
    size: Numbers
    reader: Numbers
    read: Numbers
    before: NDArray[np.bool_]
    with_it: list[set[int]]

    def carried(self, early: set[int]) -> int:
        """Return how many numbers are carried when some groups are made an iteration early."""
        moved = np.zeros(len(self.size), dtype=np.int64)
        moved[list(early)] = 1
        crosses = self.before + moved[self.read] > moved[self.reader]
        return int(self.size[np.unique(self.read[crosses])].sum())

    def closed(self, groups: Iterable[int], known: set[int]) -> set[int]:
        """Return some groups, others that are early already, and all that have to be then."""
        found, fresh = set(known), set(groups) - known
        while fresh:
            found |= fresh
            fresh = set().union(*(self.with_it[x] for x in fresh)) - found
        return found


def _reads(loop: Recurrence, column: Numbers) -> _Reads:
    """Return what groups read of one another.

    Args:
        loop: The loop.
        column: Of every node its part of the body, -1 outside.
    """
    numbers = [int(part.groups[0]) for part in loop.body]
    place = {group: at for at, group in enumerate(dict.fromkeys(numbers))}
    of_part = np.array([place[group] for group in numbers])
    size, pairs = np.zeros(len(place), dtype=np.int64), set()
    for at, part in zip(of_part.tolist(), loop.body, strict=True):
        size[at] += part.nodes.shape[1]
        where = column[part.table[1]]
        for before in (False, True):
            read = np.unique(where[(part.before == before) & (where >= 0)])
            pairs |= {(at, x, before) for x in of_part[read].tolist()}
    with_it: list[set[int]] = [set() for _ in place]
    for reader, read, before in pairs:
        if before:
            with_it[read].add(reader)
        else:
            with_it[reader].add(read)
    table = np.array(sorted(pairs), dtype=np.int64).reshape(-1, 3)
    return _Reads(of_part, size, table[:, 0], table[:, 1], table[:, 2] > 0, with_it)


def _best(reads: _Reads) -> set[int]:
    """Return which groups to make early: the first ones, and what is best made with them."""
    best, early = reads.carried(set()), set[int]()
    some: set[int] = set()
    for group in range(len(reads.size)):
        some = reads.closed([group], some)
        numbers = reads.carried(some)
        if numbers < best:
            best, early = numbers, some
    for group in range(len(reads.size)):
        if group not in early:
            more = reads.closed([group], early)
            numbers = reads.carried(more)
            if numbers < best:
                best, early = numbers, more
    return early


def _moved(loop: Recurrence, column: Numbers, early: NDArray[np.bool_]) -> tuple[BodyGroup, ...]:
    """Return the body with some parts taken from the next iteration, behind the others."""
    bodies: tuple[list[BodyGroup], list[BodyGroup]] = ([], [])
    for part, moved in zip(loop.body, early.tolist(), strict=True):
        where = column[part.table[1]]
        before = (where >= 0) & (part.before + early[where].astype(int) > int(moved))
        rows = slice(1, None) if moved else slice(None, -1)
        shifted = BodyGroup(part.groups[rows], part.nodes[rows], part.table[rows], before)
        bodies[moved].append(shifted)
    return (*bodies[0], *bodies[1])

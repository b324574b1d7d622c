"""Find the loop around iterations that look alike but do not all read alike.

Newton's method within a step that is nothing else looks like one long loop, but for what its
iterations read of the start of their step: always further back, until the next step begins.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mgcompile.graph.ir import mixed, operand_table
from mgcompile.reroll.periods import FEWEST_ITERATIONS, periodic_spans

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mgcompile.reroll.isomorphism import IsomorphismClasses

    Numbers = NDArray[np.int64]

__all__ = ["longer_period"]


def longer_period(classes: IsomorphismClasses, groups: Numbers) -> tuple[int, int, int] | None:
    """Return how iterations repeat themselves in what they read of one another.

    Args:
        classes: All groups.
        groups: Those of each iteration, shape (count, groups of an iteration).

    Returns:
        The first iteration, how many make a period (2 or more) and how many periods there are; None
        where most are in no period.
    """
    count = len(groups)
    hashes, crossing = _read_backwards(classes, groups)
    spans = periodic_spans(hashes)
    if not spans or spans[0][2] < 2 or 2 * (spans[0][1] - spans[0][0]) < count:
        return None
    low, high, period = spans[0]
    first = low + int(np.argmin(crossing[low : low + period]))
    times = (high - first) // period
    return (first, period, times) if times >= FEWEST_ITERATIONS else None


def _read_backwards(classes: IsomorphismClasses, groups: Numbers) -> tuple[Numbers, Numbers]:
    """Return for each iteration a hash of how far back it reads, and how many nodes cross to it.

    A node crosses to an iteration that it is made before, if that or a later one reads it.
    """
    count, width = groups.shape
    iteration = np.full(classes.count, -1, dtype=np.int64)
    iteration[groups] = np.arange(count)[:, None]
    last_read = np.full(len(classes.graph.code), -1, dtype=np.int64)
    hashes = np.zeros(count, dtype=np.int64)
    now = np.arange(count)[:, None]
    for j in range(width):
        start = classes.start[groups[:, j]]
        members = int(classes.start[groups[0, j] + 1] - start[0])
        nodes = classes.members[start[:, None] + np.arange(members)]
        table = operand_table(classes.graph, nodes).reshape(count, -1)
        source = classes.group[table]
        when = np.where(source >= 0, iteration[source], -1)
        back = np.where(when >= 0, now - when, -1)
        np.maximum.at(last_read, table[when >= 0], np.broadcast_to(now, table.shape)[when >= 0])
        with np.errstate(over="ignore"):
            place = np.arange(back.shape[1]) * 7_919 + j * 104_729
            hashes += mixed(mixed(back) + place).sum(axis=1)
    made = classes.group >= 0
    made &= last_read >= 0
    begin = iteration[classes.group[made]] + 1
    change = np.zeros(count + 1, dtype=np.int64)
    np.add.at(change, begin, 1)
    np.add.at(change, last_read[made] + 1, -1)
    return hashes, np.cumsum(change)[:count]

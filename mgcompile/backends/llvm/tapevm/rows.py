"""Give the results of a tape rows of memory; a row is used again once its result is dead."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mgcompile.backends.llvm.tapevm.steps import Steps

    Numbers = NDArray[np.int64]

__all__ = ["rows_of_results"]


def rows_of_results(
    steps: Sequence[Steps], numbers: Numbers, pool: int, kept: NDArray[np.bool_]
) -> Numbers:
    """Return the row of every result, in the order in which they are made.

    Args:
        steps: the tape's steps.
        numbers: the number of each result within the tape's array.
        pool: the number of external elements.
        kept: by these numbers, which results are read outside of the tape. They have the row of
            their number; the others share the rows that no such result has.
    """
    count = len(numbers)
    death = _last_uses(steps, count, pool)
    single = np.ones(count, dtype=bool)
    for step in steps:
        later = step.operands[:, 0] == pool + step.result if step.operands.shape[1] else []
        single[step.result[np.asarray(later, dtype=bool)]] = False
    passing = np.flatnonzero(~kept[numbers])
    slot = _slots(passing, death, single)
    rows = numbers.copy()
    rows[passing] = np.flatnonzero(~kept)[slot]
    return rows


def _last_uses(steps: Sequence[Steps], count: int, pool: int) -> Numbers:
    """Return the number of the instruction after which each result is dead."""
    death = np.arange(count)
    for step in steps:
        user = np.repeat(step.result, step.operands.shape[1])
        used = step.operands.ravel() - pool
        inner = used >= 0
        np.maximum.at(death, used[inner], user[inner])
    return death


def _slots(born: Numbers, death: Numbers, single: NDArray[np.bool_]) -> Numbers:
    """Return slot numbers for results born in this order: last freed, first used again.

    That keeps the slots in use in the nearest cache. A death pushes a slot on a stack and a birth
    takes one from it. The stack's depth is known from counting alone, and the birth that takes a
    slot from some depth takes that of the last death before it that pushed one to that depth.
    """
    count = len(born)
    numbers = np.arange(count)
    ends = death[born]
    # A result may take the slot of an operand that it is the last to use, if made in one step.
    moment = np.concatenate([4 * born + 1, 4 * ends + np.where(single[ends] & (ends > born), 0, 2)])
    order = np.argsort(moment, kind="stable")
    owner = np.concatenate([numbers, numbers])[order]
    pushes = order >= count
    height = np.cumsum(np.where(pushes, 1, -1))
    floor = np.minimum(np.minimum.accumulate(height), 0)
    fresh = ~pushes & (np.diff(floor, prepend=0) < 0)  # the stack is empty
    depth = height - floor + ~pushes
    matched = np.flatnonzero(~fresh)
    matched = matched[np.argsort(depth[matched], kind="stable")]
    takes = np.flatnonzero(~pushes[matched])
    heir_of = numbers.copy()
    heir_of[owner[matched[takes]]] = owner[matched[takes - 1]]
    slot = np.zeros(count, dtype=np.int64)
    slot[owner[fresh]] = np.arange(int(fresh.sum()))
    while True:  # to the first owner of the slot, in steps that double
        further = heir_of[heir_of]
        if np.array_equal(further, heir_of):
            return slot[heir_of]
        heir_of = further

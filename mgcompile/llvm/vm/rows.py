"""Give the results of a tape rows of memory; a row is used again once its result is dead."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mgcompile.llvm.vm.steps import Steps

    Numbers = NDArray[np.int64]

__all__ = ["rows_of_results"]


def rows_of_results(
    steps: Sequence[Steps], count: int, pool: int, kept: NDArray[np.bool_]
) -> Numbers:
    """Return the row of every result.

    Args:
        steps: the tape's steps.
        count: the number of instructions.
        pool: the number of external elements.
        kept: which results are read outside of the tape: these have the row of their own number.

    Returns:
        Rows from 0 to count - 1. Other results share the rows that no kept one has.
    """
    death = _last_uses(steps, count, pool)
    single = np.ones(count, dtype=bool)
    for step in steps:
        later = step.operands[:, 0] == pool + step.result if step.operands.shape[1] else []
        single[step.result[np.asarray(later, dtype=bool)]] = False
    slot = _slots(np.flatnonzero(~kept), death, single)
    rows = np.arange(count)
    rows[~kept] = np.flatnonzero(~kept)[slot]
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
    """Return slot numbers for results born in this order: first freed, first used again.

    The queue is computed for all at once. Let d[i] results have died in time for birth i; of these
    r[i] have been taken by births before it. Then r[i + 1] = min(r[i] + 1, d[i]), which is a
    running minimum, and birth i takes the slot of the (r[i])-th result to die when r grows.
    """
    count = len(born)
    # Twice the time, so that a result that nothing uses can die between two instructions.
    ends = 2 * death[born] + (death[born] == born)
    dying = np.argsort(ends, kind="stable")
    # A result may take the slot of an operand that it is the last to use, if made in one step.
    free = np.searchsorted(ends[dying], 2 * born - ~single[born], side="right")
    places = np.arange(count)
    taken = np.minimum(places + 1, places + np.minimum.accumulate(free - places))
    before = np.concatenate([[0], taken[:-1]])
    reuses = taken > before
    heir_of = places.copy()
    heir_of[reuses] = dying[before[reuses]]
    fresh = np.cumsum(~reuses) - 1
    while True:  # to the first owner of the slot, in steps that double
        further = heir_of[heir_of]
        if np.array_equal(further, heir_of):
            return fresh[heir_of]
        heir_of = further

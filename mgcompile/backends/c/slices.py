"""Which statements a result needs, and in which pass over the samples each of them can run.

A sum over all samples has to be finished before anything reads it. Its level is one more than that
of what it adds up: statements of level k wait for the k-th pass over the samples.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from mgcompile.program.ir import FIRST_RESULT, Bundle, Loop
from mgcompile.program.traversal import made, read

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mgcompile.program.ir import Program, Statement

__all__ = ["levels", "needed", "sums_samples"]


def sums_samples(statement: Statement) -> bool:
    """Tell whether a statement adds up over all samples."""
    return isinstance(statement, Bundle) and statement.over_batch


def levels(program: Program) -> dict[int, int]:
    """Return after how many passes over the samples each array of a program can be made."""
    found = dict.fromkeys(range(FIRST_RESULT), 0)
    for statement in program.statements:
        # What a loop makes for itself has no level; it is as late as what comes from outside.
        level = max((found.get(array, 0) for array in read(statement)), default=0)
        level += sums_samples(statement)
        found.update(dict.fromkeys(made(statement), level))
    return found


def needed(
    statements: Sequence[Statement], wanted: Iterable[int], *, given: Iterable[int] = ()
) -> list[Statement]:
    """Return the statements that arrays are made of, loops without what they need not do.

    Args:
        statements: In order.
        wanted: The arrays.
        given: Arrays that are there already.
    """
    there = set(given)
    missing = set(wanted) - there
    found: list[Statement] = []
    for statement in reversed(statements):
        results = missing.intersection(made(statement))
        if not results:
            continue
        kept = _slice(statement, results) if isinstance(statement, Loop) else statement
        found.append(kept)
        missing.update(array for array in read(kept) if array not in there)
    return found[::-1]


def _slice(loop: Loop, results: set[int]) -> Loop:
    """Return a loop that makes some of its results."""
    stacks = tuple(stack for stack in loop.stacks if stack.result in results)
    wanted = {stack.source for stack in stacks}
    wanted.update(carry.array for carry in loop.carries if carry.final in results)
    while True:
        carries = tuple(carry for carry in loop.carries if carry.array in wanted)
        wanted.update(carry.following for carry in carries)
        body = needed(loop.body, wanted)
        grown = wanted.union(*(read(statement) for statement in body))
        if grown == wanted:
            return attrs.evolve(loop, body=tuple(body), carries=carries, stacks=stacks)
        wanted = grown

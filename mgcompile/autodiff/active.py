"""Tell which arrays of a program depend on some others: derivatives are written of these alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mgcompile.program.ir import Bundle, Loop, Scatter, Statement, Tape
from mgcompile.support.op_traits import traits_of

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["active_arrays"]


def active_arrays(statements: Sequence[Statement], wanted: set[int]) -> set[int]:
    """Return the arrays that move with those `wanted`, these included.

    What has no slope anywhere, as comparisons and roundings, does not.
    """
    active = set(wanted)
    for statement in statements:
        if isinstance(statement, Bundle):
            moves = not traits_of(statement.op).steps
            if moves and any(access.array in active for access in statement.operands):
                active.add(statement.result)
        elif isinstance(statement, Scatter):
            if any(part.source.array in active for part in statement.parts):
                active.add(statement.result)
        elif isinstance(statement, Tape):
            if any(access.array in active for access in statement.externals):
                active.add(statement.result)
        else:
            _activate_loop(statement, active)
    return active


def _activate_loop(loop: Loop, active: set[int]) -> None:
    active |= {carry.array for carry in loop.carries if carry.initial.array in active}
    while True:
        active |= active_arrays(loop.body, active)
        more = {carry.array for carry in loop.carries if carry.following in active} - active
        if not more:
            break
        active |= more
    active |= {carry.final for carry in loop.carries if carry.array in active}
    active |= {stack.result for stack in loop.stacks if stack.source in active}

"""Find loops inside the bodies of loops, to any depth.

A loop along depth is found in the graph, with all that one of its iterations does written out.
Where that repeats itself, statement by statement, it becomes a loop in the body, and what that
repeats another one in its own. `repetition` says what makes a run of statements a loop.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from mgcompile.program.dce import needed_only
from mgcompile.program.ir import Loop
from mgcompile.reroll.emit_inner import Body, Scope
from mgcompile.reroll.join_terms import with_joined_terms
from mgcompile.reroll.repetition import longest_repetition

if TYPE_CHECKING:
    from mgcompile.program.ir import Program, Statement

__all__ = ["roll_bodies"]

SHORTEST_BODY = 200
"""Statements of a body from which on inner loops are looked for: a shorter one runs faster as it
stands, since what it computes stays in registers."""


def roll_bodies(program: Program) -> Program:
    """Return the program with what repeats itself in the body of a loop as a loop of its own."""
    if not any(_is_long(statement) for statement in program.statements):
        return program
    scope = Scope(list(program.arrays), program.consts.tolist(), strict=program.strict)
    statements = tuple(_rolled(scope, statement, ()) for statement in program.statements)
    if statements == program.statements:
        return program
    return needed_only(scope.finish(program, statements))


def _is_long(statement: Statement) -> bool:
    return isinstance(statement, Loop) and len(statement.body) >= SHORTEST_BODY


def _rolled(scope: Scope, statement: Statement, loops: tuple[int, ...]) -> Statement:
    """Return a statement, in loops of these extents, with loops in its body where it repeats."""
    if not isinstance(statement, Loop) or not _is_long(statement):
        return statement
    inside = (*loops, statement.count)
    body = Body(scope, statement, inside)
    done: list[Statement] = []
    pending: list[tuple[list[Statement], bool]] = [(list(statement.body), False)]
    while pending:
        block, is_written = pending.pop()
        # What stands before it is done: an array may have become a part of what a loop keeps.
        block = [body.moved(each) for each in block]
        found = None if is_written else longest_repetition(block, scope.arrays, inside)
        written = None if found is None else body.written(block, found)
        if found is None or written is None:
            done += block
        else:
            pending += [(block[found.end :], False), (written, True), (block[: found.first], False)]
    done = [part for each in done for part in with_joined_terms(scope, len(inside), each)]
    return attrs.evolve(statement, body=tuple(_rolled(scope, each, inside) for each in done))

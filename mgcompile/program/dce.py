"""Drop what no output needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from mgcompile.program.ir import FIRST_RESULT, Access, Loop, Output, Program, Statement
from mgcompile.program.traversal import accesses, defined, renamed

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["needed_only"]


def needed_only(program: Program) -> Program:
    """Return the program without statements that no output depends on, arrays renumbered."""
    needed = {output.array for output in program.outputs}
    statements = _needed(program.statements, needed)
    made = [array for statement in statements for array in defined(statement)]
    number = {array: place for place, array in enumerate(made, start=FIRST_RESULT)}
    number.update((source, source) for source in range(FIRST_RESULT))

    def rename(access: Access) -> Access:
        return Access(number[access.array], access.index)

    kept = tuple(renamed(statement, rename, number) for statement in statements)
    return attrs.evolve(
        program,
        arrays=(*program.arrays[:FIRST_RESULT], *(program.arrays[array] for array in made)),
        statements=kept,
        outputs=tuple(Output(out.name, number[out.array]) for out in program.outputs),
    )


def _needed(statements: Sequence[Statement], needed: set[int]) -> tuple[Statement, ...]:
    """Return the statements that make arrays in `needed`, adding to it what these read."""
    kept: list[Statement] = []
    for statement in reversed(statements):
        if isinstance(statement, Loop):
            loop = _needed_loop(statement, needed)
            if loop is not None:
                kept.append(loop)
        elif statement.result in needed:
            needed |= {access.array for access in accesses(statement)}
            kept.append(statement)
    return tuple(reversed(kept))


def _needed_loop(loop: Loop, needed: set[int]) -> Loop | None:
    stacks = tuple(stack for stack in loop.stacks if stack.result in needed)
    wanted = {carry.array for carry in loop.carries if carry.final in needed}
    if not stacks and not wanted:
        return None
    while True:
        inner = {stack.source for stack in stacks} | wanted
        inner |= {carry.following for carry in loop.carries if carry.array in wanted}
        body = _needed(loop.body, inner)
        more = {carry.array for carry in loop.carries if carry.array in inner}
        if more <= wanted:
            break
        wanted |= more
    needed |= inner
    carries = tuple(carry for carry in loop.carries if carry.array in wanted)
    needed |= {carry.initial.array for carry in carries}
    needed |= set() if loop.needed is None else {loop.needed.array}
    return attrs.evolve(loop, body=body, carries=carries, stacks=stacks)

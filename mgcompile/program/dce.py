"""Drop what no output needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from mgcompile.program.ir import (
    FIRST_RESULT,
    Access,
    Bundle,
    Carry,
    Loop,
    Output,
    Program,
    Scatter,
    ScatterPart,
    Stack,
    Statement,
    Tape,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
__all__ = ["needed_only", "reads", "renamed"]


def needed_only(program: Program) -> Program:
    """Return the program without statements that no output depends on, arrays renumbered."""
    needed = {output.array for output in program.outputs}
    statements = _needed(program.statements, needed)
    made = [array for statement in statements for array in _defined(statement)]
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
            needed |= {access.array for access in reads(statement)}
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
    return attrs.evolve(loop, body=body, carries=carries, stacks=stacks)


def _defined(statement: Statement) -> list[int]:
    if not isinstance(statement, Loop):
        return [statement.result]
    inside = [array for inner in statement.body for array in _defined(inner)]
    return [
        *(carry.array for carry in statement.carries),
        *inside,
        *(carry.final for carry in statement.carries),
        *(stack.result for stack in statement.stacks),
    ]


def reads(statement: Statement) -> Iterable[Access]:
    """Return every access of a statement; for a loop those of its body and its initial values."""
    if isinstance(statement, Bundle):
        return statement.operands
    if isinstance(statement, Scatter):
        return [part.source for part in statement.parts]
    if isinstance(statement, Tape):
        return statement.externals
    inside = [access for inner in statement.body for access in reads(inner)]
    return [*(carry.initial for carry in statement.carries), *inside]


def renamed(
    statement: Statement, read: Callable[[Access], Access], number: dict[int, int]
) -> Statement:
    """Return the statement with every access passed through `read`, and results renumbered."""
    if isinstance(statement, Bundle):
        operands = tuple(read(access) for access in statement.operands)
        return attrs.evolve(statement, result=number[statement.result], operands=operands)
    if isinstance(statement, Scatter):
        parts = tuple(
            ScatterPart(part.shape, read(part.source), part.target) for part in statement.parts
        )
        return Scatter(number[statement.result], parts)
    if isinstance(statement, Tape):
        externals = tuple(read(access) for access in statement.externals)
        return attrs.evolve(statement, result=number[statement.result], externals=externals)
    carries = tuple(
        Carry(number[c.array], read(c.initial), number[c.following], number[c.final])
        for c in statement.carries
    )
    body = tuple(renamed(inner, read, number) for inner in statement.body)
    stacks = tuple(Stack(number[s.result], number[s.source]) for s in statement.stacks)
    return Loop(statement.count, body, carries, stacks)

"""Find which results of tapes are read outside of them; the others need no memory of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from attrs import evolve

from mgcompile.program.ir import Tape, map_elements
from mgcompile.program.traversal import reads_over, with_loops

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mgcompile.program.ir import Program
    from mgcompile.schedule.ir import LoopProgram

__all__ = ["find_live_outs", "is_long", "live_outs_of", "rows_in_use", "runs_alone", "untouched"]

LONGEST_WRITTEN = 64
"""Instructions written out as code. A longer tape is run by the machine, which is as fast."""

LONGEST_ALONE = 1_000
"""The same for one sample at a time, in all tapes together: it has no machine."""

MOST_READ = 4 * LONGEST_WRITTEN
"""Operands of the instructions written out, of which a single sum may have any number."""


def find_live_outs(loops: LoopProgram) -> LoopProgram:
    """Find what is read of each tape, and decide which tapes the machine interprets.

    It works on vectors of samples: for one at a time tapes are written out.
    """
    tapes = [s for s in loops.program.statements if isinstance(s, Tape)]
    interpreted = frozenset(t.result for t in tapes if is_long(t) and not loops.one_sample)
    return evolve(loops, live_outs=live_outs_of(loops.program), interpreted=interpreted)


def runs_alone(program: Program) -> bool:
    """Tell whether a program's tapes can be written out, for code for one sample at a time."""
    tapes = [s for s in program.statements if isinstance(s, Tape)]
    return all(
        sum(counts) <= limit
        for counts, limit in (
            ([len(tape.code) for tape in tapes], LONGEST_ALONE),
            ([len(tape.operand) for tape in tapes], 4 * LONGEST_ALONE),
        )
    )


def is_long(tape: Tape) -> bool:
    """Tell whether a tape is too long for code of its own, or reads too much."""
    return len(tape.code) > LONGEST_WRITTEN or len(tape.operand) > MOST_READ


def live_outs_of(program: Program) -> dict[int, NDArray[np.bool_]]:
    """Return for the array of each tape which elements a statement or the caller reads.

    All tapes are looked at together: a large graph has hundreds, and as many statements of each.
    """
    everything = list(with_loops(program))
    tapes = [statement for statement, _ in everything if isinstance(statement, Tape)]
    live = {tape.result: np.zeros(len(tape.code), dtype=bool) for tape in tapes}
    if not live:
        return live
    for output in program.outputs:
        if output.array in live:
            live[output.array][:] = True
    for statement, loops in everything:
        for access, domain in reads_over(program, statement, loops):
            if access.array in live:
                live[access.array][map_elements(access.index, domain).ravel()] = True
    return live


def rows_in_use(tape: Tape, live: NDArray[np.bool_]) -> int:
    """Return about how many rows a tape takes: for what lives on, and what is alive at once."""
    count, pool = len(tape.code), sum(tape.lengths)
    death = np.arange(count)
    inner = tape.operand >= pool
    user = np.repeat(death, np.diff(tape.start))
    np.maximum.at(death, tape.operand[inner] - pool, user[inner])
    births = np.cumsum(~live)
    deaths = np.cumsum(np.bincount(death[~live], minlength=count))
    return int(live.sum()) + int((births - deaths).max(initial=0)) + 1


def untouched(loops: LoopProgram) -> int:
    """Return how many elements of the results of interpreted tapes are never touched."""
    return sum(
        len(tape.code) - rows_in_use(tape, loops.live_outs[tape.result])
        for tape in loops.program.statements
        if isinstance(tape, Tape) and tape.result in loops.interpreted
    )

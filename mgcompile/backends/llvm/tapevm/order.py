"""Put the instructions of a tape into an order that a processor can foresee.

The machine's branch to the code of an opcode costs little as long as the same opcode follows, and
much when another one comes as a surprise. So within windows of the tape, short enough that what
they work on stays in the cache, instructions that do not need each other are sorted by opcode.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import numpy as np

from mgcompile.support.csr import places_within, starts

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mgcompile.program.ir import Tape

    Numbers = NDArray[np.int64]

__all__ = ["sorted_tape"]

WINDOW = 2048


def sorted_tape(tape: Tape, shared: NDArray[np.bool_]) -> tuple[Tape, Numbers]:
    """Return the tape in another order, and the old number of each instruction.

    Args:
        tape: the tape.
        shared: which of its external elements are one number for all samples.
    """
    pool, count = len(shared), len(tape.code)
    width = np.diff(tape.start)
    level = _levels(tape, pool)
    opcode = _opcodes(tape, width, shared)
    window = np.arange(count) // WINDOW
    old = np.lexsort((opcode, level, window))
    new = np.empty(count, dtype=np.int64)
    new[old] = np.arange(count)
    start, operand = _picked(tape, old)
    inner = operand >= pool
    operand[inner] = pool + new[operand[inner] - pool]
    return attrs.evolve(tape, code=tape.code[old], start=start, operand=operand), old


def _picked(tape: Tape, chosen: Numbers) -> tuple[Numbers, Numbers]:
    """Return the operands of instructions, and where those of each one start."""
    width = np.diff(tape.start)[chosen]
    return starts(width), tape.operand[np.repeat(tape.start[chosen], width) + places_within(width)]


def _levels(tape: Tape, pool: int) -> Numbers:
    """Return the length of the longest way to each instruction within its window.

    All windows are done side by side: first the first instruction of each, then the second.
    """
    count = len(tape.code)
    turns = [np.arange(first, count, WINDOW) for first in range(min(WINDOW, count))]
    order = np.concatenate([np.zeros(0, dtype=np.int64), *turns])
    start, operand = _picked(tape, order)
    operand = operand - pool
    reader = np.repeat(order, np.diff(start))
    operand[operand < reader // WINDOW * WINDOW] = count  # made before
    level = np.full(count + 1, -1, dtype=np.int64)
    first = 0
    for turn in turns:
        bounds = start[first : first + len(turn) + 1]
        above = level[operand[bounds[0] : bounds[-1]]]
        level[turn] = np.maximum.reduceat(above, bounds[:-1] - bounds[0]) + 1
        first += len(turn)
    return level[:count]


def _opcodes(tape: Tape, width: Numbers, shared: NDArray[np.bool_]) -> Numbers:
    """Return numbers that are equal for instructions which the machine does in the same way."""
    flags = np.concatenate([shared, np.zeros(len(tape.code), dtype=bool)])[tape.operand]
    place = places_within(width)
    pattern = np.zeros(len(tape.code), dtype=np.int64)
    np.add.at(pattern, np.repeat(np.arange(len(width)), width), flags << np.minimum(place, 16))
    return (tape.code << 40) | (np.minimum(width, 1 << 20) << 18) | pattern

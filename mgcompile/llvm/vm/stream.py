"""Write the steps of a tape as a stream of numbers for the machine.

A step is its opcode, the place of its result and the places of its operands. A place is 16 times
the number of an element within an area of memory, plus the number of the area.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from attrs import frozen

from mgcompile.llvm.frame import AREAS
from mgcompile.llvm.vm.order import sorted_tape
from mgcompile.llvm.vm.rows import rows_of_results
from mgcompile.llvm.vm.steps import Action, steps_of
from mgcompile.program import map_elements

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mgcompile.llvm.memory import Layout
    from mgcompile.llvm.vm.steps import Steps
    from mgcompile.program import Tape

    Numbers = NDArray[np.int64]

__all__ = ["AREA_BITS", "HALT", "Opcode", "Stream", "write_stream"]

AREA_BITS = 4
HALT = 0


@frozen
class Opcode:
    """An action, and which of its operands are one number for all samples."""

    action: Action
    shared: tuple[bool, ...]


@frozen(eq=False)
class Stream:
    """Hold the numbers; opcode k + 1 is ``opcodes[k]``, and 0 ends the stream."""

    words: Numbers
    opcodes: tuple[Opcode, ...]


def write_stream(tape: Tape, layout: Layout, kept: NDArray[np.bool_]) -> Stream:
    """Write a tape's stream.

    Args:
        tape: the tape.
        layout: where arrays are.
        kept: which results are read outside of the tape.
    """
    place, shared = _external_places(tape, layout)
    tape, numbers = sorted_tape(tape, shared)
    steps, total = steps_of(tape)
    rows = rows_of_results(steps, numbers, len(place), kept)
    home = layout.places[tape.result]
    place = np.concatenate([place, _places(home.base, rows + home.offset)])
    shared = np.concatenate([shared, np.zeros(len(rows), dtype=bool)])
    opcodes: dict[Opcode, int] = {}
    pieces = [piece for step in steps for piece in _coded(step, shared, opcodes)]
    sizes = np.zeros(total, dtype=np.int64)
    for _, step in pieces:
        sizes[step.place] = 2 + step.operands.shape[1]
    begin = np.cumsum(sizes) - sizes
    words = np.full(int(sizes.sum()) + 1, HALT, dtype=np.int64)
    for code, step in pieces:
        at = begin[step.place]
        words[at] = code
        words[at + 1] = place[len(place) - len(rows) + step.result]
        for column, operand in enumerate(step.operands.T):
            words[at + 2 + column] = place[operand]
    return Stream(words, tuple(opcodes))


def _external_places(tape: Tape, layout: Layout) -> tuple[Numbers, NDArray[np.bool_]]:
    places, shared = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=bool)]
    for access, length in zip(tape.externals, tape.lengths, strict=True):
        home = layout.places[access.array]
        places.append(_places(home.base, map_elements(access.index, (length,)) + home.offset))
        shared.append(np.full(length, not home.batched))
    return np.concatenate(places), np.concatenate(shared)


def _places(area: str, elements: Numbers) -> Numbers:
    return (elements << AREA_BITS) | AREAS.index(area)


def _coded(
    step: Steps, shared: NDArray[np.bool_], opcodes: dict[Opcode, int]
) -> list[tuple[int, Steps]]:
    """Return the steps with their opcodes, split by which operands are shared."""
    flags = shared[step.operands]
    key = (
        flags @ (1 << np.arange(min(step.operands.shape[1], 62))) if flags.shape[1] <= 62 else None
    )
    if key is None:  # so many operands: told apart by the whole row
        _, key = np.unique(flags, axis=0, return_inverse=True)
    pieces = []
    for each in np.unique(key):
        chosen = key == each
        pattern = tuple(bool(flag) for flag in flags[np.argmax(chosen)])
        code = opcodes.setdefault(Opcode(step.action, pattern), len(opcodes) + 1)
        part = type(step)(
            step.action, step.place[chosen], step.result[chosen], step.operands[chosen]
        )
        pieces.append((code, part))
    return pieces

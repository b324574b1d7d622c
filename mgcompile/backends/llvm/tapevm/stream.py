"""Write the steps of a tape as a stream of numbers for the machine.

A step is its opcode, the place of its result and the places of its operands. A place is 16 times
the number of an element within an area of memory, plus the number of the area.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from attrs import evolve

from mgcompile.backends.llvm.codegen.codegen_context import MEMORY_SPACES
from mgcompile.backends.llvm.tapevm.opcodes import AREA_BITS, HALT, Opcode
from mgcompile.backends.llvm.tapevm.order import sorted_tape
from mgcompile.backends.llvm.tapevm.rows import rows_of_results
from mgcompile.backends.llvm.tapevm.steps import steps_of
from mgcompile.program.ir import map_elements

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from mgcompile.backends.llvm.tapevm.opcodes import Opcodes
    from mgcompile.backends.llvm.tapevm.steps import Steps
    from mgcompile.program.ir import Tape
    from mgcompile.schedule.decisions import Place

    Numbers = NDArray[np.int64]

__all__ = ["write_stream"]

_LONGEST_KEY = 63  # bits of a number that is not negative


def write_stream(
    tape: Tape, places: Mapping[int, Place], kept: NDArray[np.bool_], opcodes: Opcodes
) -> Numbers:
    """Return a tape's stream.

    Args:
        tape: the tape.
        places: where arrays are.
        kept: which results are read outside of the tape.
        opcodes: gives opcodes their numbers.
    """
    place, shared = _external_places(tape, places)
    tape, numbers = sorted_tape(tape, shared)
    shared = np.concatenate([shared, np.zeros(len(tape.code), dtype=bool)])
    steps, total = steps_of(tape, shared)
    rows = rows_of_results(steps, numbers, len(place), kept)
    home = places[tape.result]
    place = np.concatenate([place, _places(home.space, rows + home.offset)])
    pieces = [
        (opcodes.number(Opcode(step.action, pattern), batched=home.batched), step)
        for whole in steps
        for pattern, step in _by_pattern(whole, shared)
    ]
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
    return words


def _external_places(tape: Tape, places: Mapping[int, Place]) -> tuple[Numbers, NDArray[np.bool_]]:
    found, shared = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=bool)]
    for access, length in zip(tape.externals, tape.lengths, strict=True):
        home = places[access.array]
        found.append(_places(home.space, map_elements(access.index, (length,)) + home.offset))
        shared.append(np.full(length, not home.batched))
    return np.concatenate(found), np.concatenate(shared)


def _places(area: str, elements: Numbers) -> Numbers:
    return (elements << AREA_BITS) | MEMORY_SPACES.index(area)


def _by_pattern(step: Steps, shared: NDArray[np.bool_]) -> Iterator[tuple[tuple[bool, ...], Steps]]:
    """Yield steps that have the same shared operands, and which these are."""
    flags = shared[step.operands]
    if flags.shape[1] < _LONGEST_KEY:
        keys, kind = np.unique(flags @ (1 << np.arange(flags.shape[1])), return_inverse=True)
        patterns = (keys[:, None] >> np.arange(flags.shape[1])) & 1 == 1
    else:
        patterns, kind = np.unique(flags, axis=0, return_inverse=True)
    for number, pattern in enumerate(patterns.tolist()):
        chosen = kind.ravel() == number
        part = evolve(
            step,
            place=step.place[chosen],
            result=step.result[chosen],
            operands=step.operands[chosen],
        )
        yield tuple(pattern), part

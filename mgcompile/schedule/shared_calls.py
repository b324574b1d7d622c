"""Choose which elementary functions are called, not written in place.

Code is faster with a function's body in it, and every copy takes time to compile. What runs most
often has copies of its own; where an op is applied in more places, the others call one copy.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from attrs import evolve, frozen

from mgcompile.program.ir import Bundle, Tape, extent
from mgcompile.schedule.costs import TOGETHER
from mgcompile.schedule.ir import Group, LoopUnit, members
from mgcompile.support.op_traits import is_known, traits_of
from mgcompile.support.zero_product import adds_up

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mgcompile.schedule.ir import LoopProgram, Unit
    from mgcore import Op

__all__ = ["share_calls"]

SHORTEST = 4
"""Instructions of an op from which on its code may be a function; less is always in place."""

MOST_COPIES = 16
"""Copies of an op's code, beside the one that is shared."""


@frozen
class _Applied:
    """An op at a place of a program: how often it runs, and how many copies it is written in.

    The place is an array, and the number of the instruction that makes an element of a tape's.
    """

    op: Op
    place: tuple[int, int]
    times: tuple[bool, int]
    copies: int


def share_calls(loops: LoopProgram) -> LoopProgram:
    """Choose the places at which ops call a copy that they share."""
    copies: Counter[Op] = Counter()
    shared = set()
    applied = [each for each in _all_applied(loops) if not _is_short(each.op)]
    for each in sorted(applied, key=lambda each: each.times, reverse=True):
        copies[each.op] += each.copies
        if copies[each.op] > MOST_COPIES:
            shared.add(each.place)
    return evolve(loops, shared_calls=frozenset(shared))


def _is_short(op: Op) -> bool:
    traits = traits_of(op)
    return is_known(op) and not traits.endless and (traits.weight or 1) < SHORTEST


def _all_applied(loops: LoopProgram) -> Iterator[_Applied]:
    for phase in loops.phases:
        yield from _in_block(loops, phase.shared, tiled=False)
        yield from _in_block(loops, phase.tiled, tiled=True)


def _in_block(
    loops: LoopProgram, block: Sequence[Unit], *, tiled: bool, times: int = 1
) -> Iterator[_Applied]:
    for unit in block:
        if isinstance(unit, LoopUnit):
            inner = times * unit.loop.count
            yield from _in_block(loops, unit.body, tiled=tiled, times=inner)
            continue
        for each in members(unit):
            if isinstance(each, Tape) and each.result not in loops.interpreted:
                for number, code in enumerate(each.code.tolist()):
                    yield _Applied(each.ops[code], (each.result, number), (tiled, times), 1)
            elif isinstance(each, Bundle) and not adds_up(each.op):
                often = times * extent(each.shape)
                copies = _copies(loops, unit) * max(1, extent(each.reduced))
                yield _Applied(each.op, (each.result, 0), (tiled, often), copies)


def _copies(loops: LoopProgram, unit: Unit) -> int:
    """Return how often the loop over a unit's elements or samples is written out."""
    if not isinstance(unit, Group):
        return 1
    if unit.tiled and not loops.one_sample:
        # Several vectors side by side have their code in place; of pairs one may be left.
        return {1: 1, 2: 3, TOGETHER: 0}[unit.vectors]
    (nest,) = loops.element_nests[unit.results[0]]
    if nest.lane is None:
        return 1
    whole, rest = divmod(nest.shape[nest.lane], loops.width)
    return nest.written_out * (whole > 0) + (rest > 0)

"""Group elementwise bundles of one shape, so that what one makes stays in a register for the next.

A group becomes one loop over its points; where its body gets long, `fission` cuts it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import evolve, frozen

from mgcompile.program.index_maps import is_row_major
from mgcompile.program.ir import Bundle
from mgcompile.program.traversal import made, read, runs_by_tile, touched
from mgcompile.schedule.costs import weight
from mgcompile.schedule.ir import Group, LoopUnit, members

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mgcompile.schedule.ir import LoopProgram, Unit

__all__ = ["fuse", "single_groups"]

LONGEST_SPAN = 600
"""Instructions, estimated, of the bundles that are looked at together to be cut into loops."""

WINDOW = 400
"""How many units are looked at to find one that joins a group."""


def fuse(loops: LoopProgram) -> LoopProgram:
    """Fuse elementwise bundles of one shape, in an order that keeps operands first."""
    return _with_blocks(loops, LONGEST_SPAN)


def single_groups(loops: LoopProgram) -> LoopProgram:
    """Give every elementwise bundle a loop of its own: what stands in for `fuse`."""
    return _with_blocks(loops, 0)


def _with_blocks(loops: LoopProgram, span: int) -> LoopProgram:
    phases = tuple(
        evolve(
            phase,
            shared=_fused(loops, phase.shared, span, 0),
            tiled=_fused(loops, phase.tiled, span, 0),
        )
        for phase in loops.phases
    )
    return evolve(loops, phases=phases)


@frozen
class _Candidate:
    """A unit, and what is asked of it for each group that it might join.

    Args:
        unit: Of a block.
        touched: The arrays that it makes, and those that these are part of, as bits of a number.
        read: Those that the bundle reads, as bits too.
        made: Those that it makes, likewise.
        bundle: It, if it makes every element of its result from single elements.
        tiled: Whether that bundle runs by tile.
        weight: Of that bundle.
    """

    unit: Unit
    touched: int
    read: int = 0
    made: int = 0
    bundle: Bundle | None = None
    tiled: bool = False
    weight: int = 0


def _candidate(loops: LoopProgram, unit: Unit) -> _Candidate:
    found = _bits(a for each in members(unit) for a in touched(each, loops.destinations))
    if not isinstance(unit, Bundle) or unit.reduced or unit.over_batch:
        return _Candidate(unit, found)
    tiled, inputs = runs_by_tile(loops.program, unit), _bits(read(unit))
    return _Candidate(unit, found, inputs, _bits(made(unit)), unit, tiled, weight(unit))


def _bits(arrays: Iterable[int]) -> int:
    """Return arrays as the bits of a number: sets of them are joined and compared at once."""
    found = 0
    for array in arrays:
        found |= 1 << array
    return found


def _fused(loops: LoopProgram, block: Sequence[Unit], span: int, depth: int) -> tuple[Unit, ...]:
    """Return a block that stands in `depth` loops with its elementwise bundles in groups."""
    found: list[Unit] = []
    waiting = [_candidate(loops, unit) for unit in block]
    while waiting:
        unit = waiting[0].unit
        if isinstance(unit, LoopUnit):
            found.append(evolve(unit, body=_fused(loops, unit.body, span, depth + 1)))
        elif waiting[0].bundle is not None:
            chosen, group = _group(waiting[0].bundle, waiting, span, depth)
            found.append(group)
            for place in reversed(chosen[1:]):
                del waiting[place]
        else:
            found.append(unit)
        del waiting[0]
    return tuple(found)


def _group(
    first: Bundle, waiting: Sequence[_Candidate], span: int, depth: int
) -> tuple[list[int], Group]:
    """Return the places of the bundles that can be executed with the first one, and the group."""
    tiled, length = waiting[0].tiled, waiting[0].weight
    chosen, bundles, inside = [0], [first], waiting[0].made
    skipped = waiting[0].touched & ~inside  # complete only after the group
    for place in range(1, min(len(waiting), WINDOW)):
        if length >= span:
            break
        other = waiting[place]
        bundle = other.bundle
        if (
            bundle is not None
            and bundle.shape == first.shape
            and other.tiled == tiled
            and not other.read & skipped
            and length + other.weight <= span
            and _meets(bundle, inside, depth)
        ):
            chosen.append(place)
            bundles.append(bundle)
            inside |= other.made
            skipped |= other.touched & ~other.made
            length += other.weight
        else:
            skipped |= other.touched
    return chosen, Group(tuple(bundles), tiled)


def _meets(bundle: Bundle, inside: int, depth: int) -> bool:
    """Tell whether a bundle reads at each point what a group, which makes `inside`, made there."""
    return all(
        is_row_major(access.index, depth, bundle.shape)
        for access in bundle.operands
        if inside >> access.array & 1
    )

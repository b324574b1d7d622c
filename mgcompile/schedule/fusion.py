"""Group elementwise bundles of one shape, so that what one makes stays in a register for the next.

A group becomes one loop over its points; where its body gets long, `fission` cuts it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import evolve, frozen

from mgcompile.program.index_maps import is_row_major
from mgcompile.program.ir import Bundle
from mgcompile.program.traversal import made, runs_by_tile, touched
from mgcompile.schedule.costs import weight
from mgcompile.schedule.ir import Group, LoopUnit, members

if TYPE_CHECKING:
    from collections.abc import Sequence

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
        touched: The arrays that it makes, and those that these are part of.
        bundle: It, if it makes every element of its result from single elements.
        tiled: Whether that bundle runs by tile.
        weight: Of that bundle.
    """

    unit: Unit
    touched: frozenset[int]
    bundle: Bundle | None = None
    tiled: bool = False
    weight: int = 0


def _candidate(loops: LoopProgram, unit: Unit) -> _Candidate:
    found = frozenset(a for each in members(unit) for a in touched(each, loops.destinations))
    if not isinstance(unit, Bundle) or unit.reduced or unit.over_batch:
        return _Candidate(unit, found)
    return _Candidate(unit, found, unit, runs_by_tile(loops.program, unit), weight(unit))


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
    chosen, bundles, inside = [0], [first], set(made(first))
    skipped = set(waiting[0].touched - inside)  # complete only after the group
    for place in range(1, min(len(waiting), WINDOW)):
        if length >= span:
            break
        other = waiting[place]
        bundle = other.bundle
        if (
            bundle is not None
            and other.tiled == tiled
            and length + other.weight <= span
            and _joins(bundle, first.shape, inside, skipped, depth)
        ):
            chosen.append(place)
            bundles.append(bundle)
            inside.update(made(bundle))
            skipped |= other.touched.difference(made(bundle))
            length += other.weight
        else:
            skipped |= other.touched
    return chosen, Group(tuple(bundles), tiled)


def _joins(
    bundle: Bundle, shape: tuple[int, ...], inside: set[int], skipped: set[int], depth: int
) -> bool:
    """Tell whether a bundle can be executed at the points of a group that makes `inside`."""
    if bundle.shape != shape:
        return False
    for access in bundle.operands:
        if access.array in skipped:
            return False
        if access.array in inside and not is_row_major(access.index, depth, shape):
            return False
    return True

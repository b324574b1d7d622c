"""Group elementwise bundles of one shape, so that what one makes stays in a register for the next.

A group becomes one loop over its points; where its body gets long, `fission` cuts it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeGuard

from attrs import evolve

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


def _fused(loops: LoopProgram, block: Sequence[Unit], span: int, depth: int) -> tuple[Unit, ...]:
    """Return a block that stands in `depth` loops with its elementwise bundles in groups."""
    found: list[Unit] = []
    waiting = list(block)
    while waiting:
        unit = waiting[0]
        if isinstance(unit, LoopUnit):
            found.append(evolve(unit, body=_fused(loops, unit.body, span, depth + 1)))
        elif _elementwise(unit):
            chosen, group = _group(loops, waiting, span, depth)
            found.append(group)
            for place in reversed(chosen[1:]):
                del waiting[place]
        else:
            found.append(unit)
        del waiting[0]
    return tuple(found)


def _elementwise(unit: Unit) -> TypeGuard[Bundle]:
    """Tell whether a unit makes every element of its result from single elements."""
    return isinstance(unit, Bundle) and not unit.reduced and not unit.over_batch


def _group(
    loops: LoopProgram, waiting: list[Unit], span: int, depth: int
) -> tuple[list[int], Group]:
    """Return the places of the bundles that can be executed with the first one, and the group."""
    first = waiting[0]
    assert isinstance(first, Bundle)  # noqa: S101 - the caller asked _elementwise()
    tiled = runs_by_tile(loops.program, first)
    chosen, bundles, inside = [0], [first], set(made(first))
    skipped = _touched(loops, first) - inside  # complete only after the group
    length = weight(first)
    for place in range(1, min(len(waiting), WINDOW)):
        unit = waiting[place]
        if (
            _elementwise(unit)
            and runs_by_tile(loops.program, unit) == tiled
            and length + weight(unit) <= span
            and _joins(unit, first.shape, inside, skipped, depth)
        ):
            chosen.append(place)
            bundles.append(unit)
            inside.update(made(unit))
            skipped.update(_touched(loops, unit) - set(made(unit)))
            length += weight(unit)
        else:
            skipped |= _touched(loops, unit)
    return chosen, Group(tuple(bundles), tiled)


def _touched(loops: LoopProgram, unit: Unit) -> set[int]:
    return {a for statement in members(unit) for a in touched(statement, loops.destinations)}


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

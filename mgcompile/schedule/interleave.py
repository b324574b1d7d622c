"""Choose how many vectors of samples a turn of an elementwise loop works on.

Elementary functions wait for themselves step by step: several vectors side by side keep a core
busy, in code that stands a second time for single vectors. Cheap loops work on pairs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import define, evolve

from mgcompile.schedule.costs import TOGETHER, cheap_group, is_heavy
from mgcompile.schedule.ir import Group, LoopUnit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mgcompile.schedule.ir import LoopProgram, Unit

__all__ = ["choose_vectors"]

MOST_INTERLEAVED = 16
"""Loops that stand twice, whatever the size of the program."""


def choose_vectors(loops: LoopProgram) -> LoopProgram:
    """Choose for each loop over samples how many vectors a turn works on."""
    if loops.one_sample:
        return loops
    roomy = loops.chosen_tile.samples >= TOGETHER * loops.width
    chooser = _Chooser(MOST_INTERLEAVED if roomy else 0)
    phases = tuple(
        evolve(phase, shared=chooser.block(phase.shared), tiled=chooser.block(phase.tiled))
        for phase in loops.phases
    )
    return evolve(loops, phases=phases)


@define
class _Chooser:
    """Choose in the order of a program, while there is room for loops that stand twice."""

    left: int

    def block(self, units: Sequence[Unit]) -> tuple[Unit, ...]:
        """Return the units of a block, and of the loops in it, with what is chosen."""
        return tuple(self._chosen(unit) for unit in units)

    def _chosen(self, unit: Unit) -> Unit:
        if isinstance(unit, LoopUnit):
            return evolve(unit, body=self.block(unit.body))
        if not isinstance(unit, Group) or not unit.tiled:
            return unit
        if self.left and is_heavy(unit):
            self.left -= 1
            return evolve(unit, vectors=TOGETHER)
        return evolve(unit, vectors=2 if cheap_group(unit) else 1)

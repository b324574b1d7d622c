"""Move cheap elementwise work to where its operands are in registers, or its result is read.

A loop over a tile that adds, compares or multiplies once for each number takes as long as its loads
and stores. So a bundle of this kind is moved down to its only reader when what it reads is in
memory anyway, and a group that finishes what a sum or dot makes is written into the loop of that.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from attrs import define, evolve

from mgcompile.program.index_maps import is_row_major
from mgcompile.program.ir import CONSTS, FIRST_RESULT, Bundle
from mgcompile.program.traversal import read, touched
from mgcompile.schedule.costs import cheap_group, is_cheap
from mgcompile.schedule.ir import Group, LoopUnit, Product, members, reads
from mgcompile.schedule.outer_products import users_by_phase
from mgcompile.support.zero_product import adds_up
from mgcore import ops

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mgcompile.program.ir import Access, Loop, Program
    from mgcompile.schedule.ir import LoopProgram, Unit

__all__ = ["sink_epilogues"]

AHEAD = 8
"""Units after a sum among which the group is looked for that finishes it."""


def sink_epilogues(loops: LoopProgram) -> LoopProgram:
    """Sink cheap bundles to their readers, and finish sums where they are in registers."""
    used_in = users_by_phase(loops)
    phases = []
    for number, phase in enumerate(loops.phases):
        elsewhere = {array for array, numbers in used_in.items() if numbers - {number}}
        pinned = elsewhere | set(loops.outputs) | set(loops.destinations)
        phases.append(evolve(phase, tiled=_moved(loops, phase.tiled, pinned, 0)))
    return evolve(loops, phases=tuple(phases))


def _moved(
    loops: LoopProgram,
    block: Sequence[Unit],
    pinned: set[int],
    depth: int,
    handed_on: frozenset[int] = frozenset(),
) -> tuple[Unit, ...]:
    """Return the units of a block that stands in `depth` loops; operands stay first.

    `pinned` are arrays that are part of another one, or are read outside of the block; `handed_on`
    are those that the loop around it reads at the end of an iteration.
    """
    units = [
        evolve(unit, body=_moved(loops, unit.body, pinned, depth + 1, _kept(unit.loop)))
        if isinstance(unit, LoopUnit)
        else unit
        for unit in block
    ]
    if not depth:
        _Sinking(loops.program, pinned, units).run()
    left = [unit for unit in units if members(unit)]
    readers = Counter(array for unit in left for array in reads(unit))
    readers.update(handed_on)
    return _attached(loops.program, loops.destinations, left, pinned, depth, readers)


def _kept(loop: Loop) -> frozenset[int]:
    """Return the arrays of a loop's body that the next iteration reads, or that are stacked."""
    followings = (carry.following for carry in loop.carries)
    return frozenset(followings) | {stack.source for stack in loop.stacks}


@define
class _Sinking:
    """Moves bundles, in place, from their group to the group that alone reads them.

    ``users`` counts for every array how often the unit at each place reads it.
    """

    program: Program
    pinned: set[int]
    units: list[Unit]

    def run(self) -> None:
        users: dict[int, Counter[int]] = defaultdict(Counter)
        for place, unit in enumerate(self.units):
            for statement in members(unit):
                for array in read(statement):
                    users[array][place] += 1
        for place in range(len(self.units) - 1, -1, -1):
            group = self.units[place]
            if isinstance(group, Group) and group.tiled:
                for bundle in reversed(group.bundles):
                    self._sink(bundle, place, users)

    def _sink(self, bundle: Bundle, place: int, users: dict[int, Counter[int]]) -> None:
        if len(users[bundle.result]) != 1 or bundle.result in self.pinned or not is_cheap(bundle):
            return
        (there,) = users[bundle.result]
        group, reader = self.units[place], self.units[there]
        if there == place or not isinstance(group, Group) or not isinstance(reader, Group):
            return
        own = {made for made in group.results if made not in self.pinned}
        if not _takes(reader, bundle, group) or not self._in_memory(bundle, own, place, users):
            return
        rest = tuple(other for other in group.bundles if other is not bundle)
        self.units[place] = evolve(group, bundles=rest)
        self.units[there] = evolve(reader, bundles=(bundle, *reader.bundles))
        for array in read(bundle):
            users[array][there] += 1
            users[array][place] -= 1
            users[array] = +users[array]

    def _in_memory(
        self, bundle: Bundle, own: set[int], place: int, users: dict[int, Counter[int]]
    ) -> bool:
        """Tell whether a bundle's operands can be read later without more to be kept.

        `own` are the arrays that its group makes and that nobody outside of the block reads.
        """
        (there,) = users[bundle.result]
        longer = 0
        for array in set(read(bundle)):
            if array < FIRST_RESULT or not self.program.arrays[array].batched:
                continue
            elsewhere = [user for user in users[array] if user != place]
            if array in own and not elsewhere:
                return False
            longer += max(elsewhere, default=place) < there
        return longer <= 1


def _takes(reader: Group, bundle: Bundle, group: Group) -> bool:
    """Tell whether a bundle of `group` can be executed at the points of `reader`."""
    return reader.tiled and reader.shape == group.shape and _reads_in_place(reader, bundle, 0)


def _reads_in_place(group: Group, bundle: Bundle, loops: int) -> bool:
    """Tell whether a group reads, at each of its points, that element of a bundle's result."""
    return all(
        is_row_major(access.index, loops, group.shape)
        for member in group.bundles
        for access in member.operands
        if access.array == bundle.result
    )


def _attached(
    program: Program,
    destinations: Mapping[int, Access],
    units: Sequence[Unit],
    pinned: set[int],
    loops: int,
    readers: Counter[int],
) -> tuple[Unit, ...]:
    """Join every sum or dot of batched numbers with a group that finishes its results.

    `readers` counts for every array the units that read it, and the loop around them.
    """
    waiting = list(units)
    found: list[Unit] = []
    while waiting:
        unit = waiting.pop(0)
        if isinstance(unit, Bundle) and _can_be_finished(program, unit, pinned):
            place = _finishing(unit, destinations, waiting[:AHEAD], loops)
            if place is not None:
                group = waiting.pop(place)
                assert isinstance(group, Group)  # noqa: S101 - what _finishing looks for
                unit = _started(program, unit, group, pinned, alone=readers[unit.result] == 1)
        found.append(unit)
    return tuple(found)


def _started(
    program: Program, bundle: Bundle, group: Group, pinned: set[int], *, alone: bool
) -> Product:
    """Join a sum with its group; what the group only adds to it, the sum starts from.

    Then nothing holds the sum without it any more: the group has to be `alone` in reading it.
    """
    uses = [b for b in group.bundles for access in b.operands if access.array == bundle.result]
    only = alone and len(uses) == 1 and uses[0].op is ops.add
    if only and uses[0].result not in pinned:
        (addition,) = uses
        left, right = addition.operands
        start = left if right.array == bundle.result else right
        if not program.arrays[start.array].batched and start.array != CONSTS:
            rest = tuple(b for b in group.bundles if b is not addition)
            kept = evolve(group, bundles=rest) if rest else None
            return Product(evolve(bundle, result=addition.result), kept, start)
    return Product(bundle, group)


def _can_be_finished(program: Program, bundle: Bundle, pinned: set[int]) -> bool:
    return (
        adds_up(bundle.op)
        and not bundle.over_batch
        and program.arrays[bundle.result].batched
        and bundle.result not in pinned
    )


def _finishing(
    bundle: Bundle, destinations: Mapping[int, Access], following: Sequence[Unit], loops: int
) -> int | None:
    """Return the place of a group that can run at once with a sum, or None."""
    skipped: set[int] = set()
    for place, unit in enumerate(following):
        if (
            isinstance(unit, Group)
            and unit.tiled
            and unit.shape == bundle.shape
            and bundle.result in reads(unit)
            and not skipped & reads(unit)
            and cheap_group(unit)
            and _reads_in_place(unit, bundle, loops)
        ):
            return place
        skipped.update(a for statement in members(unit) for a in touched(statement, destinations))
    return None

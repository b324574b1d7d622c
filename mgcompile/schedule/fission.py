"""Cut fused groups into loops: elementary functions apart, arithmetic between them.

An elementary function takes tens of instructions and several registers. In a loop of its own it
can work on several vectors side by side; arithmetic needs few registers a step and goes together.
The loops come in stages: arithmetic that the functions of a stage need, then these functions.
"""

from __future__ import annotations

from collections import defaultdict
from itertools import accumulate
from typing import TYPE_CHECKING

from attrs import define, evolve, field

from mgcompile.program.ir import CONSTS
from mgcompile.schedule.costs import HEAVY, divisions, weight
from mgcompile.schedule.ir import Group, LoopUnit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mgcompile.program.ir import Access, Bundle
    from mgcompile.schedule.ir import LoopProgram, Unit

__all__ = ["LONGEST_BODY", "bodies_of", "split_bodies"]

LONGEST_BODY = 60
"""Instructions of a loop body, estimated; a tile of 64 stays in the first cache between bodies."""

LONGEST_CHAIN = 12
LONGEST_OF_CHAINS = 40
"""The same of arithmetic with a chain of more than so many steps, each of which waits for the one
before: a core looks ahead far enough to have several shorter ones at work at once."""

LATITUDE = 8
"""Bundles by which a body may be shorter, where fewer numbers pass from it to the next one."""

SHORT_REST = 15
"""Instructions that are left and do not make a body of their own."""

MOST_SHARED = 100
"""Instructions of elementary functions of the same number, which share steps, in one body."""

MOST_BESIDE = 12
"""Instructions of arithmetic that goes with the functions that need it."""


def split_bodies(loops: LoopProgram) -> LoopProgram:
    """Cut each group into bodies that keep a core's units busy and its registers free."""
    phases = tuple(
        evolve(phase, shared=_split(phase.shared), tiled=_split(phase.tiled))
        for phase in loops.phases
    )
    return evolve(loops, phases=phases)


def _split(block: Sequence[Unit]) -> tuple[Unit, ...]:
    found: list[Unit] = []
    for unit in block:
        if isinstance(unit, LoopUnit):
            found.append(evolve(unit, body=_split(unit.body)))
        elif isinstance(unit, Group):
            found += [Group(body, unit.tiled) for body in bodies_of(unit.bundles)]
        else:
            found.append(unit)
    return tuple(found)


def bodies_of(bundles: Sequence[Bundle]) -> list[tuple[Bundle, ...]]:
    """Return bundles of one shape, in topological order, as the bodies of loops, in order."""
    heavy = sum(weight(bundle) >= HEAVY for bundle in bundles)
    if not heavy:
        return _runs(bundles)
    if heavy == 1 and sum(map(weight, bundles)) <= LONGEST_BODY:
        return [tuple(bundles)]
    plan = _Plan(bundles)
    plan.find_stages()
    plan.assign_loops()
    plan.spread_divisions()
    return plan.bodies()


def _runs(bundles: Sequence[Bundle]) -> list[tuple[Bundle, ...]]:
    """Return arithmetic in bodies that are not too long, cut where few numbers pass on."""
    passing = _passing(bundles)
    bodies: list[tuple[Bundle, ...]] = []
    first, left = 0, sum(map(weight, bundles))
    while first < len(bundles):
        stop = longest = _longest(bundles, first, left)
        if longest < len(bundles):
            places = range(max(first + 1, longest - LATITUDE), longest + 1)
            stop = min(places, key=lambda place: (passing[place], -place))
        bodies.append(tuple(bundles[first:stop]))
        left -= sum(map(weight, bodies[-1]))
        first = stop
    return bodies


def _longest(bundles: Sequence[Bundle], first: int, left: int) -> int:
    """Return where a body has to end that begins at `first`, with instructions `left` from there.

    It is shorter where it is a chain of steps.
    """
    length, chains = 0, dict[int, int]()
    for place in range(first, len(bundles)):
        bundle, more = bundles[place], weight(bundles[place])
        chain = more + max((chains.get(a.array, 0) for a in bundle.operands), default=0)
        most = LONGEST_BODY if chain <= LONGEST_CHAIN else LONGEST_OF_CHAINS
        if length and length + more > most and left - length > SHORT_REST:
            return place
        chains[bundle.result] = chain
        length += more
    return len(bundles)


def _passing(bundles: Sequence[Bundle]) -> list[int]:
    """Return for each place how many results of bundles before it are read from there on."""
    last = {access.array: at for at, bundle in enumerate(bundles) for access in bundle.operands}
    changes = [0] * (len(bundles) + 1)
    for at, bundle in enumerate(bundles):
        changes[at + 1] += 1
        changes[max(at, last.get(bundle.result, at)) + 1] -= 1
    return list(accumulate(changes))


Loop = tuple[int, int]
"""A stage, and the number of a loop of functions in it; 0 is the stage's arithmetic."""


@define
class _Plan:
    """The stage and the body of each bundle, by its place among `bundles`."""

    bundles: Sequence[Bundle]
    users: dict[int, list[int]] = field(factory=lambda: defaultdict(list))
    operands: dict[int, list[int]] = field(factory=dict)
    stage: dict[int, int] = field(factory=dict)
    loop: dict[int, Loop] = field(factory=dict)

    def heavy(self, place: int) -> bool:
        return weight(self.bundles[place]) >= HEAVY

    def find_stages(self) -> None:
        """Put functions as early as what they need allows, arithmetic as late as its users do."""
        makers: dict[int, int] = {}
        for place, bundle in enumerate(self.bundles):
            inside = [makers[a.array] for a in bundle.operands if a.array in makers]
            self.operands[place] = inside
            for operand in inside:
                self.users[operand].append(place)
            ready = [self.stage[operand] + self.heavy(operand) for operand in inside]
            self.stage[place] = max(ready, default=0)
            makers[bundle.result] = place
        last = max(self.stage.values())
        for place in reversed(range(len(self.bundles))):
            if not self.heavy(place):
                self.stage[place] = min((self.stage[u] for u in self.users[place]), default=last)

    def assign_loops(self) -> None:
        """Put functions of one number together, and with functions what they alone need."""
        self._place_functions()
        beside: dict[Loop, int] = defaultdict(int)
        for place in reversed(range(len(self.bundles))):
            if self.heavy(place):
                continue
            stage = self.stage[place]
            candidates = {self.loop[u] for u in self.users[place] if self.stage[u] == stage}
            loop = candidates.pop() if len(candidates) == 1 else (stage, 0)
            more = weight(self.bundles[place])
            if loop[1] and beside[loop] + more > MOST_BESIDE:
                loop = (stage, 0)
            beside[loop] += more
            self.loop[place] = loop

    def spread_divisions(self) -> None:
        """Move divisions from arithmetic to functions that leave the divider idle meanwhile.

        A core divides one vector at a time, beside its other work.
        """
        at_work: dict[Loop, int] = defaultdict(int)
        for place, bundle in enumerate(self.bundles):
            at_work[self.loop[place]] += divisions(bundle)
        bodies = sorted(loop for loop in at_work if loop[1])
        for place, bundle in enumerate(self.bundles):
            loop, more = self.loop[place], divisions(bundle)
            if not more or loop[1]:
                continue
            first = max((self.loop[x] for x in self.operands[place]), default=(0, 0))
            last = min((self.loop[x] for x in self.users[place]), default=loop)
            possible = [body for body in bodies if first <= body <= min(last, loop)]
            best = min(possible, key=lambda body: at_work[body], default=loop)
            if at_work[best] + more < at_work[loop]:
                at_work[loop] -= more
                at_work[best] += more
                self.loop[place] = best

    def _place_functions(self) -> None:
        roots = self._roots()
        found: dict[tuple[int, object], Loop] = {}
        length: dict[Loop, int] = defaultdict(int)
        numbers: dict[int, int] = defaultdict(int)
        for place, bundle in enumerate(self.bundles):
            if not self.heavy(place):
                continue
            stage, key = self.stage[place], frozenset(roots[r] for r in self._reads(bundle))
            loop = found.get((stage, key))
            if loop is None or length[loop] + weight(bundle) > MOST_SHARED:
                numbers[stage] += 1
                loop = found[stage, key] = (stage, numbers[stage])
            length[loop] += weight(bundle)
            self.loop[place] = loop

    def _roots(self) -> dict[Access, Access]:
        """Return for each number that is read the one that it is made of alone, if there is one."""
        roots: dict[Access, Access] = {}
        made: dict[int, Access] = {}
        for place, bundle in enumerate(self.bundles):
            for access in bundle.operands:
                roots.setdefault(access, made.get(access.array, access))
            one = {roots[access] for access in self._reads(bundle)}
            if len(one) == 1 and not self.heavy(place):
                made[bundle.result] = one.pop()
        return roots

    @staticmethod
    def _reads(bundle: Bundle) -> list[Access]:
        return [access for access in bundle.operands if access.array != CONSTS]

    def bodies(self) -> list[tuple[Bundle, ...]]:
        """Return the bodies, stage by stage: arithmetic, then functions."""
        members: dict[Loop, list[Bundle]] = defaultdict(list)
        for place, bundle in enumerate(self.bundles):
            members[self.loop[place]].append(bundle)
        found: list[tuple[Bundle, ...]] = []
        for loop in sorted(members):
            found += [tuple(members[loop])] if loop[1] else _runs(members[loop])
        return found

"""Decide what is written as bundles, loops and tapes, and in which order."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING

import attrs
import numpy as np

from mgcompile.graph.ir import INPUT, SUM_OVER_SAMPLES, applies, edge_owner, operand_table
from mgcore import ops

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mgcompile.reroll.isomorphism import IsomorphismClasses
    from mgcompile.reroll.loop_detect import Recurrence

    Numbers = NDArray[np.int64]

__all__ = ["Stage", "groups_after_sums", "partition"]

# A group smaller than this is irregular, if there are many of them.
SMALL_GROUP = 4
FEW_SMALL_GROUPS = 64
# A sum of so many terms is a loop of its own however few are like it, if there are not too many.
WIDE_SUM = 16
FEW_WIDE_SUMS = 256


@attrs.frozen(slots=True)
class Stage:
    """What to write next: groups as bundles, groups together as one tape, or a loop."""

    groups: tuple[int, ...] = ()
    irregular: bool = False
    loop: Recurrence | None = None


def partition(
    classes: IsomorphismClasses,
    regular: frozenset[int] = frozenset(),
    loops: Sequence[Recurrence] = (),
) -> list[Stage]:
    """Return the stages in order: each reads what earlier ones made.

    Small groups, when there are many, go to tapes: one for what differs from sample to sample, one
    for what does not, for each time that the graph alternates between regular and irregular parts.

    Args:
        classes: The groups.
        regular: Groups that become bundles however small they are.
        loops: Recurrences; one that something outside depends on and feeds is left out.
    """
    unit = np.arange(classes.count)
    for number, loop in enumerate(loops):
        for part in loop.body:
            unit[part.groups] = classes.count + number
    user, used = _unit_edges(classes, unit)
    order = _ordered(unit, user, used)
    if order is None:
        return partition(classes, regular, loops[:-1])
    size = np.diff(classes.start)
    small = (size < SMALL_GROUP) & (unit < classes.count)
    small[list(regular)] = False
    wide = small & _wide_sums(classes)
    if int(wide.sum()) <= FEW_WIDE_SUMS:
        small &= ~wide
    if int(small.sum()) <= FEW_SMALL_GROUPS:
        return [_stage(classes, loops, each) for each in order]
    kind = np.zeros(classes.count + len(loops), dtype=np.int64)
    edges = _by_user(order, user, used)
    kind[: classes.count] = np.where(small, 1 + _batched(classes, edges), 0)
    stage = _alternations(edges, kind)
    stages = []
    ranked = np.array(order, dtype=np.int64)
    for key in np.flatnonzero(np.bincount(stage[ranked] * 3 + kind[ranked])).tolist():
        chosen = ranked[(stage[ranked] == key // 3) & (kind[ranked] == key % 3)]
        if key % 3:
            stages.append(Stage(tuple(chosen.tolist()), irregular=True))
        else:
            stages += [_stage(classes, loops, each) for each in chosen.tolist()]
    return stages


def _wide_sums(classes: IsomorphismClasses) -> NDArray[np.bool_]:
    """Tell which groups are sums or dots of many terms: triangular products have one of each."""
    graph, first = classes.graph, classes.members[classes.start[:-1]]
    width = np.diff(graph.start)[first]
    terms = np.where(applies(graph, ops.dot)[first], width // 2, width)
    found: NDArray[np.bool_] = applies(graph, ops.sum, ops.dot)[first] & (terms >= WIDE_SUM)
    return found


def _stage(classes: IsomorphismClasses, loops: Sequence[Recurrence], unit: int) -> Stage:
    if unit < classes.count:
        return Stage((unit,))
    return Stage(loop=loops[unit - classes.count])


def _unit_edges(classes: IsomorphismClasses, unit: Numbers) -> tuple[Numbers, Numbers]:
    """Return the pairs (user, used) of units of which one reads the other, each once."""
    graph = classes.graph
    owner = edge_owner(graph.start)
    inner = (graph.code[graph.operand] >= 0) & (classes.group[owner] >= 0)
    user = unit[classes.group[owner[inner]]]
    used = unit[classes.group[graph.operand[inner]]]
    width = int(unit.max(initial=0)) + 1
    pair = np.sort(user[user != used] * width + used[user != used])
    pair = pair[np.diff(pair, prepend=-1) != 0]
    return pair // width, pair % width


def _ordered(unit: Numbers, user: Numbers, used: Numbers) -> list[int] | None:
    """Return the units, what is read first, lowest numbers first; None if they wait in a circle."""
    total = int(unit.max(initial=-1)) + 1
    present = np.flatnonzero(np.bincount(unit, minlength=total))
    if np.all(used < user):
        found: list[int] = present.tolist()
        return found
    waiting = np.bincount(user, minlength=total).tolist()
    by_used = np.argsort(used, kind="stable")
    users = user[by_used].tolist()
    first = np.searchsorted(used[by_used], np.arange(total + 1)).tolist()
    ready = [each for each in present.tolist() if not waiting[each]]
    heapq.heapify(ready)
    order = []
    while ready:
        each = heapq.heappop(ready)
        order.append(each)
        for other in users[first[each] : first[each + 1]]:
            waiting[other] -= 1
            if not waiting[other]:
                heapq.heappush(ready, other)
    return order if len(order) == len(present) else None


def _by_user(order: list[int], user: Numbers, used: Numbers) -> tuple[list[int], list[int]]:
    """Return users and used of all edges, in the order of the users."""
    if np.all(used < user):
        return user.tolist(), used.tolist()
    rank = np.zeros(max(order) + 1, dtype=np.int64)
    rank[order] = np.arange(len(order))
    sorting = np.argsort(rank[user], kind="stable")
    return user[sorting].tolist(), used[sorting].tolist()


def _batched(classes: IsomorphismClasses, edges: tuple[list[int], list[int]]) -> Numbers:
    """Tell, with 1, which groups depend on an input; a loop counts as if it did.

    What adds up over the samples depends on none.
    """
    graph = classes.graph
    summing = applies(graph, SUM_OVER_SAMPLES)[classes.members[classes.start[:-1]]].tolist()
    owner = edge_owner(graph.start)
    direct = classes.group[owner[graph.code[graph.operand] == INPUT]]
    found = bytearray(max(classes.count, *(max(ends, default=0) + 1 for ends in edges)))
    for group in np.unique(direct[direct >= 0]).tolist():
        found[group] = 1
    count = classes.count
    for one, other in zip(*edges, strict=True):
        if (found[other] or other >= count) and not (one < count and summing[one]):
            found[one] = 1
    return np.frombuffer(found, np.uint8)[: classes.count].astype(np.int64)


def _alternations(edges: tuple[list[int], list[int]], kind: Numbers) -> Numbers:
    """Return how often the kind changes, at most, on a way from the leaves to each unit."""
    kinds = kind.tolist()
    stage = [0] * len(kinds)
    for one, other in zip(*edges, strict=True):
        reached = stage[other] + (kinds[one] != kinds[other])
        if reached > stage[one]:
            stage[one] = reached
    return np.array(stage, dtype=np.int64)


def groups_after_sums(classes: IsomorphismClasses) -> frozenset[int]:
    """Return the groups of sums over the samples, and those that depend on one.

    They are no part of a tape: a loss can be cut into those of single samples where it depends on
    such sums by bundles.
    """
    graph = classes.graph
    sums = np.flatnonzero(applies(graph, SUM_OVER_SAMPLES))
    if not len(sums):
        return frozenset()
    found = set(classes.group[sums].tolist())
    few = set(found)
    for group in range(min(found) + 1, classes.count):
        read = classes.group[operand_table(graph, classes.nodes(group))]
        if not few.isdisjoint(read.ravel().tolist()):
            few.add(group)
    return frozenset(few if len(few - found) <= FEW_SMALL_GROUPS else found)

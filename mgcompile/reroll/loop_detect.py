"""Find repetition along depth: runs of levels that look alike, period after period.

The signatures of levels only propose a loop; it is accepted when every operand of every node is, in
all iterations alike, a node of the same iteration, the same node of the iteration before, or
something outside of the loop.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import attrs
import numpy as np

from mgcompile.graph.ir import SUM_OVER_SAMPLES, mixed, operand_table
from mgcompile.reroll.longer_period import longer_period
from mgcompile.reroll.partition import SMALL_GROUP
from mgcompile.reroll.periods import FEWEST_ITERATIONS, periodic_spans, span_of
from mgcompile.support.csr import places_within

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mgcompile.reroll.isomorphism import IsomorphismClasses

    Numbers = NDArray[np.int64]
    Mask = NDArray[np.bool_]

__all__ = ["BodyGroup", "Recurrence", "body_places", "detect_recurrences", "initial_nodes"]

_MOST_LOOPS = 32
_LONG_PERIOD = 100
_MOST_CANDIDATES = 12
_REFINEMENTS = 2
_TIMES_LONGER = 1.5


@attrs.frozen(slots=True, eq=False)
class BodyGroup:
    """A group of every iteration, or one member of a small group.

    Args:
        groups: Group number of each iteration, shape (count,).
        nodes: Members, shape (count, m).
        table: Operands, shape (count, m, width).
        before: Which columns read the iteration before, shape (m, width).
    """

    groups: Numbers
    nodes: Numbers
    table: Numbers
    before: Mask


@attrs.frozen(slots=True, eq=False)
class Recurrence:
    """A loop: the groups of its body, in order.

    `initial` has, for each group of the body that the next iteration reads, the nodes that the
    first iteration reads in its place.
    """

    count: int
    body: tuple[BodyGroup, ...]
    initial: dict[int, Numbers]


def detect_recurrences(classes: IsomorphismClasses) -> list[Recurrence]:
    """Return the loops of a graph, those of most levels first."""
    if classes.count < 2 * FEWEST_ITERATIONS:
        return []
    signature = _signatures(classes)
    bounds = np.searchsorted(classes.group_level, np.arange(1, int(classes.group_level[-1]) + 2))
    with np.errstate(over="ignore"):
        of_level = np.add.reduceat(mixed(signature), bounds[:-1])
    found: list[Recurrence] = []
    spans = [(0, len(of_level))]
    while spans and len(found) < _MOST_LOOPS:
        low, high = spans.pop()
        if high - low < FEWEST_ITERATIONS:
            continue
        run = _longest_run(of_level[low:high])
        if run is None:
            continue
        first, period, count = _not_within_a_loop(of_level[low:high], *run)
        loop, taken = _accepted(classes, signature, bounds, low + first, period, count, (low, high))
        if loop is None and (inside := _inner_runs(of_level, low + first, period, count)):
            spans += list(pairwise([low, *inside, high]))
            continue
        if loop is not None:
            found.append(loop)
        begin, end = taken
        spans += [(low, begin), (end, high)]
    return found


def _inner_runs(levels: Numbers, first: int, period: int, count: int) -> list[int] | None:
    """Return where to cut `count` periods that are no loop to find those within each, if any.

    Args:
        levels: Hashes of all levels.
        first: The level at which the first period begins.
        period: Number of levels in a period.
        count: Of periods.
    """
    if period < _LONG_PERIOD or count > _MOST_LOOPS:
        return None
    inner = _longest_run(levels[first : first + 2 * period])
    if inner is None or inner[1] >= period:
        return None
    return [first + inner[0] % period + k * period for k in range(count)]


def _not_within_a_loop(
    levels: Numbers, first: int, period: int, count: int
) -> tuple[int, int, int]:
    """Return a run of long periods so that each begins with a loop inside of it, if it has one.

    Otherwise that would be cut, into the end of one iteration and the beginning of the next.
    """
    inner = _longest_run(levels[first : first + 2 * period]) if period >= _LONG_PERIOD else None
    if inner is None or inner[1] >= period:
        return first, period, count
    later = (inner[0] - _REFINEMENTS) % period  # where it starts it looks different
    _, end = span_of(levels, first, period)
    times = (end - first - later) // period
    return (first + later, period, times) if times >= FEWEST_ITERATIONS else (first, period, count)


def _signatures(classes: IsomorphismClasses, refinements: int = _REFINEMENTS) -> Numbers:
    """Return a hash of each group: op, size, and what it reads, some steps down."""
    graph = classes.graph
    first = classes.members[classes.start[:-1]]
    width = graph.start[first + 1] - graph.start[first]
    slot = places_within(width)
    operand = graph.operand[np.repeat(graph.start[first], width) + slot]
    source = classes.group[operand]
    size = np.diff(classes.start)
    own = mixed(graph.code[first] * 1_000_003 + width * 8_191 + size)
    leaf = mixed(graph.code[operand] - 17)
    starts = np.cumsum(width) - width
    found = own
    with np.errstate(over="ignore"):
        for _ in range(refinements):
            read = np.where(source >= 0, found[source], leaf)
            found = mixed(own + np.add.reduceat(mixed(read + slot * 7_919), starts))
    return found


def _longest_run(levels: Numbers) -> tuple[int, int, int] | None:
    """Return `(first level, period, iterations)` of the longest repetition, if there is one."""
    best: tuple[int, int, int] | None = None
    length = len(levels)
    for at in (length // 2, (3 * length) // 4, length // 4):
        same = np.flatnonzero(levels[:at] == levels[at])[::-1][:_MOST_CANDIDATES]
        for period in (at - same).tolist():
            low, high = span_of(levels, at - period, period)
            count = (high - low) // period
            if count < FEWEST_ITERATIONS:
                continue
            if best is None or count * period > best[1] * best[2] + best[1]:
                best = (low, period, count)
            break
    covered = best[1] * best[2] if best else 0
    if _TIMES_LONGER * covered < length:
        for low, high, period in periodic_spans(levels)[:1]:
            if high - low > _TIMES_LONGER * covered:  # a loop around the one that was found
                return low, period, (high - low) // period
    return best


def _accepted(
    classes: IsomorphismClasses,
    signature: Numbers,
    bounds: Numbers,
    first: int,
    period: int,
    count: int,
    within: tuple[int, int],
) -> tuple[Recurrence | None, tuple[int, int]]:
    """Return the loop if it is one, dropping iterations at the start where it is not yet.

    Only levels `within` are its own. Also returns the levels that it takes.
    """
    taken = (first, first + period * count)
    longer: tuple[int, int, int] | None = None
    while count >= FEWEST_ITERATIONS:
        groups = _body_groups(classes, signature, bounds, first, period, count)
        if groups is not None:
            loop = _recurrence(classes, groups)
            if loop is not None:
                return _from_the_start(classes, bounds, loop, (first, period), within)
            if longer is None and (longer := longer_period(classes, groups)) is not None:
                begin, times, outer = longer
                found = _accepted(
                    classes,
                    signature,
                    bounds,
                    first + begin * period,
                    times * period,
                    outer,
                    within,
                )
                if found[0] is not None:
                    return found
        skipped = max(1, count // 16)
        first += period * skipped
        count -= skipped
    return None, taken


def _recurrence(classes: IsomorphismClasses, groups: Numbers) -> Recurrence | None:
    """Return the loop of these groups, shape (count, groups of the body), if they make one."""
    body = _checked(classes, groups)
    initial = None if body is None else initial_nodes(classes, body)
    return None if body is None or initial is None else Recurrence(len(groups), body, initial)


def _from_the_start(
    classes: IsomorphismClasses,
    bounds: Numbers,
    loop: Recurrence,
    where: tuple[int, int],
    within: tuple[int, int],
) -> tuple[Recurrence, tuple[int, int]]:
    """Return the loop with the iterations before it that belong to it, and the levels it takes.

    The first ones look different some steps down, where they read what the loop starts from.
    """
    (first, period), (low, high) = where, within
    plain = _signatures(classes, refinements=0)
    begins = [first - more * period for more in range(_REFINEMENTS, 0, -1)]
    if period >= _LONG_PERIOD:  # there may be the beginning of an inner loop before it
        begins += range(first - _REFINEMENTS, first)
    for begin in begins:
        count = loop.count + -(-(first - begin) // period)
        if (first - begin) % period and begin + count * period > high:
            count = loop.count
        if begin < low:
            continue
        groups = _body_groups(classes, plain, bounds, begin, period, count)
        longer = None if groups is None else _recurrence(classes, groups)
        if longer is not None and len(longer.body) == len(loop.body):
            return longer, (begin, begin + period * count)
    return loop, (first, first + period * loop.count)


def _body_groups(
    classes: IsomorphismClasses,
    signature: Numbers,
    bounds: Numbers,
    first: int,
    period: int,
    count: int,
) -> Numbers | None:
    """Return the groups of each iteration, shape (count, groups of the body), in one order."""
    low, high = int(bounds[first]), int(bounds[first + period * count])
    groups = np.arange(low, high)
    if len(groups) % count:
        return None
    level = classes.group_level[groups]
    order = np.lexsort((groups, signature[groups], level))
    table = groups[order].reshape(count, -1)
    if np.any(signature[table] != signature[table[:1]]):
        return None
    return table


def _checked(classes: IsomorphismClasses, groups: Numbers) -> tuple[BodyGroup, ...] | None:
    """Return the body if every operand is of one kind in all iterations."""
    count, width = groups.shape
    if _sums_over_samples(classes, groups[0]):
        return None
    sizes = np.diff(classes.start)[groups]
    if np.any(sizes != sizes[:1]):
        return None
    iteration = np.full(classes.count + 1, -1, dtype=np.int64)
    column = np.full(classes.count + 1, -1, dtype=np.int64)
    iteration[groups] = np.arange(count)[:, None]
    column[groups] = np.arange(width)[None, :]
    body: dict[int, BodyGroup] = {}
    for chosen in _alike_wide(classes, groups[0], sizes[0]):
        start = classes.start[groups[:, chosen]]
        nodes = classes.members[start[:, :, None] + np.arange(int(sizes[0, chosen[0]]))]
        table = operand_table(classes.graph, nodes)
        before = _read_before(classes, table, iteration, column)
        if before is None:
            return None
        for at, j in enumerate(chosen.tolist()):
            body[j] = BodyGroup(groups[:, j], nodes[:, at], table[:, at], before[at])
    return _split(classes, [body[j] for j in range(width)])


def _alike_wide(classes: IsomorphismClasses, groups: Numbers, sizes: Numbers) -> list[Numbers]:
    """Return the places of groups that have equally many members, and these as many operands."""
    first = classes.members[classes.start[groups]]
    operands = classes.graph.start[first + 1] - classes.graph.start[first]
    kinds = np.stack([sizes, operands], axis=1)
    kind = np.unique(kinds, axis=0, return_inverse=True)[1].ravel()
    return np.split(np.argsort(kind, kind="stable"), np.cumsum(np.bincount(kind))[:-1])


def _read_before(
    classes: IsomorphismClasses, table: Numbers, iteration: Numbers, column: Numbers
) -> Mask | None:
    """Tell which operands are of the iteration before; None if one is not the same in all.

    Args:
        classes: The groups.
        table: Operands, the iterations along its first axis.
        iteration: Of each group, -1 of those outside and of leaves.
        column: The place of each group in the body, likewise.
    """
    k = np.arange(len(table)).reshape(-1, *[1] * (table.ndim - 1))
    source = classes.group[table]
    when = np.where(source >= 0, iteration[source], -1)
    where = np.where(source >= 0, column[source], -1)
    place = classes.place[table]
    inside = when >= 0
    now = np.all(inside & (when == k), axis=0)
    before: Mask = np.all(inside[1:] & (when[1:] == k[1:] - 1), axis=0) & ~inside[0]
    outside = np.all(~inside, axis=0)
    if not np.all(now | before | outside):
        return None
    fixed = (where[1:] == where[1:2]) & (place[1:] == place[1:2])
    if not np.all(np.all(fixed, axis=0) | outside):
        return None
    if np.any(now & ((where[0] != where[1]) | (place[0] != place[1]))):
        return None
    return before


def _sums_over_samples(classes: IsomorphismClasses, groups: Numbers) -> bool:
    """Tell whether one of the groups adds up over the samples, which no loop can do."""
    graph = classes.graph
    code = graph.code[classes.members[classes.start[groups]]]
    return any(graph.ops[each] is SUM_OVER_SAMPLES for each in np.unique(code).tolist())


def _split(classes: IsomorphismClasses, body: list[BodyGroup]) -> tuple[BodyGroup, ...]:
    """Make single nodes of small groups: they then live in registers, not in an array.

    Not when the members of a larger group read different members of the small one.
    """
    whole = set()
    for part in body:
        if part.nodes.shape[1] < SMALL_GROUP:
            continue
        place = classes.place[part.table[1]]
        varied = np.any(place != place[:1], axis=0)
        whole |= set(classes.group[part.table[1][:, varied]].ravel().tolist())
        whole |= set(classes.group[part.table[0][:, varied]].ravel().tolist())
    singles: list[BodyGroup] = []
    for part in body:
        members = part.nodes.shape[1]
        if members >= SMALL_GROUP or whole & set(part.groups[:2].tolist()):
            singles.append(part)
            continue
        singles += [
            BodyGroup(
                part.groups, part.nodes[:, i : i + 1], part.table[:, i : i + 1],
                part.before[i : i + 1],
            )
            for i in range(members)
        ]  # fmt: skip
    return tuple(singles)


def body_places(
    classes: IsomorphismClasses, body: tuple[BodyGroup, ...]
) -> tuple[Numbers, Numbers]:
    """Return for every node its number in the body, -1 outside, and its place in that group."""
    column = np.full(len(classes.graph.code), -1, dtype=np.int64)
    place = np.zeros(len(classes.graph.code), dtype=np.int64)
    for j, part in enumerate(body):
        column[part.nodes] = j
        place[part.nodes] = np.arange(part.nodes.shape[1])
    return column, place


def initial_nodes(
    classes: IsomorphismClasses, body: tuple[BodyGroup, ...]
) -> dict[int, Numbers] | None:
    """Return what the first iteration reads instead of an iteration before it.

    None if it reads two different nodes where later iterations read one.
    """
    column, position = body_places(classes, body)
    read = np.concatenate([part.table[1][part.before] for part in body])
    begun = np.concatenate([part.table[0][part.before] for part in body])
    counts = [int(np.count_nonzero(part.before)) for part in body]
    where = column[read]
    size = np.array([part.nodes.shape[1] for part in body])
    first = np.cumsum(size) - size
    nodes = np.full(int(size.sum()), -1, dtype=np.int64)
    nodes[first[where] + position[read]] = begun
    if np.any(nodes[first[where] + position[read]] != begun):
        return None
    reader = np.repeat(np.arange(len(body)), counts)
    groups, earliest = np.unique(where, return_index=True)
    found: dict[int, Numbers] = {}
    for j in groups[np.lexsort((groups, reader[earliest]))].tolist():
        own = found[j] = nodes[first[j] : first[j] + size[j]]
        own[own < 0] = own[own >= 0][0]
    return found

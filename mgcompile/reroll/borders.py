"""Find the loops of rows whose cells differ near a border, as those of exact classes are not.

The class of a node is that of the whole graph below it. Where cells at a border are made in another
way, or read something else, every step carries the difference one cell further inwards, until no
two cells are of one class. So where exact classes leave many groups, nodes are grouped by what can
be seen from near: the ops that they read and that read them, and the turn in which they are
computed when many that look alike wait for each other. The groups are taken if they repeat along
depth and are far fewer. A member may read something else than the others: that is collected when
the group is written (see `halo.py`), and what looks different is a small group of its own.
"""

from __future__ import annotations

from collections import Counter
from operator import eq
from typing import TYPE_CHECKING

import attrs
import numpy as np

from mgcompile.graph.ir import CONST, INPUT, PARAM, applies, mixed
from mgcompile.reroll.emit_tape import edges_of
from mgcompile.reroll.isomorphism import grouped
from mgcompile.reroll.loop_detect import detect_recurrences
from mgcompile.reroll.partition import FEW_SMALL_GROUPS, SMALL_GROUP
from mgcompile.support.csr import places_within, starts
from mgcore import ops

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from mgcompile.graph.ir import Graph
    from mgcompile.reroll.isomorphism import IsomorphismClasses
    from mgcompile.reroll.loop_detect import Recurrence

    Numbers = NDArray[np.int64]
    Mask = NDArray[np.bool_]

__all__ = ["merge_at_borders"]

_FEWEST_A_LEVEL = 4
"""Nodes of a level, on average, below which no row of cells is looked for."""

_MOST_A_LEVEL = 8
"""Groups of a level, on average, above which they may be parts of one row."""

_BETWEEN = 1 << 20
"""Places between two turns for what is made at a border."""

_FIRST_TURNS = 100
_FEWEST_A_TURN = 3
"""Nodes of a turn, on average, below which there are no rows."""

_MOST_FORMS = 200

_ALIKE = 0.75
"""How alike forms have to be to go together: from 0 to 1 below, and the same above."""

_NEARLY_THE_SAME = 1.7
"""How alike forms have to be to go together if neither is seldom."""

_AS_GOOD = 0.35
"""Forms that are this little less alike than the best one may be joined as well."""

_SELDOM = 4
"""A form that is this many times more seldom than another may go with it."""

_STRANGE = 6
"""Members of a group, as a fraction of all, that may read something else than the others."""


def merge_at_borders(
    classes: IsomorphismClasses, written: Graph, loops: Sequence[Recurrence] = ()
) -> tuple[IsomorphismClasses, list[Recurrence]] | None:
    """Return the groups with those merged that differ near a border only, and their loops, or None.

    Members of a group are in the order of a walk from the roots, or if that makes no loop as they
    were recorded.

    Args:
        classes: Exact groups.
        written: The graph with operands in the order in which they were recorded.
        loops: What has been found of loops in these.
    """
    small = np.diff(classes.start) < SMALL_GROUP
    for loop in loops:
        for part in loop.body:
            small[part.groups] = False
    levels = int(np.count_nonzero(np.bincount(classes.group_level)))
    many = int(small.sum()) > FEW_SMALL_GROUPS or classes.count > _MOST_A_LEVEL * levels
    if not many or len(classes.members) < _FEWEST_A_LEVEL * levels:
        return None
    rows = _Rows.of(classes, written)
    forms = _forms(rows)
    turn = None if forms is None else _turns(rows, forms)
    if turn is None:
        return None
    level = _sunk(rows, turn * _BETWEEN, np.bincount(turn)[turn] < SMALL_GROUP)
    for position in (_positions, _recorded):
        found = grouped(
            written,
            rows.spread(np.unique(level, return_inverse=True)[1] + 1, 0),
            rows.spread(_numbered(level, rows.code * (int(rows.width.max()) + 1) + rows.width), 0),
            rows.spread(position(rows), -1),
        )
        repeated = detect_recurrences(found)
        inside = sum(part.nodes.size for loop in repeated for part in loop.body)
        fewer = 2 * _statements(found, repeated) <= _statements(classes, loops)
        if fewer and 2 * inside > len(rows.nodes) and all(_is_alike(found, x) for x in repeated):
            return found, repeated
    return None


def _statements(classes: IsomorphismClasses, loops: Sequence[Recurrence]) -> int:
    """Return how many groups there are to write, those of a loop once."""
    bodies = [len({int(part.groups[0]) for part in loop.body}) for loop in loops]
    again = sum((loop.count - 1) * body for loop, body in zip(loops, bodies, strict=True))
    return classes.count - again


@attrs.frozen(slots=True, eq=False)
class _Rows:
    """The nodes of ops, operands first, and what they read, one node after the other.

    Args:
        graph: The graph.
        nodes: Shape (m,).
        bounds: Where each level begins in `nodes`, and where the last one ends.
        width: Number of operands of each, shape (m,).
        begin: Where the operands of each begin in `reads`, shape (m + 1,).
        reads: The operands as places in `nodes`; leaves have their negative codes.
        used_from: Where the users of each begin in `users`, shape (m + 1,).
        users: Places of the nodes that read each, once for each time that they do.
    """

    graph: Graph
    nodes: Numbers
    bounds: list[int]
    width: Numbers
    begin: Numbers
    reads: Numbers
    used_from: Numbers
    users: Numbers

    @classmethod
    def of(cls, classes: IsomorphismClasses, graph: Graph) -> _Rows:
        """Return the nodes of some groups, level by level."""
        level = np.repeat(classes.group_level, np.diff(classes.start))
        nodes = classes.members[np.argsort(level, kind="stable")]
        operand, width = edges_of(graph, nodes)
        place = graph.code.copy()
        place[nodes] = np.arange(len(nodes))
        bounds = starts(np.bincount(level)).tolist()
        reads = place[operand]
        inner = np.flatnonzero(reads >= 0)
        inner = inner[np.argsort(reads[inner], kind="stable")]
        used_from = starts(np.bincount(reads[inner], minlength=len(nodes)))
        users = np.repeat(np.arange(len(nodes)), width)[inner]
        return cls(graph, nodes, bounds, width, starts(width), reads, used_from, users)

    @property
    def code(self) -> Numbers:
        """The op of each node."""
        return self.graph.code[self.nodes]

    def spread(self, numbers: Numbers, others: int) -> Numbers:
        """Return numbers of these nodes as one for each node of the graph."""
        found = np.full(len(self.graph.code), others, dtype=np.int64)
        found[self.nodes] = numbers
        return found


@attrs.frozen(slots=True, eq=False)
class _Forms:
    """What nodes look like from near: their op, the ops that they read, and those that read them.

    Args:
        of: The number of each node's form, shape (m,).
        early: Which forms never come in numbers, nor do those that they are like.
        goes_with: Of each form, if it is seldom, the frequent ones that it is most like.
    """

    of: Numbers
    early: list[bool]
    goes_with: list[set[int]]


def _forms(rows: _Rows) -> _Forms | None:
    """Return the forms of nodes; None if there are too many for rows of cells.

    A form that is seldom there goes with the frequent ones that are most like it.
    """
    graph, codes = rows.graph, rows.code
    exponent = np.zeros(len(codes))  # a power's class depends on it, where it is a constant
    powers = np.flatnonzero(applies(graph, ops.pow)[rows.nodes])
    second = graph.operand[graph.start[rows.nodes[powers]] + 1]
    exponent[powers] = np.where(graph.code[second] == CONST, graph.value[second], np.nan)
    below = np.append(codes, [PARAM, CONST, INPUT])[rows.reads]
    hashed = mixed(below * 1_000_003 + places_within(rows.width) * 7_919)
    above = np.zeros(len(codes) + 3, dtype=np.int64)  # the last three are those of leaves
    with np.errstate(over="ignore"):
        hashed = np.add.reduceat(hashed, rows.begin[:-1])
        np.add.at(above, rows.reads, mixed(np.repeat(codes, rows.width) + 1))
    head = mixed(codes * 1_000_003 + rows.width) ^ exponent.view(np.int64)
    seen = mixed(hashed ^ mixed(above[:-3] ^ mixed(head)))
    _, first, form, count = np.unique(
        seen, return_index=True, return_inverse=True, return_counts=True
    )
    if len(count) > _MOST_FORMS:
        return None
    goes_with = _goes_with(rows, below, head[first], first, count)
    level = np.repeat(np.arange(len(rows.bounds) - 1), np.diff(rows.bounds))
    pair, size = np.unique(form * len(rows.bounds) + level, return_counts=True)
    most = np.zeros(len(count), dtype=np.int64)
    np.maximum.at(most, pair // len(rows.bounds), size)
    small = (most < SMALL_GROUP).tolist()
    early = [all(small[x] for x in (form, *others)) for form, others in enumerate(goes_with)]
    return _Forms(form, early, goes_with)


def _numbered(*columns: Numbers) -> Numbers:
    """Return one number for each node: equal where all columns are."""
    found = np.zeros(len(columns[0]), dtype=np.int64)
    for column in columns:
        number = np.unique(column, return_inverse=True)[1]
        found = np.unique(found * (int(number.max()) + 1) + number, return_inverse=True)[1]
    return found


def _goes_with(
    rows: _Rows, below: Numbers, head: Numbers, node: Numbers, count: Numbers
) -> list[set[int]]:
    """Return for each form the more frequent ones that it is most like, if there are any.

    Args:
        rows: The nodes.
        below: The op of each operand.
        head: Of each form the op and width, as a number.
        node: One node of each form.
        count: How many nodes there are of each form.
    """
    found: list[set[int]] = [set() for _ in range(len(head))]
    read = [below[rows.begin[x] : rows.begin[x + 1]].tolist() for x in node.tolist()]
    codes, begin = rows.code, rows.used_from
    users = [Counter(codes[rows.users[begin[x] : begin[x + 1]]].tolist()) for x in node.tolist()]
    order = np.lexsort((np.arange(len(count)), -count)).tolist()
    for rank, form in enumerate(order):
        alike = {
            x: _equal(read[form], read[x]) + _shared(users[form], users[x])
            for x in order[:rank]
            if head[x] == head[form]
        }
        alike = {
            x: how
            for x, how in alike.items()
            if how >= _NEARLY_THE_SAME or count[x] > _SELDOM * count[form]
        }
        least = max(_ALIKE, max(alike.values(), default=0.0) - _AS_GOOD)
        for other, how in alike.items():
            if how >= least:
                found[form] |= found[other] or {other}
    return found


def _equal(one: list[int], other: list[int]) -> float:
    """Return which part of two lists of one length is the same, place by place."""
    return float(sum(map(eq, one, other))) / len(one)


def _shared(one: Counter[int], other: Counter[int]) -> float:
    """Return which part two bags have in common."""
    return (one & other).total() / max((one | other).total(), 1)


def _turns(rows: _Rows, forms: _Forms) -> Numbers | None:
    """Return when each node is computed, if many nodes of one form are computed at a time.

    Of the forms that have what they read, the one with most nodes is the next: a few cells near a
    border that could be early wait for others like them. What never comes in numbers goes first.
    """
    waiting = np.bincount(rows.users, minlength=len(rows.nodes))
    begin = rows.used_from
    when = np.zeros(len(rows.nodes), dtype=np.int64)
    ready: dict[int, list[Numbers]] = {}
    count: dict[int, int] = {}
    fresh, turn, done = np.flatnonzero(waiting == 0), 0, 0
    while True:
        for form, nodes in _by_form(forms.of, fresh):
            ready.setdefault(form, []).append(nodes)
            count[form] = count.get(form, 0) + len(nodes)
        if not ready:
            return when
        chosen = max(
            ready, key=lambda form: (forms.early[form], not forms.goes_with[form], count[form])
        )
        with_it = forms.goes_with[chosen] or {chosen}
        parts = [*ready.pop(chosen)]
        for form in [x for x in ready if not with_it.isdisjoint(forms.goes_with[x])]:
            parts += ready.pop(form)
            count[form] = 0
        count[chosen] = 0
        nodes = parts[0] if len(parts) == 1 else np.concatenate(parts)
        turn += 1
        done += len(nodes)
        if turn > _FIRST_TURNS and done < turn * _FEWEST_A_TURN:
            return None
        when[nodes] = turn
        width = begin[nodes + 1] - begin[nodes]
        reached = rows.users[np.repeat(begin[nodes], width) + places_within(width)]
        np.subtract.at(waiting, reached, 1)
        fresh = np.unique(reached[waiting[reached] == 0])


def _by_form(form: Numbers, nodes: Numbers) -> Iterator[tuple[int, Numbers]]:
    """Yield nodes form by form."""
    if not len(nodes):
        return
    those = form[nodes]
    if np.all(those == those[0]):
        yield int(those[0]), nodes
        return
    order = np.argsort(those, kind="stable")
    cuts = np.flatnonzero(np.diff(those[order])) + 1
    for part in np.split(nodes[order], cuts):
        yield int(form[part[0]]), part


def _sunk(rows: _Rows, level: Numbers, rare: Mask) -> Numbers:
    """Return the levels with rare nodes as late as what reads them lets them be.

    So what is made at a border has its place beside the cells that read it, in each step alike.
    """
    found, users, begin = level.tolist(), rows.users.tolist(), rows.used_from.tolist()
    for node in np.flatnonzero(rare)[::-1].tolist():
        if begin[node] < begin[node + 1]:
            found[node] = min(found[x] for x in users[begin[node] : begin[node + 1]]) - 1
    return np.array(found, dtype=np.int64)


def _positions(rows: _Rows) -> Numbers:
    """Number the nodes from the roots down, operand by operand."""
    place = np.full(len(rows.graph.code), -1, dtype=np.int64)
    place[rows.nodes] = np.arange(len(rows.nodes))
    fresh = place[rows.graph.roots]
    found = np.full(len(rows.nodes), -1, dtype=np.int64)
    done = 0
    while True:
        fresh = fresh[fresh >= 0]
        fresh = fresh[found[fresh] < 0]
        fresh = fresh[np.sort(np.unique(fresh, return_index=True)[1])]
        if not len(fresh):
            return found
        found[fresh] = done + np.arange(len(fresh))
        done += len(fresh)
        width = rows.width[fresh]
        fresh = rows.reads[np.repeat(rows.begin[fresh], width) + places_within(width)]


def _recorded(rows: _Rows) -> Numbers:
    """Number the nodes as they stand in the graph: in a loop that was recorded, each step alike.

    A walk from the roots comes to cells sooner the nearer they are to a border that is made of
    few nodes, so that their order changes from step to step.
    """
    return rows.nodes


def _is_alike(classes: IsomorphismClasses, loop: Recurrence) -> bool:
    """Tell whether nearly all members of a loop's groups read, operand by operand, one group."""
    usual = total = 0
    for part in loop.body:
        if part.nodes.shape[1] < SMALL_GROUP:
            continue
        source = classes.group[part.table[1]]
        for column in source.T:
            usual += int(np.unique(column, return_counts=True)[1].max())
        total += source.size
    return _STRANGE * usual >= (_STRANGE - 1) * total

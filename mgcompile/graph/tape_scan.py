"""Record a loop on a tape: its step once, and as many copies of it as there are steps.

The copies are made on whole arrays. Re-rolling finds the loop again, as it finds those that nobody
named; whatever is known of graphs (checks, derivatives, reports) holds for it without a word more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from mgcompile.graph.ir import CONST
from mgcompile.graph.tape import NONE, RECORD, Symbol
from mgcore.nest import flatten, unflatten
from mgcore.scan import stepped, xs_of_one_form

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mgcompile.graph.tape import Tape
    from mgcore.scan import Step

    Numbers = NDArray[np.int64]

__all__ = ["record_scan"]


@attrs.frozen(slots=True, eq=False)
class _Body:
    """The step of a loop as it was recorded, and where its copies go.

    Args:
        first: Place of its placeholders: the carry, then one x; `table` says what they stand for.
        inner: Place of its first node after them.
        nodes: Its nodes, shape (n, RECORD).
        many: Operands of its nodes that have more than two.
        table: What each placeholder is at each step, shape (steps, placeholders).
    """

    first: int
    inner: int
    nodes: Numbers
    many: Numbers
    table: Numbers

    def at_each_step(self, places: Numbers) -> Numbers:
        """Return what places in the recorded step are in each copy; shape (steps, *)."""
        step = np.arange(len(self.table))[:, None]
        moved = places - self.inner + self.first + step * self.nodes.size
        found: Numbers = np.where(places < self.first, places, moved)
        held = (places >= self.first) & (places < self.inner)
        found[:, held] = self.table[:, (places[held] - self.first) // RECORD]
        return found


def record_scan(
    tape: Tape, f: Step, init: Any, xs: Sequence[Any] | None, steps: int
) -> tuple[Any, list[Any]]:
    """Record a scan over symbols of a tape, Values and numbers; see `mgcore.scan`."""
    carry, form = flatten(init)
    rows, x_form = xs_of_one_form(xs, steps)
    if steps == 0:
        return init, []
    start = np.array([tape.place_of(x) for x in carry], dtype=np.int64)
    given = np.array([[tape.place_of(x) for x in row] for row in rows], dtype=np.int64)
    first, first_many = len(tape), len(tape.many)
    held = [tape.symbol(tape.append_node(CONST, 0, NONE)) for _ in (*carry, *rows[0])]
    inner = len(tape)
    out, y = stepped(
        f, unflatten(held[: len(carry)], form), unflatten(held[len(carry) :], x_form), form
    )
    ends = np.array([tape.place_of(x) for x in flatten(out)[0]], dtype=np.int64)
    leaves, y_form = flatten(y)
    nodes = np.array(tape[inner:], dtype=np.int64).reshape(-1, RECORD)
    many = np.array(tape.many[first_many:], dtype=np.int64)
    tape.forget(first)
    del tape.many[first_many:]
    body = _Body(first, inner, nodes, many, np.zeros((steps, len(held)), dtype=np.int64))
    body.table[:, len(carry) :] = given
    _carry_on(body, start, ends)
    _append(tape, body)

    def symbols(leaves: list[Any]) -> list[list[Any]]:
        """Return what leaves of the recorded step are after each step."""
        places = np.array([x.place if isinstance(x, Symbol) else 0 for x in leaves], dtype=np.int64)
        return [
            [
                tape.symbol(at) if isinstance(x, Symbol) else x
                for x, at in zip(leaves, row, strict=True)
            ]
            for row in body.at_each_step(places).tolist()
        ]

    last = body.at_each_step(ends)[-1].tolist()
    ys = [unflatten(row, y_form) for row in symbols(leaves)]
    return unflatten([tape.symbol(place) for place in last], form), ys


def _carry_on(body: _Body, start: Numbers, ends: Numbers) -> None:
    """Fill in what the carry is at each step: first `start`, then what the step before gave."""
    count, table = len(start), body.table
    table[0, :count] = start
    computed = (ends < body.first) | (ends >= body.inner)
    table[1:, :count][:, computed] = body.at_each_step(ends[computed])[:-1]
    handed = np.flatnonzero(~computed).tolist()  # a carry that is an x, or one that was before
    sources = ((ends - body.first) // RECORD).tolist()
    for step in range(1, len(table)) if handed else ():
        for place in handed:
            table[step, place] = table[step - 1, sources[place]]


def _append(tape: Tape, body: _Body) -> None:
    steps, (code, first, second) = len(body.table), body.nodes.T
    copies = np.broadcast_to(body.nodes, (steps, *body.nodes.shape)).copy()
    takes = (code >= 0) & (second >= NONE)
    copies[:, takes, 1] = body.at_each_step(first[takes])
    both = (code >= 0) & (second >= 0)
    copies[:, both, 2] = body.at_each_step(second[both])
    wide = (code >= 0) & (second < NONE)
    copies[:, wide, 1] += np.arange(steps)[:, None] * len(body.many)
    tape.extend(copies.ravel().tolist())
    tape.many += body.at_each_step(body.many).ravel().tolist()

"""Record a loop on a tape: its step once, and as many copies of it as there are steps.

The copies are made on whole arrays. Re-rolling finds the loop again, as it finds those that nobody
named; whatever is known of graphs (checks, derivatives, reports) holds for it without a word more.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from mgcompile.graph.records import Nodes, numbered
from mgcompile.graph.tape import Symbol
from mgcore.nest import flatten, unflatten
from mgcore.scan import stepped, xs_of_one_form

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mgcompile.graph.records import Numbered
    from mgcompile.graph.tape import Tape
    from mgcore.scan import Step

    Numbers = NDArray[np.int64]

__all__ = ["record_scan"]


@attrs.frozen(slots=True, eq=False)
class _Loop:
    """The step of a loop, and what stands for its leaves in each copy of it.

    Args:
        step: The nodes of the step. Its leaves are the carry, one x, and what else it reads.
        outside: How many leaves the loop has: the first carry, all xs, and what else is read.
        table: What each leaf of the step is at each step, shape (steps, leaves).
    """

    step: Nodes
    outside: int
    table: Numbers

    def at_each_step(self, numbers: Numbers) -> Numbers:
        """Return what numbers in the step are in each copy; shape (steps, *)."""
        steps, leaves = self.table.shape
        later = np.arange(steps - 1, -1, -1)[:, None]  # the last step comes first
        moved = numbers - leaves + self.outside + later * len(self.step.code)
        read = self.table.take(numbers, axis=1, mode="clip")
        return np.where(numbers < leaves, read, moved)

    def nodes(self) -> Nodes:
        """Return the nodes of all copies."""
        steps = len(self.table)
        return Nodes(
            np.tile(self.step.code, steps),
            np.tile(self.step.width, steps),
            self.at_each_step(self.step.operand)[::-1].ravel(),
        )


def record_scan(
    tape: Tape, f: Step, init: Any, xs: Sequence[Any] | None, steps: int
) -> tuple[Any, list[Any]]:
    """Record a scan over symbols of a tape, Values and numbers; see `mgcore.scan`."""
    start, form = flatten(init)
    rows, x_form = xs_of_one_form(xs, steps)
    if steps == 0:
        return init, []
    outside = [tape.symbol_of(x) for x in (*start, *chain.from_iterable(rows))]
    width, held = len(start), [tape.symbol() for _ in (*start, *rows[0])]
    mark = tape.mark()
    try:
        out, y = stepped(f, unflatten(held[:width], form), unflatten(held[width:], x_form), form)
        leaves, y_form = flatten(y)
        ends = [tape.symbol_of(x) for x in flatten(out)[0]]
        kept = [tape.symbol_of(x) for x in leaves if isinstance(x, Symbol)]
        step = numbered(tape.since(mark), held, [*ends, *kept], tape.code)
    finally:
        tape.forget(mark)
    outside += step.leaves[len(held) :]
    loop = _loop(step, steps, width, len(held), len(outside))
    each = loop.at_each_step(step.roots)
    wanted = np.concatenate([each[-1, :width], each[:, width:].ravel()])
    symbols = iter(tape.add_block(loop.nodes(), outside, wanted))
    carry = unflatten([next(symbols) for _ in range(width)], form)
    ys = [
        unflatten([next(symbols) if isinstance(x, Symbol) else x for x in leaves], y_form)
        for _ in range(steps)
    ]
    return carry, ys


def _loop(step: Numbered, steps: int, width: int, held: int, outside: int) -> _Loop:
    """Return a loop, given how many leaves of its step are the carry, and the carry and an x."""
    table = np.zeros((steps, len(step.leaves)), dtype=np.int64)
    loop = _Loop(step.nodes, outside, table)
    besides = len(step.leaves) - held
    table[0, :width] = np.arange(width)
    table[:, width:held] = np.arange(width, outside - besides).reshape(steps, held - width)
    table[:, held:] = np.arange(outside - besides, outside)
    ends = step.roots[:width]
    computed = ends >= held
    table[1:, :width][:, computed] = loop.at_each_step(ends[computed])[:-1]
    handed = np.flatnonzero(~computed)  # a carry that is an x, or one that was before
    for k in range(1, steps) if len(handed) else ():
        table[k, handed] = table[k - 1, ends[handed]]
    return loop

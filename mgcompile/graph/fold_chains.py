"""Make one op of a long chain of `maximum` or `minimum`: `m = maximum(m, x)` again and again.

A chain is one reduction if nothing but its next step reads what is inside, and if its numbers can
be there at once: they lie on one level of the graph (on two, where the first begins it). One along
a recurrence, which makes a number a step, stays in the loop that makes them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import numpy as np

from mgcompile.graph.editor import Editor
from mgcompile.graph.ir import applies, edge_owner
from mgcompile.graph.levels import levels
from mgcompile.support.chains import CHAINS
from mgcompile.support.op_traits import is_shipped

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mgcompile.graph.ir import Graph
    from mgcore import Op

    Numbers = NDArray[np.int64]

__all__ = ["fold_chains"]

FEWEST = 64
"""Numbers from which on a chain pays as a reduction, wherever they are read from."""


def fold_chains(graph: Graph) -> Graph:
    """Return an equal graph, unless it is strict, with one node for each long chain."""
    if graph.strict:
        return graph
    for repeated in graph.ops:
        if repeated.name in CHAINS and is_shipped(repeated, repeated.name):
            graph = _folded(graph, repeated)
    return graph


@attrs.frozen(slots=True, eq=False)
class _Chains:
    """Steps of chains: `step[i]` is so many steps, `above[i]`, away from the last one, `last[i]`.

    `inner` are the edges along which a step reads the one before it.
    """

    step: Numbers
    last: Numbers
    above: Numbers
    inner: Numbers


def _folded(graph: Graph, repeated: Op) -> Graph:
    owner = edge_owner(graph.start)
    chains = _long_chains(graph, repeated, owner)
    if not len(chains.step):
        return graph
    n = len(graph.code)
    last, above = np.full(n, -1), np.zeros(n, dtype=np.int64)
    last[chains.step], above[chains.step] = chains.last, chains.above
    reading = last[owner] >= 0
    reading[chains.inner] = False
    edge = np.flatnonzero(reading)
    # The first step reads two numbers of the chain; from there on each reads one.
    edge = edge[np.lexsort((edge, -above[owner[edge]], last[owner[edge]]))]
    level, _ = levels(graph)
    edge = edge[_at_once(last[owner[edge]], level[graph.operand[edge]])]
    roots = np.unique(last[owner[edge]])
    inside = np.isin(last, roots) & (last != np.arange(n))
    editor = Editor(graph)
    editor.become(roots, CHAINS[repeated.name])
    editor.clear(np.isin(last, roots))
    editor.read(last[owner[edge]], graph.operand[edge])
    return editor.finished(inside)


def _long_chains(graph: Graph, repeated: Op, owner: Numbers) -> _Chains:
    """Return the steps of all chains that are long enough."""
    n = len(graph.code)
    step = applies(graph, repeated)
    uses = np.bincount(graph.operand, minlength=n) + np.bincount(graph.roots, minlength=n)
    inner = np.flatnonzero(step[owner] & (step & (uses == 1))[graph.operand])
    # Of a step that could follow two others, the first one's chain goes on.
    inner = inner[np.unique(owner[inner], return_index=True)[1]]
    last, above = np.arange(n), np.zeros(n, dtype=np.int64)
    last[graph.operand[inner]] = owner[inner]
    above[graph.operand[inner]] = 1
    moving = graph.operand[inner]
    while len(moving):
        here = last[moving]
        further = last[here]
        above[moving] += above[here]
        last[moving] = further
        moving = moving[further != here]
    steps = np.flatnonzero(step)
    length = np.bincount(last[steps], minlength=n) + 1
    steps = steps[length[last[steps]] >= FEWEST]
    inner = inner[length[last[owner[inner]]] >= FEWEST]
    return _Chains(steps, last[steps], above[steps], inner)


def _at_once(chain: Numbers, level: Numbers) -> NDArray[np.bool_]:
    """Tell which numbers are of a chain whose numbers are there at once.

    Args:
        chain: Of each number, in order: those of one stand together.
        level: Of each number.
    """
    first = np.flatnonzero(np.diff(chain, prepend=-1))
    count = np.diff(first, append=len(chain))
    second = np.repeat(level[first + 1], count)
    same = level == second
    same[first] = True
    return np.repeat(np.logical_and.reduceat(same, first), count)

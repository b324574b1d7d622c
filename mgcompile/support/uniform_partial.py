"""Find the partial of an op with any number of operands that is the same for each of them.

The partials of such an op are one rule that gives all of them. Where the i-th depends on the result
and the i-th operand alone, in the same way for every i, the operands can be an axis: the rule is
run once, on tracers, and what it did to one operand is done at every point of the axis.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from mgcore import ops
from mgcore.foreign import with_operators

if TYPE_CHECKING:
    from mgcore import Op

__all__ = ["is_reducible", "replayed", "shared_partial"]

Number = Any
"""Whatever a rule can run on: a symbol of the compiler, a Value, a float."""

Tree = Any
"""A number, a leaf (`_OUT`, `_OWN`, or the number of another operand in a tuple), or a tuple of an
op and trees."""

_OUT, _OWN = "out", "own"


@with_operators
class _Tracer:
    """A number that remembers how it was computed."""

    __slots__ = ("tree",)

    def __init__(self, tree: Tree) -> None:
        self.tree = tree

    @staticmethod
    def __mgcore_apply__(op: Op, operands: tuple[Any, ...]) -> _Tracer:
        trees = (x.tree if isinstance(x, _Tracer) else float(x) for x in operands)
        return _Tracer((op, *trees))


def is_reducible(op: Op, count: int) -> bool:
    """Tell whether an op other than sum and dot can have `count` operands along axes."""
    return op.arity is None and op is not ops.sum and op is not ops.dot and _partial(op, count)[0]


def shared_partial(op: Op, count: int) -> Tree:
    """Return how the partial to each of `count` operands is computed; the op is reducible."""
    return _partial(op, count)[1]


@cache
def _partial(op: Op, count: int) -> tuple[bool, Tree]:
    # A few operands tell already where a rule mixes them, whatever that costs with many.
    if not callable(op.partials) or (count > 3 and not _partial(op, 3)[0]):
        return False, None
    operands = [_Tracer((place,)) for place in range(count)]
    try:
        results = op.partials(_Tracer(_OUT), *operands)
        trees = [
            _own(x.tree if isinstance(x, _Tracer) else float(x), i) for i, x in enumerate(results)
        ]
    except Exception:  # a rule that is not generic, or whose partials mix the operands
        return False, None
    same = len(trees) == count and all(tree == trees[0] for tree in trees)
    return same, trees[0] if same else None


def _own(tree: Tree, place: int) -> Tree:
    """Return the tree with operand `place` called `_OWN`; raise ValueError for any other."""
    if not isinstance(tree, tuple):
        return tree
    if len(tree) == 1:
        if tree[0] != place:
            message = "a partial depends on another operand"
            raise ValueError(message)
        return _OWN
    return (tree[0], *(_own(each, place) for each in tree[1:]))


def replayed(tree: Tree, out: Number, operand: Number) -> Number:
    """Return what a tree computes from an op's result and one operand."""
    if isinstance(tree, tuple):
        applied: Number = tree[0](*(replayed(each, out, operand) for each in tree[1:]))
        return applied
    if isinstance(tree, str):
        return out if tree == _OUT else operand
    return float(tree)

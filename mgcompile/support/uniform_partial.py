"""Find the partial of an op with any number of operands that is the same for each of them.

The partials of such an op are one rule that gives all of them. Where the i-th depends on the result
and the i-th operand alone, in the same way for every i, the operands can be an axis: the rule is
run once, on tracers, and what it did to one operand is done at every point of the axis. It may
depend on sums over all operands, too, of a term that is the same for each (a softmax divides by the
sum of the exponentials): these are sums along the axis.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import attrs

from mgcompile.errors import SymbolError
from mgcompile.support.chains import is_chain
from mgcompile.support.op_traits import traits_of
from mgcompile.support.recorded_rule import recorded
from mgcore import Op, ops

if TYPE_CHECKING:
    from collections.abc import Callable

    from mgcompile.support.recorded_rule import Function

__all__ = ["is_reducible", "replayed", "shared_partial"]

Number = Any
"""Whatever a rule can run on: a symbol of the compiler, a Value, a float."""

Tree = Any
"""A number, a leaf (`_OUT`, `_OWN`, or the number of another operand in a tuple), a `_Total`, or a
tuple of an op and trees."""

_OUT, _OWN = "out", "own"

_FEW = 3
"""Operands with which a rule is run first."""


@attrs.frozen(slots=True)
class _Total:
    """The sum over all operands of what `term` computes from each."""

    term: Tree


def is_reducible(op: Op, count: int) -> bool:
    """Tell whether an op other than sum and dot can have `count` operands along axes."""
    if op.arity is not None or op is ops.sum or op is ops.dot:
        return False
    if is_chain(op):
        return True
    return _partial(op, _looked_at(op, count))[0]


def shared_partial(op: Op, count: int) -> Tree:
    """Return how the partial to each of `count` operands is computed; the op is reducible."""
    return _partial(op, _looked_at(op, count))[1]


def _looked_at(op: Op, count: int) -> int:
    """Return with how many operands a rule is run: those of shipped ops do the same for any."""
    return min(count, _FEW) if traits_of(op).endless else count


@cache
def _partial(op: Op, count: int) -> tuple[bool, Tree]:
    # A few operands tell already where a rule mixes them, whatever that costs with many.
    if not callable(op.partials) or (count > _FEW and not _partial(op, _FEW)[0]):
        return False, None
    leaves: list[Tree] = [_OUT, *((place,) for place in range(count))]
    totals: dict[int, Tree] = {}
    try:
        rule = recorded(op.partials, count + 1)
        traced = rule.taken(leaves, _tree, float)
        trees = [_own(tree, i, count, totals) for i, tree in enumerate(traced)]
    except Exception:  # a rule that is not generic, or whose partials mix the operands
        return False, None
    same = len(trees) == count and all(tree == trees[0] for tree in trees)
    return same, trees[0] if same else None


def _tree(function: Function, operands: list[Tree]) -> Tree:
    if not isinstance(function, Op):
        message = f"{function.__name__} is no op"
        raise SymbolError(message)
    return (function, *operands)


def _own(tree: Tree, place: int, count: int, totals: dict[int, Tree]) -> Tree:
    """Return the tree with operand `place` called `_OWN`; raise ValueError for any other.

    `totals` remembers by identity which sums have been looked at: partials share them.
    """
    if not isinstance(tree, tuple):
        return tree
    if len(tree) == 1:
        if tree[0] != place:
            message = "a partial depends on another operand"
            raise ValueError(message)
        return _OWN
    if tree[0] is ops.sum or tree[0] is ops.add:
        if id(tree) not in totals:
            totals[id(tree)] = _with_total(tree, count)
        if totals[id(tree)] is not None:
            return totals[id(tree)]
    return (tree[0], *(_own(each, place, count, totals) for each in tree[1:]))


def _with_total(tree: Tree, count: int) -> Tree:
    """Return a sum with its terms over all operands as one `_Total`; None if it has no such."""
    of_place: dict[int, list[Tree]] = {}
    others = []
    for term in _terms(tree):
        places = _places(term)
        if len(places) > 1:
            return None
        if places:
            of_place.setdefault(places.pop(), []).append(term)
        else:
            others.append(term)
    if sorted(of_place) != list(range(count)):
        return None
    owns = [[_own(term, place, count, {}) for term in of_place[place]] for place in range(count)]
    if any(own != owns[0] for own in owns):
        return None
    total = _Total(owns[0][0] if len(owns[0]) == 1 else (ops.sum, *owns[0]))
    return (ops.sum, total, *others) if others else total


def _terms(tree: Tree) -> list[Tree]:
    """Return what is added up by a tree of sums, from left to right, without zeros."""
    found, stack = [], [tree]
    while stack:
        top = stack.pop()
        if isinstance(top, tuple) and (top[0] is ops.sum or top[0] is ops.add):
            stack.extend(reversed(top[1:]))
        elif top != 0.0:
            found.append(top)
    return found


def _places(tree: Tree) -> set[int]:
    """Return which operands a tree depends on, or the first two found."""
    found: set[int] = set()
    stack = [tree]
    while stack and len(found) < 2:
        top = stack.pop()
        if not isinstance(top, tuple):
            continue
        if len(top) == 1:
            found.add(top[0])
        else:
            stack.extend(top[1:])
    return found


def replayed(tree: Tree, out: Number, operand: Number, total: Callable[[Number], Number]) -> Number:
    """Return what a tree computes from an op's result and one operand.

    `total` gives the sum over all operands of what has been computed from one.
    """
    if isinstance(tree, _Total):
        return total(replayed(tree.term, out, operand, total))
    if isinstance(tree, tuple):
        inner = (replayed(each, out, operand, total) for each in tree[1:])
        applied: Number = tree[0](*inner)
        return applied
    if isinstance(tree, str):
        return out if tree == _OUT else operand
    return float(tree)

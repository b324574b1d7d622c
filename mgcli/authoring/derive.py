"""Derive the partials of a formula: the chain rule over its steps, by the ops' own partials."""

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import attrs

from mgcli.authoring.trees import Tree, replaced, simplified
from mgcli.errors import CliError
from mgcli.expression import Expression
from mgcore import MgcoreError, Op, Value, ops
from mgcore.foreign import with_operators

__all__ = ["Derived", "Term", "derive", "tree_of"]


@with_operators
class Term(Value):
    """Be a Value to the rules, and write down what they do with it.

    The rules of some ops are written differently for Values, which may be differentiated any number
    of times; those are the ones wanted here.
    """

    __slots__ = ("tree",)

    def __init__(self, tree: Tree) -> None:
        super().__init__(0.0)
        self.tree = tree

    @staticmethod
    def __mgcore_apply__(op: Op, operands: tuple[Any, ...]) -> "Term":
        return Term(simplified(op.name, *map(_tree, operands)))

    __hash__ = object.__hash__


@attrs.frozen
class Derived:
    """Hold a formula and what follows from it.

    Attributes:
        names: the operands.
        forward: the formula.
        partials: one tree per operand; the name ``out`` stands for the result.
        kink: zero where a part of the formula has no derivative; None if there is no such place.

    """

    names: tuple[str, ...]
    forward: Tree
    partials: tuple[Tree, ...]
    kink: Tree | None


def derive(expression: Expression, names: Sequence[str]) -> Derived:
    """Differentiate an expression by each of the names; other names in it are settings.

    Raises:
        CliError: if a rule of an op in it works on numbers alone.

    """
    expression = _with_pairs(expression)
    values = _terms(expression)
    try:
        adjoints = _swept(expression, values)
        kinks = [
            _kink_of(step.what, [values[i] for i in step.operands])
            for step in expression.steps
            if isinstance(step.what, Op) and step.what.kink is not None
        ]
    except (MgcoreError, TypeError) as error:
        raise CliError(f"the formula cannot be differentiated as text: {error}") from error
    forward = values[-1].tree
    partials = []
    for name in names:
        total: Tree = 0.0
        for step, adjoint in zip(expression.steps, adjoints, strict=True):
            if step.what == name and adjoint is not None:
                total = simplified("add", total, adjoint)
        partials.append(replaced(total, forward, "out") if isinstance(forward, tuple) else total)
    return Derived(tuple(names), forward, tuple(partials), _product(kinks))


def _with_pairs(expression: Expression) -> Expression:
    """Return an expression that says maximum of two operands, where it says max of many."""
    pairs = {"max": ops.maximum, "min": ops.minimum}
    steps = [
        attrs.evolve(step, what=pairs[step.what.name])
        if isinstance(step.what, Op) and step.what.name in pairs and len(step.operands) == 2
        else step
        for step in expression.steps
    ]
    return attrs.evolve(expression, steps=tuple(steps))


def tree_of(expression: Expression) -> Tree:
    """Return an expression as a tree."""
    return _terms(expression)[-1].tree


def _terms(expression: Expression) -> list[Term]:
    values: list[Term] = []
    for step in expression.steps:
        if isinstance(step.what, Op):
            values.append(Term.__mgcore_apply__(step.what, tuple(values[i] for i in step.operands)))
        else:
            values.append(Term(step.what))
    return values


def _swept(expression: Expression, values: list[Term]) -> list[Tree | None]:
    """Return d(result)/d(step) for every step that the result depends on: reverse mode."""
    adjoints: list[Tree | None] = [None] * len(values)
    adjoints[-1] = 1.0
    for k in range(len(values) - 1, -1, -1):
        step, upstream = expression.steps[k], adjoints[k]
        if upstream is None or not isinstance(step.what, Op):
            continue
        operands = [values[i] for i in step.operands]
        out = values[k] if k < len(values) - 1 else Term("out")
        rules = step.what.partials
        slopes = (
            [rule(out, *operands) for rule in rules]
            if isinstance(rules, tuple)
            else list(rules(out, *operands))
        )
        for i, slope in zip(step.operands, slopes, strict=True):
            term = simplified("mul", upstream, _tree(slope))
            before = adjoints[i]
            adjoints[i] = term if before is None else simplified("add", before, term)
    return adjoints


def _kink_of(op: Op, operands: list[Term]) -> Tree:
    """Return what is zero at the kinks of an op; of the largest of many, where two are alike."""
    if op.name in {"max", "min"}:
        pairs = combinations(operands, 2)
        return _product([simplified("sub", x.tree, y.tree) for x, y in pairs]) or 1.0
    assert op.kink is not None, "the caller has looked"  # noqa: S101 - a caller's bug
    return _tree(op.kink(*operands))


def _product(kinks: list[Tree]) -> Tree | None:
    found: Tree | None = None
    for kink in dict.fromkeys(kinks):
        if not isinstance(kink, float):
            found = kink if found is None else simplified("mul", found, kink)
    return found


def _tree(x: Any) -> Tree:
    return x.tree if isinstance(x, Term) else float(x)

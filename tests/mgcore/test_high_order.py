"""Derivatives of order 1 to 4 of every smooth op, against mpmath.

The reference differentiates numerically at 150 digits. The error allowed is a bound of what float64
rounding can do to the engine's own formula, from running error analysis of its graph.
"""

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import mpmath
import pytest
from mpmath import mp, mpf

from mgcore import Op, Value, grad
from mgcore.testing.bounded import bounded_gradient
from mgcore.testing.references import REFERENCES
from mgcore.testing.selection import every_op
from mgcore.testing.subject import Subject

STEP = mpf(10) ** -20
# Where rounding may take this much of the size of a derivative, nothing is proven.
SHARP = 1e-6

SHIPPED = [op for op in every_op() if op.name in REFERENCES]


def _points(op: Op) -> list[tuple[float, ...]]:
    """Return points at which the op has derivatives of every order."""
    subject = Subject(op)
    count = op.arity or (4 if op.name in {"dot", "take"} else 2)
    return [xs for xs in subject.ordinary(count, 4) if subject.interior(xs)]


def _counts(op: Op, i: int) -> bool:
    """Tell whether operand `i` is a whole number, or its author gives no derivative by it."""
    subject = Subject(op)
    return subject.domain(i).whole or i not in subject.differentiable(i + 1)


def _reference(f: Callable[..., Any], xs: Sequence[float], by: Sequence[int]) -> Any:
    """Return a mixed partial derivative by central differences, one factor per order."""
    with mp.workdps(150):
        total = mpf(0)
        for signs in itertools.product((1, -1), repeat=len(by)):
            point = [mpf(x) for x in xs]
            for sign, i in zip(signs, by, strict=True):
                point[i] += sign * STEP
            total += mp.fprod(signs) * f(*point)
        return total / (2 * STEP) ** len(by)


@pytest.mark.parametrize("op", SHIPPED, ids=lambda op: op.name)
def test_derivatives_up_to_order_4_agree_with_mpmath(op: Op) -> None:
    proven = 0
    for xs in _points(op):
        leaves = [Value(x) for x in xs]
        # Every derivative by one operand alone, and the mixed ones of two neighbours.
        for first, second in itertools.product(range(len(xs)), repeat=2):
            if abs(first - second) > 1 or _counts(op, first) or _counts(op, second):
                continue
            node = op(*leaves)
            by: list[int] = []
            for i in (first, second, first, second):
                by.append(i)
                _, bounds = bounded_gradient(node, leaves)
                (derivative,) = grad(node, [leaves[i]], create_graph=True)
                expected = _reference(Subject(op).differentiated, xs, by)
                bound = 4 * bounds[i].error + 1e-30
                assert abs(mpf(derivative.data) - expected) <= bound, (op, xs, by)
                proven += bool(bound <= SHARP * max(1.0, abs(float(expected))))
                node = derivative
                if derivative.op is None:
                    break  # a constant: all further derivatives are 0
    assert proven >= len(_points(op)) > 0


def test_mixed_derivatives_do_not_depend_on_the_order_of_differentiation() -> None:
    from mgcore import ops

    x, y = Value(0.7), Value(1.3)
    output = ops.sin(x * y) + ops.pow(y, x) / ops.exp(x)
    found = []
    for order in itertools.permutations([x, x, y]):
        node = output
        for leaf in order:
            node = grad(node, leaf, create_graph=True)
        found.append(node.data)
    assert found == pytest.approx([found[0]] * len(found), rel=1e-13)
    assert mpmath.isfinite(found[0])

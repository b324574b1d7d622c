"""What a user reads when an op's rules are broken: the op, the package and the line to mend."""

import math
from collections.abc import Callable
from typing import Any

import pytest

from mgcore import Op, Value, grad, jvp
from mgcore.errors import NotGenericError, OpDefinitionError, RuleError

PLACE = r"test_broken_rules \(test_broken_rules.py, line \d+\)"

text_forward = Op("text_forward", str, (lambda out, x: 1.0,))
text_partial = Op("text_partial", lambda x: x, (lambda out, x: "1.0",))
too_many = Op("too_many", lambda *xs: xs[0], lambda out, *xs: (1.0,) * (len(xs) + 1))
on_floats = Op("on_floats", math.sin, (lambda out, x: math.cos(x),))
raising = Op("raising", lambda x: x, (lambda out, x: [][0],))


def _backward(op: Op) -> None:
    op(Value(2.0)).backward()


def _grad(op: Op) -> None:
    x = Value(2.0)
    grad(op(x), x)


def _jvp(op: Op) -> None:
    x = Value(2.0)
    jvp(op(x), x, 1.0)


@pytest.mark.parametrize("differentiate", [_backward, _grad, _jvp])
@pytest.mark.parametrize(
    ("op", "said"),
    [(too_many, "one number for each of the 1 operands"), (raising, "IndexError")],
)
def test_a_broken_partial_is_named_with_its_place(
    op: Op, said: str, differentiate: Callable[[Op], None]
) -> None:
    with pytest.raises(RuleError, match=said) as caught:
        differentiate(op)
    assert op.name in str(caught.value)
    assert caught.match(PLACE)


@pytest.mark.parametrize("differentiate", [_backward, _grad, _jvp])
def test_a_partial_that_gives_a_string_for_a_number_is_refused(
    differentiate: Callable[[Op], None],
) -> None:
    with pytest.raises(RuleError, match=PLACE) as caught:
        differentiate(text_partial)
    assert not isinstance(caught.value, NotGenericError)


def test_a_forward_rule_that_gives_a_string_for_a_number_is_refused() -> None:
    with pytest.raises(RuleError, match=r"text_forward returned str \('2.0'\), not a number"):
        text_forward(2.0)


def test_a_rule_on_floats_says_so_when_it_is_asked_for_a_graph() -> None:
    x = Value(2.0)
    assert grad(on_floats(x), x) == math.cos(2.0)
    with pytest.raises(NotGenericError, match=PLACE):
        grad(on_floats(x), x, create_graph=True)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("f", abs, ()), "partials is empty"),
        (("f", abs, (lambda out, x, y: 1.0,)), "partial 0 must take 2 positional arguments"),
        (("f", 3, (lambda out, x: 1.0,)), "forward must be callable"),
        (("two words", abs, (lambda out, x: 1.0,)), "must be a Python identifier"),
    ],
)
def test_an_ill_defined_op_is_refused_with_the_line_that_defines_it(
    arguments: tuple[Any, ...], said: str
) -> None:
    with pytest.raises(OpDefinitionError, match=said) as caught:
        Op(*arguments)
    assert caught.match(PLACE)

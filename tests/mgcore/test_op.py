"""An Op is two rules under a name; what does not fit together is refused at once."""

import attrs
import pytest

from mgcore import Op, Value, ops
from mgcore.errors import OpDefinitionError, RuleError


def softsign():
    return Op(
        "softsign",
        forward=lambda x: x / (1 + abs(x)),
        partials=(lambda out, x: (1 + abs(x)) ** -2,),
    )


def test_a_custom_op_needs_two_rules_and_nothing_else():
    x = Value(-3.0)
    y = softsign()(x)
    y.backward()
    assert y.data == -0.75
    assert x.grad == 1 / 16
    assert y.op.symbol == "softsign"
    assert y.op.arity == 1


def test_an_op_is_frozen_and_compared_by_identity():
    op = softsign()
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        op.name = "other"
    assert op != softsign()
    assert len({op, softsign()}) == 2


@pytest.mark.parametrize(
    "name", ["two words", "", "1st", "lambda", "_hidden", "data", "grad", None]
)
def test_a_name_that_could_not_be_a_method_is_refused(name):
    with pytest.raises(OpDefinitionError):
        Op(name, forward=lambda x: x, partials=(lambda out, x: 1.0,))


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"forward": lambda x, y: x, "partials": (lambda out, x: 1.0,)}, "forward must take 1"),
        ({"forward": lambda x: x, "partials": (lambda x: 1.0,)}, "partial 0 must take 2"),
        ({"forward": lambda x: x, "partials": ()}, "partials is empty"),
        ({"forward": lambda x: x, "partials": 1.0}, "partials must be a tuple"),
        ({"forward": 3, "partials": (lambda out, x: 1.0,)}, "forward must be callable"),
        (
            {
                "forward": lambda x, y: x,
                "partials": (lambda o, x, y: 1.0,) * 2,
                "domain": ("(0, 1)",) * 3,
            },
            "3 domains for 2 operands",
        ),
    ],
)
def test_rules_that_do_not_fit_are_refused_with_the_reason(arguments, text):
    with pytest.raises(OpDefinitionError, match=text):
        Op("crooked", **arguments)


def test_any_number_of_operands_takes_one_rule_for_all():
    first = Op(
        "first", forward=lambda *xs: xs[0], partials=lambda out, *xs: (1.0, *[0.0] * (len(xs) - 1))
    )
    x, y = Value(2.0), Value(5.0)
    first(x, y, 3).backward()
    assert (x.grad, y.grad) == (1.0, 0.0)
    assert first.arity is None


def test_a_wrong_count_of_partials_is_named():
    lazy = Op("lazy", forward=lambda *xs: sum(xs), partials=lambda out, *xs: (1.0,))
    with pytest.raises(RuleError, match="lazy must return one number for each of the 2 operands"):
        lazy(Value(1.0), Value(2.0)).backward()


@pytest.mark.parametrize("wrong", [None, "1.0", Value(1.0)])
def test_a_partial_that_is_no_number_is_named(wrong):
    op = Op("odd", forward=lambda x: x, partials=(lambda out, x: wrong,))
    with pytest.raises(RuleError):
        op(Value(1.0)).backward()


def test_partials_are_evaluated_only_for_operands_that_need_them():
    def forbidden(out, x, y):
        raise AssertionError("the partial of a constant was evaluated")

    op = Op("guarded", forward=lambda x, y: x * y, partials=(lambda out, x, y: y, forbidden))
    x = Value(3.0)
    op(x, 2.0).backward()
    assert x.grad == 2.0


def test_operand_names_come_from_the_rules():
    assert ops.select.operand_names == ("condition", "x", "y")
    assert ops.sum.operand_names == ("*xs",)

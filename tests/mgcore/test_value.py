"""A Value holds a number, remembers its op and operands, and works with operators."""

import math
from fractions import Fraction

import numpy as np
import pytest

from mgcore import Constant, Op, Value, ops, raise_nonfinite
from mgcore.errors import (
    ArityError,
    ComparisonError,
    DivisionByZeroError,
    DomainError,
    NotGenericError,
    OperandTypeError,
    RangeError,
    RuleError,
    UnknownOpError,
)


def test_the_seed_example_computes_and_remembers():
    a, b, c = Value(2.0, label="a"), Value(-3.0, label="b"), Value(10.0, label="c")
    e = a * b
    e.label = "e"
    d = e + c
    f = Value(-2.0, label="f")
    loss = d * f
    assert loss.data == -8.0
    assert loss.op is ops.mul
    assert loss.operands == (d, f)
    assert d.operands == (e, c)
    assert a.op is None
    assert a.operands == ()
    assert (e.label, d.label) == ("e", "")


def test_an_op_is_a_method_and_a_name_and_gives_floats_for_numbers():
    x = Value(0.8814)
    for o in (x.tanh(), ops.tanh(x)):
        assert o.op.name == "tanh"
        assert o.operands == (x,)
        assert o.data == math.tanh(0.8814)
    assert ops.tanh(0.5) == math.tanh(0.5)
    assert type(ops.add(1, 2)) is float


@pytest.mark.parametrize(
    "other", [3, 3.0, Fraction(3), np.float64(3.0), np.float32(3.0), np.int64(3)]
)
def test_every_operator_mixes_in_numbers_from_either_side(other):
    x = Value(2.0)
    cases = [
        (x + other, 5.0),
        (other + x, 5.0),
        (x - other, -1.0),
        (other - x, 1.0),
        (x * other, 6.0),
        (other * x, 6.0),
        (x / other, 2.0 / 3.0),
        (other / x, 1.5),
        (x**other, 8.0),
        (other**x, 9.0),
    ]
    for out, expected in cases:
        assert type(out) is Value
        assert type(out.data) is float
        assert out.data == expected
        assert sum(type(y) is Constant for y in out.operands) == 1
    assert (-x).data == -2.0
    assert (+x) is x
    assert abs(Value(-2.0)).data == 2.0


def test_a_constant_folds_with_constants_and_carries_no_gradient():
    x = Value(2.0)
    two = (x + 2).operands[1]
    folded = two * two
    assert type(folded) is Constant
    assert folded.data == 4.0
    assert folded.operands == ()
    (x * folded).backward()
    assert folded.grad == 0.0
    assert x.grad == 4.0


@pytest.mark.parametrize(
    "bad", [True, False, "3", None, 1j, [1.0], np.array([1.0, 2.0]), np.array(1.0)]
)
def test_what_is_no_number_is_refused_wherever_it_comes_in(bad):
    x = Value(2.0)
    attempts = [
        lambda: Value(bad),
        lambda: x * bad,
        lambda: bad * x,
        lambda: x + bad,
        lambda: ops.tanh(bad),
        lambda: ops.maximum(x, bad),
    ]
    for attempt in attempts:
        with pytest.raises(OperandTypeError) as caught:
            attempt()
        assert isinstance(caught.value, TypeError)


def test_the_message_names_op_operand_and_remedy():
    with pytest.raises(OperandTypeError, match=r"operand 1 of mul is the bool True; write 1\.0"):
        Value(2.0) * True
    with pytest.raises(OperandTypeError, match="operand 1 of mul .* not str"):
        Value(2.0) * "s"


@pytest.mark.parametrize(
    ("attempt", "error", "builtin", "text"),
    [
        (lambda: ops.tanh(Value(1.0), Value(2.0)), ArityError, TypeError, "takes 1 operand, got 2"),
        (lambda: ops.add(1.0), ArityError, TypeError, "takes 2 operands, got 1"),
        (lambda: ops.dot(Value(1.0), 2.0, 3.0), ArityError, TypeError, "two vectors"),
        (lambda: Value(1.0) < 2, ComparisonError, TypeError, "compare their .data"),
        (lambda: max(Value(1.0), Value(2.0)), ComparisonError, TypeError, "maximum"),
        (lambda: Value(1.0).tahn(), UnknownOpError, AttributeError, "did you mean tanh"),
        (lambda: ops.tahn, UnknownOpError, AttributeError, "did you mean tanh"),
    ],
)
def test_errors_teach(attempt, error, builtin, text):
    with pytest.raises(error, match=text) as caught:
        attempt()
    assert isinstance(caught.value, builtin)


NOT_FINITE = [
    (lambda: ops.log(Value(-1.0, label="z")), math.nan, DomainError, ValueError, r"log\(z=-1.0\)"),
    (lambda: ops.log(-1.0), math.nan, DomainError, ValueError, r"log\(-1.0\)"),
    (lambda: ops.log(Value(0.0)), -math.inf, DomainError, ValueError, "domain"),
    (lambda: ops.sqrt(Value(-1.0)), math.nan, DomainError, ValueError, r"sqrt\(-1.0\)"),
    (lambda: Value(1.0) / 0, math.inf, DivisionByZeroError, ZeroDivisionError, "div"),
    (lambda: Value(0.0) ** -1, math.inf, DivisionByZeroError, ZeroDivisionError, "pow"),
    (lambda: Value(-8.0) ** (1 / 3), math.nan, DomainError, ValueError, "not a real number"),
    (lambda: Value(1000.0).exp(), math.inf, RangeError, OverflowError, "too large"),
    (lambda: Value(10.0) ** 400, math.inf, RangeError, OverflowError, "too large"),
    (lambda: Value(-10.0) ** 401, -math.inf, RangeError, OverflowError, "too large"),
    (lambda: Value(1e200) * 1e200, math.inf, RangeError, OverflowError, r"mul\(1e\+200, 1e\+200\)"),
    (lambda: Value(-1.0) / -0.0, math.inf, DivisionByZeroError, ZeroDivisionError, "div"),
    (lambda: Value(0.0) / 0, math.nan, DivisionByZeroError, ZeroDivisionError, "div"),
    (lambda: ops.sum(Value(1e308), 1e308), math.inf, RangeError, OverflowError, "too large"),
    (lambda: ops.dot(Value(1e200), 1e200), math.inf, RangeError, OverflowError, "too large"),
]


def _number(x):
    return x if isinstance(x, float) else x.data


@pytest.mark.parametrize(("attempt", "expected"), [row[:2] for row in NOT_FINITE])
def test_a_result_without_a_finite_number_is_that_of_ieee_754(attempt, expected):
    assert _number(attempt()) == pytest.approx(expected, nan_ok=True)


@pytest.mark.parametrize(
    ("attempt", "error", "builtin", "text"), [(row[0], *row[2:]) for row in NOT_FINITE]
)
def test_errors_instead_of_infinities_where_they_are_wanted(attempt, error, builtin, text):
    with raise_nonfinite(), pytest.raises(error, match=text) as caught:
        attempt()
    assert isinstance(caught.value, builtin)


def test_an_infinity_that_came_in_is_no_error():
    with raise_nonfinite():
        assert (Value(math.inf) + 1).data == math.inf
        assert ops.exp(Value(-math.inf)).data == 0.0


def test_a_rule_of_math_functions_alone_overflows_to_the_right_side():
    sinh = Op("sinh", math.sinh, (lambda out, x: math.cosh(x),))
    assert sinh(-1e4) == -math.inf
    assert sinh(Value(1e4)).data == math.inf


def test_probing_for_protocols_loads_nothing():
    assert not hasattr(Value(1.0), "_repr_html_")
    assert not hasattr(Value(1.0), "__array_interface__")
    assert not hasattr(Value(1.0), "no_such_op")


def test_a_value_is_no_float_in_disguise():
    with pytest.raises(TypeError):
        math.exp(Value(1.0))


def test_repr_shows_data_gradient_and_label_and_nothing_below():
    x = Value(2.0, label="x")
    assert repr(x) == "Value(data=2.0, grad=0.0, label='x')"
    assert repr(x * 3) == "Value(data=6.0, grad=0.0)"
    assert repr((x * 3).operands[1]) == "Constant(data=3.0, grad=0.0)"


def test_micrograd_names_are_read_only_aliases():
    a, b = Value(1.0), Value(2.0)
    c = a + b
    assert set(c._prev) == {a, b}
    assert c._op == "+"
    assert a._op == ""
    with pytest.raises(AttributeError):
        c._op = "-"


def test_a_forward_rule_that_returns_no_number_is_named():
    bad = Op("bad", forward=lambda x: "text", partials=(lambda out, x: 1.0,))
    with pytest.raises(RuleError, match="forward rule of bad returned str"):
        bad(Value(1.0))
    with pytest.raises(RuleError, match="forward rule of bad returned str"):
        bad(1.0)


def test_a_rule_on_math_says_that_it_is_not_generic_when_more_is_asked():
    from mgcore import grad

    mexp = Op("mexp", forward=math.exp, partials=(lambda out, x: math.exp(x),))
    x = Value(0.5)
    y = mexp(x)
    assert grad(y, x) == math.exp(0.5)
    with pytest.raises(NotGenericError, match="mexp.*operators and mgcore.ops"):
        grad(y, x, create_graph=True)


def test_another_type_may_take_over_an_op():
    class Symbol:
        def __init__(self, text):
            self.text = text

        @staticmethod
        def __mgcore_apply__(op, operands):
            return Symbol(f"{op.name}({', '.join(str(getattr(x, 'text', x)) for x in operands)})")

    assert ops.tanh(Symbol("s")).text == "tanh(s)"
    assert ops.mul(Symbol("s"), 2.0).text == "mul(s, 2.0)"
    assert ops.mul(2.0, Symbol("s")).text == "mul(2.0, s)"
    mixed = ops.mul(Value(3.0), Symbol("s"))
    assert isinstance(mixed, Symbol)

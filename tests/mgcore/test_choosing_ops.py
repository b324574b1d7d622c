"""Choosing by an index, and functions of any number of operands."""

import math

import numpy as np
import pytest
from mpmath import mpf

import mgcompile
from mgcore import Op, Value, grad, ops, softmax
from mgcore.domain import parse_domain
from mgcore.errors import ArityError, ChoiceError, OpDefinitionError
from mgcore.testing import CheckError, assert_op
from mgops_basic.power import power


def test_take_gives_the_operand_of_that_number_and_its_slope_alone() -> None:
    x = [Value(2.0), Value(3.0), Value(5.0)]
    out = ops.take(1.0, *x)
    assert out.data == 3.0
    assert grad(out * out, x) == [0.0, 6.0, 0.0]


@pytest.mark.parametrize(
    ("index", "words"),
    [
        (3.0, "index 3.0 of take is out of range: it chooses one of 3 operands"),
        (-1.0, "index -1.0 of take is out of range"),
        (0.5, "index 0.5 of take is no whole number"),
        (math.nan, "index nan of take is no whole number"),
        (math.inf, "index inf of take is no whole number"),
    ],
)
def test_a_wrong_index_is_an_error_that_names_it(index: float, words: str) -> None:
    with pytest.raises(ChoiceError, match=words.replace(".", r"\.")):
        ops.take(Value(index), 1.0, 2.0, 3.0)
    with pytest.raises(IndexError, match=words.replace(".", r"\.")):
        ops.take(index, 1.0, 2.0, 3.0)


@pytest.mark.parametrize("backend", ["numpy", "llvm"])
def test_an_index_may_be_data_of_a_kernel(backend: str) -> None:
    index, table = Value(0.0, "index"), [Value(x) for x in (2.0, 3.0, 5.0, 7.0)]
    kernel = mgcompile.compile(
        ops.take(index, *table) ** 2, inputs=[index], params=table, backend=backend
    )
    X = np.array([[1.0], [3.0], [1.0], [0.0]])
    np.testing.assert_array_equal(kernel(X), [9.0, 49.0, 9.0, 4.0])
    _, slopes = kernel.loss_and_grad(X, reduction="sum")
    np.testing.assert_array_equal(slopes, [4.0, 12.0, 0.0, 14.0])


@pytest.mark.parametrize("name", ["max", "min", "mean", "var", "norm", "polyval", "take"])
def test_what_needs_an_operand_says_so(name: str) -> None:
    with pytest.raises(ArityError, match=f"{name} "):
        getattr(ops, name)()


def test_a_tie_of_three_shares_the_slope() -> None:
    x = [Value(2.0), Value(1.0), Value(2.0), Value(2.0)]
    assert grad(ops.max(*x), x) == pytest.approx([1 / 3, 0.0, 1 / 3, 1 / 3])


def test_functions_of_many_operands_agree_with_numpy() -> None:
    x = np.random.default_rng(0).normal(size=50).tolist()
    assert ops.max(*x) == max(x)
    assert ops.min(*x) == min(x)
    assert ops.prod(*x) == pytest.approx(np.prod(x), rel=1e-13)
    assert ops.mean(*x) == pytest.approx(np.mean(x), rel=1e-13)
    assert ops.var(*x) == pytest.approx(np.var(x), rel=1e-13)
    assert ops.norm(*x) == pytest.approx(np.linalg.norm(x), rel=1e-14)
    assert ops.polyval(0.7, *x) == pytest.approx(np.polyval(x, 0.7), rel=1e-13)
    assert ops.prod() == 1.0


def test_a_product_with_zeros_keeps_its_slopes() -> None:
    x = [Value(2.0), Value(0.0), Value(5.0)]
    assert grad(ops.prod(*x), x) == [0.0, 10.0, 0.0]


def test_rounding_goes_to_even_and_keeps_the_sign_of_zero() -> None:
    assert [ops.round(x) for x in (0.5, 1.5, 2.5, -0.5)] == [0.0, 2.0, 2.0, 0.0]
    assert math.copysign(1.0, ops.round(-0.4)) == -1.0
    assert ops.floor(math.inf) == math.inf
    assert math.isnan(ops.ceil(math.nan))


def test_both_remainders_have_their_sign() -> None:
    assert (ops.mod(-7.0, 3.0), ops.mod(7.0, -3.0)) == (2.0, -2.0)
    assert (ops.remainder(7.0, 4.0), ops.remainder(-7.0, 4.0)) == (-1.0, 1.0)
    assert math.isnan(ops.mod(1.0, 0.0))


def test_softmax_records_one_op_for_each_share() -> None:
    xs = [Value(x) for x in (1e17, 2.0, -3.0, 1e17)]
    shares = softmax(xs)
    assert [s.data for s in shares] == [0.5, 0.0, 0.0, 0.5]
    assert [s.op.name for s in shares] == ["softmax"] * 4
    y = [Value(0.3), Value(-1.2), Value(2.0)]
    first, _, third = softmax(y)
    weights = np.exp([0.3, -1.2, 2.0]) / np.exp([0.3, -1.2, 2.0]).sum()
    expected = [w * ((i == 0) - weights[0]) for i, w in enumerate(weights)]
    assert grad(first, y) == pytest.approx([float(e) for e in expected], rel=1e-13)
    assert grad(first + third, y) == pytest.approx(
        [w * ((i in (0, 2)) - weights[0] - weights[2]) for i, w in enumerate(weights)], rel=1e-12
    )


@pytest.mark.parametrize("exponent", [3, -2, 0, 1, 0.5, -1.5, 7])
def test_a_power_with_a_constant_exponent_passes_every_check(exponent: float) -> None:
    op = power(exponent)
    assert op is power(exponent)
    assert_op(op, reference=lambda x: x ** mpf(exponent))


def test_straight_through_estimators_have_the_slope_of_their_surrogate() -> None:
    x = Value(0.3)
    assert (ops.ste_round(x * 4.0).data, grad(ops.ste_round(x * 4.0), [x])) == (1.0, [4.0])
    assert (ops.ste_sign(x).data, grad(ops.ste_sign(x), [x])) == (1.0, [1.0])
    wrong = Op("wrong", lambda x: ops.round(x), (lambda out, x: 2.0,), surrogate=lambda x: x)
    with pytest.raises(CheckError, match="off by 1"):
        assert_op(wrong, checks=["partials"])


def test_a_domain_may_be_whole_numbers() -> None:
    domain = parse_domain("{1, 2, ...}")
    assert 1.0 in domain
    assert not any(x in domain for x in (0.0, 1.5, math.nan, math.inf))
    with pytest.raises(OpDefinitionError, match="no interval"):
        parse_domain("{1, 3, ...}")

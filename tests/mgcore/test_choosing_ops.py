"""Choosing by an index, and functions of any number of operands."""

import math

import numpy as np
import pytest

import mgcompile
from mgcore import Value, grad, ops
from mgcore.domain import parse_domain
from mgcore.errors import ArityError, ChoiceError, OpDefinitionError


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


def test_a_domain_may_be_whole_numbers() -> None:
    domain = parse_domain("{1, 2, ...}")
    assert 1.0 in domain
    assert not any(x in domain for x in (0.0, 1.5, math.nan, math.inf))
    with pytest.raises(OpDefinitionError, match="no interval"):
        parse_domain("{1, 3, ...}")

"""max, min and logsumexp of many operands, with samples or elements in the lanes."""

import math

import mpmath
import numpy as np
import pytest

import mgcompile
from mgcore import Value, ops
from mgcore import grad as engine_grad

LENGTHS = [17, 32, 33, 63, 100, 517]
MANY = 3_000  # enough work for the code of one sample
NUMBERS = {"max": np.max, "min": np.min}


def kernel_of(name, count, dtype="float64", backend="llvm"):
    """Compile the op of exponentials' logarithms, so that one sample is much work."""
    op = getattr(ops, name)
    return mgcompile.trace(lambda xs: op(*xs), ([0.5] * count,), dtype=dtype, backend=backend)


def logsumexp_of(row):
    with mpmath.workdps(40):
        return float(mpmath.log(mpmath.fsum([mpmath.exp(mpmath.mpf(float(x))) for x in row])))


def numbers(samples, count, seed=0, dtype=float):
    return np.random.default_rng(seed).normal(size=(samples, count)).astype(dtype) * 5


@pytest.mark.parametrize("name", ["max", "min"])
@pytest.mark.parametrize("count", [*LENGTHS, MANY])
@pytest.mark.parametrize("samples", [1, 2, 19])
def test_the_largest_and_the_smallest(name, count, samples):
    X = numbers(samples, count)
    np.testing.assert_array_equal(kernel_of(name, count)(X), NUMBERS[name](X, axis=1))


@pytest.mark.parametrize("count", [*LENGTHS, MANY])
@pytest.mark.parametrize("samples", [1, 3])
def test_logsumexp_is_that_of_many_digits(count, samples):
    X = numbers(samples, count)
    expected = [logsumexp_of(row) for row in X]
    np.testing.assert_allclose(kernel_of("logsumexp", count)(X), expected, rtol=1e-15, atol=1e-15)


@pytest.mark.parametrize("samples", [1, 8])
def test_small_terms_beside_a_single_large_one_keep_their_digits(samples):
    row = np.full(MANY, -40.0)
    row[1234] = 0.0
    found = kernel_of("logsumexp", MANY)(np.tile(row, (samples, 1)))
    expected = math.log1p((MANY - 1) * math.exp(-40.0))
    np.testing.assert_allclose(found, expected, rtol=1e-14)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("samples", [1, 5])
def test_slopes_of_logsumexp_are_shares(dtype, samples):
    X = numbers(samples, MANY, dtype=dtype)
    _, found = kernel_of("logsumexp", MANY, dtype).value_and_grad(X)
    wide = np.exp(X.astype(float) - X.max(axis=1, keepdims=True))
    tight = 2e-14 if dtype == "float64" else 2e-5
    np.testing.assert_allclose(found, wide / wide.sum(axis=1, keepdims=True), rtol=tight)


@pytest.mark.parametrize("name", ["max", "min"])
@pytest.mark.parametrize("samples", [1, 6])
def test_ties_share_the_slope_as_in_the_engine(name, samples):
    row = numbers(1, 40)[0]
    row[[3, 17, 39]] = NUMBERS[name](row) + (1.0 if name == "max" else -1.0)
    xs = [Value(x) for x in row]
    expected = engine_grad(getattr(ops, name)(*xs), xs)
    assert sorted(set(expected)) == pytest.approx([0.0, 1 / 3])
    _, found = kernel_of(name, 40).value_and_grad(np.tile(row, (samples, 1)))
    np.testing.assert_allclose(found, np.tile(expected, (samples, 1)), rtol=1e-15)


@pytest.mark.parametrize("samples", [1, 4])
@pytest.mark.parametrize("place", [0, 1, 1234, MANY - 1])
def test_infinities_and_nan(place, samples):
    base = numbers(1, MANY)[0]
    for name in ("max", "min", "logsumexp"):
        kernel = kernel_of(name, MANY)
        for special in (math.inf, -math.inf, math.nan):
            row = base.copy()
            row[place] = special
            if special == math.inf and name == "logsumexp":
                expected = math.inf
            elif name == "logsumexp" and special == -math.inf:
                expected = logsumexp_of(np.delete(row, place))
            else:
                expected = NUMBERS.get(name, np.sum)(row)
            found = kernel(np.tile(row, (samples, 1)))
            np.testing.assert_allclose(found, expected, rtol=1e-15)


def test_nothing_but_minus_infinity():
    kernel = kernel_of("logsumexp", MANY)
    assert kernel(np.full(MANY, -math.inf)) == -math.inf


@pytest.mark.parametrize("name", ["max", "min", "logsumexp"])
def test_backends_agree_on_more_operands_than_are_written_out(name):
    X = numbers(2, MANY)
    one, other = kernel_of(name, MANY), kernel_of(name, MANY, backend="numpy")
    for a, b in zip(one.value_and_grad(X), other.value_and_grad(X), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize("name", ["max", "min", "logsumexp"])
def test_rows_of_parameters(name):
    """What all samples share has elements in its lanes, row by row."""
    table = numbers(5, 50)
    params = [Value(x) for x in table.ravel()]
    rows = [params[50 * k : 50 * k + 50] for k in range(5)]
    op = getattr(ops, name)
    kernel = mgcompile.trace(lambda x: x * ops.sum(*[op(*row) for row in rows]), 1, params=params)
    expected = sum(NUMBERS.get(name, logsumexp_of)(row) for row in table)
    assert kernel([2.0]) == pytest.approx(2 * expected, rel=1e-14)


def test_dense_rows_columns_and_backward_strides_give_one_sample_alike():
    kernel = kernel_of("logsumexp", MANY)
    X = numbers(1, MANY)
    value, slopes = kernel.value_and_grad(X[0])
    for given in (X, np.asfortranarray(X), np.repeat(X, 2, axis=1)[:, ::2], X[:, ::-1][:, ::-1]):
        again, found = kernel.value_and_grad(given)
        assert again[0] == value
        np.testing.assert_array_equal(np.asarray(found)[0], slopes)
    columns, found = kernel.value_and_grad(list(X.T))
    assert columns[0] == value
    np.testing.assert_array_equal(np.ravel(found), slopes)

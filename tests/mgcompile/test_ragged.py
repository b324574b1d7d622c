"""Sums over 1, 2, 3, ... terms: what is computed from them is still alike, and right."""

import numpy as np
import pytest

import mgcompile
from mgcore import Value, grad, ops
from mgnn import MultiHeadAttention, rmsnorm

POSITIONS, DIM = 6, 8


def _causal(model, xs):
    return ops.sum(*[ops.tanh(z) for row in model([rmsnorm(x) for x in xs]) for z in row])


@pytest.fixture(scope="module")
def causal():
    model = MultiHeadAttention(DIM, 2, seed=3)
    rng = np.random.default_rng(0)
    xs = rng.normal(size=(POSITIONS, DIM))
    kernel = mgcompile.trace(lambda xs: _causal(model, xs), xs, params=model.parameters())
    return model, xs, kernel


def test_causal_attention_has_the_engines_numbers(causal):
    model, xs, kernel = causal
    leaves = [[Value(x) for x in row] for row in xs.tolist()]
    out = _causal(model, leaves)
    assert kernel(xs.ravel()) == pytest.approx(out.data, rel=1e-13)
    value, slopes = kernel.value_and_grad(xs.ravel())
    np.testing.assert_allclose(slopes, grad(out, [x for row in leaves for x in row]), rtol=1e-11)
    value, slopes = kernel.loss_and_grad(xs.reshape(1, -1))
    assert value == pytest.approx(out.data, rel=1e-13)
    wanted = grad(out, model.parameters())
    np.testing.assert_allclose(slopes, wanted, rtol=1e-10, atol=1e-15)


def test_what_follows_attention_is_one_product_for_all_positions(causal):
    report = causal[2].explain()
    assert f"({POSITIONS} x {DIM} x samples) results, each a sum over {DIM}" in report


def test_queries_keys_and_values_are_one_product_without_tables(causal):
    report = causal[2].explain()
    assert f"({3 * DIM} x {POSITIONS} x samples) results, each a sum over {DIM}" in report


@pytest.mark.parametrize("size", [3, 9, 20])
def test_triangular_products(size):
    rng = np.random.default_rng(size)
    x = [Value(v, f"x{i}") for i, v in enumerate(rng.normal(size=size))]
    weights = [[Value(w) for w in rng.normal(size=i + 1)] for i in range(size)]
    z = [ops.dot(*row, *x[: i + 1]) for i, row in enumerate(weights)]
    loss = ops.sum(*[ops.exp(-0.5 * v * v) for v in z])
    params = [w for row in weights for w in row]
    kernel = mgcompile.compile(loss, x, params)
    at = np.array([v.data for v in x])
    assert kernel(at) == pytest.approx(loss.data, rel=1e-13)
    np.testing.assert_allclose(kernel.value_and_grad(at)[1], grad(loss, x), rtol=1e-11, atol=1e-14)
    np.testing.assert_allclose(
        kernel.loss_and_grad(at[None])[1], grad(loss, params), rtol=1e-11, atol=1e-14
    )


def test_a_sum_of_two_may_be_recorded_as_an_addition():
    x = [Value(v, f"x{i}") for i, v in enumerate([0.3, -0.7, 1.1, 0.4])]
    y = [ops.exp(v) for v in x]
    sums = [y[0] * y[1], y[0] + y[1], ops.sum(y[0], y[1], y[2]), y[0] + y[1] + y[2] + y[3]]
    loss = ops.sum(*[ops.sin(s) for s in sums])
    kernel = mgcompile.compile(loss, x)
    at = np.array([v.data for v in x])
    np.testing.assert_allclose(kernel.value_and_grad(at)[1], grad(loss, x), rtol=1e-12)


def test_many_rows_of_different_width_need_no_tape():
    size = 80
    x = [Value(0.1 * (i % 7) - 0.3, f"x{i}") for i in range(size)]
    weights = [[Value(0.01 * ((7 * i + j) % 11)) for j in range(i + 1)] for i in range(size)]
    loss = ops.sum(*[ops.tanh(ops.dot(*row, *x[: len(row)])) for row in weights])
    params = [w for row in weights for w in row]
    kernel = mgcompile.compile(loss, x, params)
    assert "tape of" not in kernel.explain()
    at = np.array([v.data for v in x])
    np.testing.assert_allclose(kernel.value_and_grad(at)[1], grad(loss, x), rtol=1e-11, atol=1e-14)

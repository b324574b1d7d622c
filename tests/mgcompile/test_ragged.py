"""Sums over 1, 2, 3, ... terms: what is computed from them is still alike, and right."""

import numpy as np
import pytest

import mgcompile
from mgcore import Value, grad, hvp, ops
from mgnn import MultiHeadAttention, optim, rmsnorm

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
    assert f"({DIM} x {POSITIONS} x samples) results, each a sum over {DIM}" in report


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


ROWS = {
    "lower": lambda i, n: range(i + 1),
    "upper": lambda i, n: range(i, n),
    "trapezoid": lambda i, n: range(min(i + 4, n)),
    "downwards": lambda i, n: range(n - i),
}


def triangle(form, size, seed=0, seen=lambda x: x):
    """Return inputs, the rows of weights, and the product of each row with what it goes through."""
    rng = np.random.default_rng(seed)
    count = size - 3 if form == "trapezoid" else size
    columns = [ROWS[form](i, size) for i in range(count)]
    x = [Value(v, f"x{i}") for i, v in enumerate(rng.normal(size=size))]
    weights = [[Value(w) for w in rng.normal(size=len(row))] for row in columns]
    y = [seen(v) for v in x]
    parts = zip(weights, columns, strict=True)
    return x, weights, [ops.dot(*row, *(y[j] for j in at)) for row, at in parts]


@pytest.mark.parametrize("form", ROWS)
@pytest.mark.parametrize("size", [16, 24, 29, 34, 64, 67])
def test_triangles_have_the_engines_numbers(form, size):
    x, weights, z = triangle(form, size)
    loss = ops.sum(*[ops.sin(v) for v in z])
    params = [w for row in weights for w in row]
    kernel = mgcompile.compile(loss, x, params)
    at = np.array([v.data for v in x])
    assert kernel(at) == pytest.approx(loss.data, rel=1e-12)
    np.testing.assert_allclose(kernel.value_and_grad(at)[1], grad(loss, x), rtol=1e-10, atol=1e-12)
    wanted = grad(loss, params)
    for samples in (1, 9):
        found = kernel.loss_and_grad(np.tile(at, (samples, 1)))[1]
        np.testing.assert_allclose(found, wanted, rtol=1e-10, atol=1e-12)


def test_a_triangle_takes_few_statements_and_computes_no_more_terms(monkeypatch):
    def report():
        x, weights, z = triangle("lower", 64)
        params = [w for row in weights for w in row]
        loss = ops.sum(*[v * v for v in z])
        return mgcompile.compile(loss, x, params, verify=False).explain()

    cut = report()
    monkeypatch.setenv("MGCOMPILE_SKIP", "ragged-rows")
    plain = report()
    assert sum("dot(" in line for line in cut.splitlines()) <= 16
    assert sum("dot(" in line for line in plain.splitlines()) >= 63
    assert "fill(" not in cut


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("form", ["lower", "upper"])
def test_gradients_to_a_wide_triangle_are_those_of_a_masked_matrix(form, dtype):
    size, samples = 200, 70
    x, weights, z = triangle(form, size)
    params = [w for row in weights for w in row]
    loss = ops.sum(*[v * v for v in z])
    kernel = mgcompile.compile(loss, x, params, dtype=dtype, verify=False)
    X = np.random.default_rng(1).normal(size=(samples, size))
    inside = np.tri(size, dtype=bool) if form == "lower" else np.tri(size, dtype=bool).T
    matrix = np.zeros((size, size))
    matrix[inside] = [w.data for w in params]
    made = X @ matrix.T
    value, slopes = kernel.loss_and_grad(X)
    tolerance = 1e-10 if dtype == "float64" else 1e-3
    assert value == pytest.approx(np.mean(np.sum(made * made, axis=1)), rel=tolerance)
    wanted = (2.0 * made.T @ X / samples)[inside]
    np.testing.assert_allclose(
        slopes, wanted, rtol=tolerance, atol=tolerance * np.abs(wanted).max()
    )


def test_training_a_wide_triangle_updates_the_numbers_of_its_rows():
    size, samples, rate = 150, 40, 1e-4
    x, weights, z = triangle("lower", size)
    params = [w for row in weights for w in row]
    kernel = mgcompile.compile(ops.sum(*[v * v for v in z]), x, params, verify=False)
    X = np.random.default_rng(2).normal(size=(samples, size))
    before = kernel.params.copy()
    slopes = kernel.loss_and_grad(X)[1]
    kernel.train(X, optim.SGD(lr=rate), epochs=1, batch_size=samples, shuffle=False)
    np.testing.assert_allclose(kernel.params, before - rate * slopes, rtol=1e-9, atol=1e-12)


def test_what_a_row_of_a_triangle_does_not_read_may_be_infinite():
    size = 40
    x, weights, z = triangle("lower", size, seen=ops.exp)
    kernel = mgcompile.compile(z, x, [w for row in weights for w in row])
    at = np.array([v.data for v in x])
    for last in (0, 3, 4, 17, 39):
        far = np.where(np.arange(size) == last, 1e6, at)
        found, wanted = kernel(far), kernel(at)
        np.testing.assert_array_equal(found[:last], wanted[:last])
        assert np.all(np.isinf(found[last:]))


def test_the_product_with_a_triangle_is_differentiated_twice():
    size = 24
    x, weights, z = triangle("lower", size)
    loss = ops.sum(*[ops.tanh(0.1 * v) for v in z])
    kernel = mgcompile.compile(loss, x, [w for row in weights for w in row])
    at = np.array([v.data for v in x])
    along = np.random.default_rng(3).normal(size=size)
    wanted = hvp(loss, x, along.tolist())
    np.testing.assert_allclose(kernel.hvp(at, along), wanted, rtol=1e-9, atol=1e-12)

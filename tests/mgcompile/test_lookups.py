"""Look-ups in tables: `take` from choices at equal distances, its slopes, wrong numbers."""

import math

import numpy as np
import pytest

import mgcompile
from mgcompile.backends.llvm.lower import lower
from mgcore import Value, ops

TOKENS, WIDTH = 11, 5


def embedded(seed):
    """Return a loss of three tokens' rows, and the same in NumPy with its slope to the table."""
    random = np.random.default_rng(seed)
    table, weights = random.normal(size=(TOKENS, WIDTH)), random.normal(size=(3, WIDTH))
    tokens = [Value(float(k), f"t{k}") for k in range(3)]
    params = [[Value(x) for x in row] for row in table]
    rows = [[ops.take(t, *column) for column in zip(*params, strict=True)] for t in tokens]
    products = [ops.tanh(w * x) for ws, row in zip(weights, rows, strict=True)
                for w, x in zip(ws, row, strict=True)]  # fmt: skip

    def truth(data):
        slope, losses = np.zeros_like(table), []
        for numbers in data.astype(int):
            inner = np.tanh(weights * table[numbers])
            losses.append(inner.sum())
            np.add.at(slope, numbers, weights * (1.0 - inner**2))
        return np.array(losses), slope / len(data)

    return ops.sum(*products), tokens, [x for row in params for x in row], truth


@pytest.mark.parametrize("backend", ["llvm", "numpy"])
@pytest.mark.parametrize("count", [1, 2, 7, 100])
def test_rows_of_a_table_and_the_slope_to_it(backend, count):
    loss, tokens, params, truth = embedded(count)
    kernel = mgcompile.compile(loss, inputs=tokens, params=params, backend=backend, cache=False)
    data = np.random.default_rng(1).integers(TOKENS, size=(count, 3)).astype(float)
    data[0] = data[0, 0]  # the same row three times
    values, slope = truth(data)
    np.testing.assert_allclose(kernel(data), values, rtol=1e-12)
    found, gradient = kernel.loss_and_grad(data)
    assert found == pytest.approx(values.mean(), rel=1e-12)
    np.testing.assert_allclose(gradient.reshape(TOKENS, WIDTH), slope, rtol=1e-11, atol=1e-14)


def test_the_slope_is_one_statement_for_all_choices():
    loss, tokens, params, _ = embedded(0)
    kernel = mgcompile.compile(loss, inputs=tokens, params=params, cache=False)
    assert kernel.explain("loss").count(" = eq(") == 1


@pytest.mark.parametrize("wrong", [-1.0, 11.0, 2.5, math.nan, math.inf, -math.inf, 1e300])
@pytest.mark.parametrize("count", [1, 64])
def test_a_wrong_number_gives_nan_in_its_sample_alone(wrong, count):
    loss, tokens, params, _ = embedded(2)
    kernel = mgcompile.compile(loss, inputs=tokens, params=params, cache=False)
    data = np.random.default_rng(4).integers(TOKENS, size=(count, 3)).astype(float)
    good = kernel(data)
    data[0, 1] = wrong
    values = kernel(data)
    assert math.isnan(values[0])
    np.testing.assert_array_equal(values[1:], good[1:])


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("count", [1, 3, 40])
def test_choices_that_differ_from_sample_to_sample(dtype, count):
    x = [Value(0.1 * k, f"x{k}") for k in range(9)]
    which = Value(2.0, "which")
    loss = ops.take(which, *(ops.exp(v) for v in x)) * x[0]
    kernel = mgcompile.compile(loss, inputs=[*x, which], dtype=dtype, cache=False)
    random = np.random.default_rng(3)
    data = np.hstack([random.normal(size=(count, 9)), random.integers(9, size=(count, 1))])
    values, gradient = kernel.value_and_grad(data)
    place, rows = data[:, 9].astype(int), np.arange(count)
    taken = np.exp(data[rows, place])
    wanted = np.zeros((count, 10))
    wanted[rows, place] = taken * data[:, 0]
    wanted[:, 0] += taken
    tolerance = 1e-12 if dtype == "float64" else 1e-5
    np.testing.assert_allclose(values, taken * data[:, 0], rtol=tolerance)
    np.testing.assert_allclose(gradient, wanted, rtol=tolerance, atol=tolerance)


def test_second_derivatives_through_a_look_up():
    loss, tokens, params, _ = embedded(5)
    kernel = mgcompile.compile(loss, inputs=tokens, params=params, cache=False)
    data = np.array([[3.0, 3.0, 0.0]])
    found = kernel.hessian(data, wrt="params")
    step = 1e-5
    start = kernel.params.copy()
    column = 3 * WIDTH + 1
    slopes = []
    for sign in (1, -1):
        kernel.params = start + sign * step * np.eye(len(start))[column]
        slopes.append(kernel.loss_and_grad(data)[1])
    np.testing.assert_allclose(
        found[column], (slopes[0] - slopes[1]) / (2 * step), rtol=1e-6, atol=1e-8
    )


@pytest.mark.parametrize("count", [1, 2, 30])
def test_a_look_up_in_every_turn_of_a_loop(count):
    steps, random = 40, np.random.default_rng(count)
    table = random.normal(size=TOKENS)
    tokens = [Value(float(k % TOKENS), f"t{k}") for k in range(steps)]
    params = [Value(x) for x in table]
    state = Value(0.1, "start")
    inputs = [*tokens, state]
    for token in tokens:
        state = ops.tanh(0.9 * state + ops.take(token, *params))
    kernel = mgcompile.compile(state, inputs=inputs, params=params, cache=False)
    data = random.integers(TOKENS, size=(count, steps + 1)).astype(float)
    data[:, -1] = random.normal(size=count)
    states = [data[:, -1]]
    for k in range(steps):
        states.append(np.tanh(0.9 * states[-1] + table[data[:, k].astype(int)]))
    np.testing.assert_allclose(kernel(data), states[-1], rtol=1e-10)
    slope, down = np.zeros(TOKENS), np.full(count, 1.0 / count)
    for k in reversed(range(steps)):
        down = down * (1.0 - states[k + 1] ** 2)
        np.add.at(slope, data[:, k].astype(int), down)
        down = 0.9 * down
    np.testing.assert_allclose(kernel.loss_and_grad(data)[1], slope, rtol=1e-9, atol=1e-13)


@pytest.mark.parametrize("count", [1, 9])
def test_values_are_the_same_bits_whether_choices_are_looked_up_or_selected(count, monkeypatch):
    loss, tokens, params, _ = embedded(6)
    data = np.random.default_rng(4).integers(TOKENS, size=(count, 3)).astype(float)
    found = []
    for left_out in ("", "lookups"):
        monkeypatch.setenv("MGCOMPILE_SKIP", left_out)
        kernel = mgcompile.compile(loss, inputs=tokens, params=params, cache=False)
        found.append(kernel(data))
    np.testing.assert_array_equal(*found)


@pytest.mark.parametrize("one_sample", [False, True])
def test_a_look_up_writes_as_much_code_for_few_choices_as_for_many(one_sample):
    sizes = []
    for count in (20, 400):
        index, params = Value(1.0, "k"), [Value(0.1 * k) for k in range(count)]
        out = ops.take(index, *params)
        kernel = mgcompile.compile(out, inputs=[index], params=params, cache=False)
        sizes.append(len(lower(kernel.program, "float64", one_sample=one_sample).text))
    assert sizes[1] < 1.05 * sizes[0]

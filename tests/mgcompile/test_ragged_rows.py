"""Rows of 1, 2, 3, ... elements, filled up to a few lengths: right, without index tables."""

import math

import numpy as np
import pytest

import mgcompile
from mgcore import Value, grad, ops

POSITIONS, WIDTH = 8, 3


def attention(x, *, normal="sum", positions=POSITIONS):
    """Return what each position makes of those up to it; `x` has three rows for each."""
    q, k, v = x[:positions], x[positions : 2 * positions], x[2 * positions :]
    rows = []
    for i in range(positions):
        scores = [ops.dot(*q[i], *k[j]) for j in range(i + 1)]
        if normal == "sum":
            powers = [ops.exp(score) for score in scores]
            total = ops.sum(*powers)
            shares = [power / total for power in powers]
        else:
            total = ops.logsumexp(*scores)
            shares = [ops.exp(score - total) for score in scores]
        rows.append([ops.dot(*shares, *column) for column in zip(*v[: i + 1], strict=True)])
    return rows


def loss(x, normal="sum"):
    return ops.sum(*[ops.tanh(z) for row in attention(x, normal=normal) for z in row])


def data(samples=1, seed=0):
    x = np.random.default_rng(seed).normal(size=(samples, 3 * POSITIONS * WIDTH))
    return x[0] if samples == 1 else x


def lists(row, number=float):
    return [[number(x) for x in part] for part in np.reshape(row, (-1, WIDTH)).tolist()]


def engine(at, function):
    leaves = lists(at, Value)
    out = function(leaves)
    return out.data, grad(out, [x for row in leaves for x in row])


@pytest.fixture(params=["sum", "logsumexp"])
def normal(request):
    return request.param


@pytest.mark.parametrize("backend", ["llvm", "numpy"])
@pytest.mark.parametrize("samples", [1, 5, 64])
def test_values_and_slopes_are_the_engines(normal, backend, samples):
    kernel = mgcompile.trace(lambda x: loss(x, normal), (lists(data()),), backend=backend)
    X = data(samples).reshape(samples, -1)
    values, slopes = kernel.value_and_grad(X)
    for at, value, slope in list(zip(X, values, slopes, strict=True))[:3]:
        wanted, wanted_slope = engine(at, lambda x: loss(x, normal))
        assert value == pytest.approx(wanted, rel=1e-13)
        np.testing.assert_allclose(slope, wanted_slope, rtol=1e-11, atol=1e-14)


def test_filled_rows_need_no_tables(normal, monkeypatch):
    def report():
        kernel = mgcompile.trace(lambda x: loss(x, normal), (lists(data()),), verify=False)
        return kernel.explain("inputs")

    filled = report()
    monkeypatch.setenv("MGCOMPILE_SKIP", "ragged-rows")
    plain = report()
    assert "0 reads through index tables" in filled
    assert "0 reads through index tables" not in plain
    assert len(filled.splitlines()) < 0.7 * len(plain.splitlines())


def test_products_with_the_hessian_and_jacobians_are_right(normal):
    def outputs(x):
        return [ops.sum(*row) for row in attention(x, normal=normal)]

    at = data(seed=1)
    kernel = mgcompile.trace(outputs, (lists(at),))
    leaves = lists(at, Value)
    flat = [x for row in leaves for x in row]
    wanted = [grad(out, flat) for out in outputs(leaves)]
    np.testing.assert_allclose(kernel.jacobian(at), wanted, rtol=1e-11, atol=1e-13)
    whole = mgcompile.trace(lambda x: loss(x, normal), (lists(at),))
    along = np.random.default_rng(2).normal(size=len(at))
    step = 1e-6
    after = whole.value_and_grad(at + step * along)[1]
    before = whole.value_and_grad(at - step * along)[1]
    product = whole.hvp(at, along)
    np.testing.assert_allclose(product, (after - before) / (2 * step), rtol=1e-6, atol=1e-8)


def test_an_infinite_number_behind_the_end_of_a_row_does_not_reach_it(normal):
    def outputs(x):
        squared = [*x[: 2 * POSITIONS], *[[ops.exp(z) for z in row] for row in x[2 * POSITIONS :]]]
        return [ops.sum(*row) for row in attention(squared, normal=normal)]

    at = data(seed=3)
    kernel = mgcompile.trace(outputs, (lists(at),))
    for last in range(1, POSITIONS):
        far = at.copy()
        far[(2 * POSITIONS + last) * WIDTH] = 1e6
        found, wanted = kernel(far), kernel(at)
        assert np.all(np.isinf(found[last:]))
        np.testing.assert_array_equal(found[:last], wanted[:last])
        slopes, plain = kernel.jacobian(far), kernel.jacobian(at)
        np.testing.assert_array_equal(slopes[:last], plain[:last])


def test_a_row_without_slopes_takes_none_from_what_it_does_not_read(normal):
    def roots(x):
        return ops.sum(*[ops.sqrt(ops.sum(*row)) for row in attention(x, normal=normal)])

    at = np.abs(data(seed=4))
    kernel = mgcompile.trace(roots, (lists(at),))
    at[2 * POSITIONS * WIDTH :][:WIDTH] = 0.0  # row 0 is the root of 0
    found = kernel.value_and_grad(at)[1]
    # Values of later positions are not read by row 0: differences along them are finite.
    for place in range((2 * POSITIONS + 1) * WIDTH, len(at), WIDTH):
        step = 1e-6
        ends = [kernel(np.where(np.arange(len(at)) == place, at + s, at)) for s in (step, -step)]
        assert found[place] == pytest.approx((ends[0] - ends[1]) / (2 * step), rel=1e-5)
    assert math.isinf(found[2 * POSITIONS * WIDTH])


def test_an_infinite_slope_of_a_sum_stays_with_the_members_of_its_row():
    def roots(x):
        squares = [z * z for z in x]
        return ops.sum(*[ops.sqrt(ops.sum(*squares[: i + 1])) for i in range(len(x))])

    at = np.linspace(0.0, 1.5, POSITIONS)
    kernel = mgcompile.trace(roots, (at.tolist(),))
    assert "zero_dot(consts" in kernel.explain()
    leaves = [Value(z) for z in at.tolist()]
    wanted = grad(roots(leaves), leaves)
    assert math.isnan(wanted[0])
    assert all(map(math.isfinite, wanted[1:]))
    for found in (kernel.value_and_grad(at)[1], kernel.value_and_grad(np.stack([at] * 20))[1][-1]):
        np.testing.assert_allclose(found, wanted, rtol=1e-13)


@pytest.mark.parametrize(("positions", "blocks"), [(8, 1), (12, 2), (16, 2), (32, 4)])
def test_rows_are_put_into_few_blocks_where_that_computes_little_more(positions, blocks):
    x = np.random.default_rng(7).normal(size=(3 * positions, WIDTH))

    def total(x):
        rows = attention(x, positions=positions)
        return ops.sum(*[ops.tanh(z) for row in rows for z in row])

    kernel = mgcompile.trace(total, (x.tolist(),))
    assert kernel.explain().count("exp(") == blocks
    wanted, wanted_slope = engine(x, total)
    value, slope = kernel.value_and_grad(x.ravel())
    assert value == pytest.approx(wanted, rel=1e-13)
    np.testing.assert_allclose(slope, wanted_slope, rtol=1e-11, atol=1e-14)


def test_rows_that_begin_anywhere_are_left_alone():
    rng = np.random.default_rng(5)
    begin = rng.permutation(40)[:20]
    x = [Value(v, f"x{i}") for i, v in enumerate(rng.normal(size=60))]
    sums = [ops.sum(*map(ops.exp, x[b : b + 3 + i])) for i, b in enumerate(begin.tolist())]
    out = ops.sum(*map(ops.log, sums), *map(ops.sin, x))
    kernel = mgcompile.compile(out, x)
    at = np.array([v.data for v in x])
    assert kernel(at) == pytest.approx(out.data, rel=1e-13)
    np.testing.assert_allclose(kernel.value_and_grad(at)[1], grad(out, x), rtol=1e-12)


@pytest.mark.parametrize("upwards", [True, False])
def test_rows_in_one_array(upwards):
    """Row i adds up elements from i * 9 on, in either order."""
    rng = np.random.default_rng(6)
    x = [Value(v, f"x{i}") for i, v in enumerate(rng.normal(size=81))]
    y = [v * v for v in x]
    step = 1 if upwards else -1
    rows = [y[9 * i : 9 * i + i + 1][::step] for i in range(9)]
    out = ops.sum(*[ops.sin(ops.sum(*row)) for row in rows], *map(ops.tanh, x))
    kernel = mgcompile.compile(out, x, verify="full")
    assert "fill(" in kernel.explain()
    at = np.array([v.data for v in x])
    np.testing.assert_allclose(kernel.value_and_grad(at)[1], grad(out, x), rtol=1e-12, atol=1e-14)


def test_a_strict_kernel_fills_nothing_up():
    kernel = mgcompile.trace(loss, (lists(data()),), strict=True)
    assert "fill" not in kernel.explain()
    assert "fill" in mgcompile.trace(loss, (lists(data()),)).explain()
    assert kernel(data()) == pytest.approx(loss(lists(data(), Value)).data, rel=1e-14)

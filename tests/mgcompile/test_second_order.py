"""Products with Hessians and whole Hessians are the engine's."""

from __future__ import annotations

import random
from itertools import pairwise

import numpy as np
import pytest

import mgcompile
from mgcompile.errors import MiscompiledError, NotFiniteError, OptionError
from mgcompile.program.dependence import dependence
from mgcompile.runtime import hessian as hessian_module
from mgcompile.runtime import jacobian_sweeps
from mgcore import Value, hessian, ops

BACKENDS = ["numpy", "llvm"]


def small_mlp(rng):
    x = [Value(rng.uniform(-1, 1), f"x{i}") for i in range(3)]
    params, h = [], x
    for width in (5, 4, 1):
        rows = [[Value(rng.uniform(-1, 1)) for _ in range(len(h) + 1)] for _ in range(width)]
        params += [p for row in rows for p in row]
        h = [ops.tanh(ops.dot(*row[:-1], *h) + row[-1]) for row in rows]
    return h[0] ** 2 + 0.1 * sum(p * p for p in params), x, params


def recurrence(rng):
    x = [Value(rng.uniform(-1, 1), f"x{i}") for i in range(3)]
    params = [Value(rng.uniform(-1, 1)) for _ in range(4)]
    u, v, total = x[0], x[1], 0.0
    for _ in range(20):
        u, v = (
            ops.sin(params[0] * u + params[1] * v) + x[2],
            ops.tanh(params[2] * u - v) * params[3],
        )
        total = total + u * v
    return total, x, params


def irregular(rng):
    x = [Value(rng.uniform(-1, 1), f"x{i}") for i in range(3)]
    params = [Value(rng.uniform(-1, 1)) for _ in range(4)]
    nodes = [*x, *params]
    for _ in range(150):
        a, b = rng.choice(nodes), rng.choice(nodes[-12:])
        op = rng.choice([ops.sin, ops.tanh, ops.mul, ops.add, ops.sub])
        nodes.append(op(a) if op.arity == 1 else op(a, b))
    return ops.sum(*nodes[-10:]) + ops.dot(*x, *x), x, params


MODELS = {"mlp": small_mlp, "recurrence": recurrence, "irregular": irregular}


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", MODELS)
def test_hessians_to_inputs_and_params_are_the_engines(name, backend):
    output, x, params = MODELS[name](random.Random(4))
    kernel = mgcompile.compile(output, x, params, backend=backend, cache=False)
    point = np.array([v.data for v in x])
    expected = np.array(hessian(output, x))
    np.testing.assert_allclose(kernel.hessian(point), expected, rtol=1e-8, atol=1e-9)
    batch = kernel.hessian(np.stack([point, point]))
    np.testing.assert_allclose(batch, [expected, expected], rtol=1e-8, atol=1e-9)
    v = np.array([0.3, -1.0, 2.0])
    np.testing.assert_allclose(kernel.hvp(point, v), expected @ v, rtol=1e-8, atol=1e-9)
    chosen = params[:4]
    expected = np.array(hessian(output, chosen))
    found = kernel.hessian(np.stack([point, point]), wrt="params")[:4, :4]
    np.testing.assert_allclose(found, expected, rtol=1e-8, atol=1e-9)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_loss_recorded_over_its_data_has_a_hessian_to_its_params(backend):
    rng = random.Random(1)
    w = [Value(rng.uniform(-1, 1)) for _ in range(3)]
    rows = np.random.default_rng(0).normal(size=(20, 3))
    errors = [ops.tanh(ops.dot(*w[:2], *row[:2].tolist()) + w[2]) - row[2] for row in rows]
    loss = sum(error * error for error in errors) * (1.0 / 20)
    kernel = mgcompile.compile(loss, params=w, backend=backend, cache=False)
    assert kernel.program.data is not None
    np.testing.assert_allclose(kernel.hessian(), hessian(loss, w), rtol=1e-9, atol=1e-12)


def test_the_vector_of_an_hvp_may_have_every_form_of_a_batch():
    output, x, params = small_mlp(random.Random(2))
    kernel = mgcompile.compile(output, x, params, backend="numpy")
    X, v = np.random.default_rng(1).normal(size=(2, 5, 3))
    expected = kernel.hvp(X, v)
    columns = kernel.hvp([X[:, 0], X[:, 1], X[:, 2]], [v[:, 0], v[:, 1], v[:, 2]])
    np.testing.assert_allclose(np.stack(columns, axis=1), expected)
    labelled = kernel.hvp(dict(zip(("x0", "x1", "x2"), X.T, strict=True)), v)
    assert list(labelled) == ["x0", "x1", "x2"]
    np.testing.assert_allclose(labelled["x1"], expected[:, 1])


def test_second_derivatives_of_several_outputs_are_refused():
    x = Value(1.0, "x")
    kernel = mgcompile.compile([x * x, ops.sin(x)], [x], backend="numpy")
    with pytest.raises(OptionError, match="2"):
        kernel.hessian(np.ones((3, 1)))


@pytest.mark.parametrize("wrt", ["inputs", "params"])
def test_checks_cover_second_derivatives(wrt: str) -> None:
    x, w = Value(1.0, label="x"), Value(1.0, label="w")
    kernel = mgcompile.compile(1.0 / (w * x), inputs=[x], params=[w], checks=True)
    # 1/z and its slope -1/z**2 are finite at 1e-110, the second derivative 2/z**3 is not.
    X = np.array([[1e-110 if wrt == "inputs" else 1.0]])
    kernel.params = np.array([1e-110 if wrt == "params" else 1.0])
    assert np.isfinite(kernel.value_and_grad(X)[1]).all()
    with pytest.raises(NotFiniteError, match="product with the Hessian"):
        kernel.hvp(X, np.ones(1), wrt=wrt)
    with pytest.raises(NotFiniteError, match="second derivative"):
        kernel.hessian(X, wrt=wrt)


def chain(leaves):
    """Neighbours alone meet: the Hessian has three diagonals."""
    return ops.sum(*[100.0 * (y - x * x) ** 2 + ops.tanh(x * y) for x, y in pairwise(leaves)])


def arrow(leaves):
    """The first leaf meets all others, which do not meet: no two columns share a product."""
    return ops.sum(*[ops.sin(leaves[0] * x) for x in leaves[1:]])


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(("function", "products"), [(chain, 3), (arrow, 12)])
@pytest.mark.parametrize("backend", BACKENDS)
def test_leaves_that_do_not_meet_share_a_product(function, products, backend, dtype):
    point = np.linspace(-0.9, 1.1, 12)
    x = [Value(p) for p in point.tolist()]
    expected = np.array(hessian(function(x), x))
    near = dict.fromkeys(("rtol", "atol"), 1e-9 if dtype == "float64" else 1e-3)
    options = {"backend": backend, "dtype": dtype, "cache": False}
    for wrt, kernel in (
        ("inputs", mgcompile.compile(function(x), x, **options)),
        ("params", mgcompile.compile(function(x), params=x, **options)),
    ):
        given = (point,) if wrt == "inputs" else ()
        found = kernel.hessian(*given, wrt=wrt)
        scale = np.abs(expected).max()
        np.testing.assert_allclose(found / scale, expected / scale, **near)
        plan = kernel.hessian_plan(wrt)
        assert sum(len(part.directions) for part in plan.parts) == products
        assert np.array_equal(found != 0.0, expected != 0.0)
    two = mgcompile.compile(function(x), x, **options).hessian(np.stack([point, -point]))
    assert two.shape == (2, 12, 12)
    np.testing.assert_allclose(two[0] / scale, expected / scale, **near)


def test_a_hessian_without_entries_takes_no_product():
    x = [Value(0.1 * k) for k in range(9)]
    kernel = mgcompile.compile(ops.dot(*x, *range(9)), x, cache=False)
    assert not kernel.hessian(np.ones((4, 9))).any()
    assert not kernel.hessian_plan().parts


def test_many_samples_are_done_in_parts(monkeypatch):
    monkeypatch.setattr(jacobian_sweeps, "_AT_ONCE", 200)
    x = [Value(0.1 * k) for k in range(8)]
    kernel = mgcompile.compile(chain(x), x, cache=False)
    X = np.random.default_rng(3).normal(size=(23, 8))
    found = kernel.hessian(X)
    for row, square in zip(X, found, strict=True):
        here = [Value(v) for v in row.tolist()]
        np.testing.assert_allclose(square, hessian(chain(here), here), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("wrt", ["inputs", "params"])
def test_a_hessian_put_together_wrongly_is_not_handed_out(wrt, monkeypatch):
    def one_too_few(*arguments):
        pattern = dependence(*arguments)
        pattern[2, 3] = False
        return pattern

    monkeypatch.setattr(hessian_module, "dependence", one_too_few)
    x = [Value(0.1 * k + 0.05) for k in range(8)]
    leaves = {"inputs": x} if wrt == "inputs" else {"params": x}
    kernel = mgcompile.compile(chain(x), **leaves, cache=False)
    given = (np.linspace(0, 1, 8),) if wrt == "inputs" else ()
    with pytest.raises(MiscompiledError, match="Hessian is put together wrongly"):
        kernel.hessian(*given)

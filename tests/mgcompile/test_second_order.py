"""Products with Hessians and whole Hessians are the engine's."""

from __future__ import annotations

import random

import numpy as np
import pytest

import mgcompile
from mgcompile.errors import NotFiniteError, OptionError
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

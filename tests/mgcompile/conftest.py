"""Programs written by hand, with independent references."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from mgcompile.program.builder import Builder, affine
from mgcompile.program.ir import CONSTS, INPUTS, PARAMS, Affine, Program
from mgcompile.program.verifier import verify

WIDTHS = (2, 16, 16, 1)
LAYERS = tuple(pairwise(WIDTHS))
N_PARAMS = sum((inputs + 1) * outputs for inputs, outputs in LAYERS)


def build_mlp(*, gradient: bool) -> Program:
    """An MLP 2-16-16-1 with tanh, squared error to the third input, parameters neuron by neuron."""
    from mgcore import ops

    builder = Builder(n_inputs=3, n_params=N_PARAMS)
    one, two = builder.constant(1.0), builder.constant(2.0)
    offset, source, outs, layers = 0, INPUTS, INPUTS, []
    for number, (n_in, n_out) in enumerate(LAYERS):
        row = n_in + 1
        w, b = affine(PARAMS, offset, row, 1), affine(PARAMS, offset + n_in, row)
        z = builder.bundle(ops.dot, (n_out,), [w, affine(source, 0, 0, 1)], (n_in,))
        z = builder.bundle(ops.add, (n_out,), [affine(z, 0, 1), b])
        last = number == len(LAYERS) - 1
        outs = z if last else builder.bundle(ops.tanh, (n_out,), [affine(z, 0, 1)])
        layers.append((offset, source, outs))
        offset, source = offset + row * n_out, outs
    error = builder.bundle(ops.sub, (), [affine(outs, 0), affine(INPUTS, 2)])
    loss = builder.bundle(ops.mul, (), [affine(error, 0), affine(error, 0)])
    if not gradient:
        return verify(builder.finish([("value", loss)]))
    total = builder.bundle(ops.sum, (), [affine(loss, 0)], over_batch=True)
    delta = builder.bundle(ops.mul, (1,), [affine(CONSTS, two, 0), affine(error, 0, 1)])
    parts = []
    for number in reversed(range(len(LAYERS))):
        n_in, n_out = LAYERS[number]
        offset, source, outs = layers[number]
        row = n_in + 1
        if number < len(LAYERS) - 1:
            square = builder.bundle(ops.mul, (n_out,), [affine(outs, 0, 1), affine(outs, 0, 1)])
            slope = builder.bundle(
                ops.sub, (n_out,), [affine(CONSTS, one, 0), affine(square, 0, 1)]
            )
            delta = builder.bundle(ops.mul, (n_out,), [affine(delta, 0, 1), affine(slope, 0, 1)])
        dw = builder.bundle(
            ops.dot, (n_out, n_in), [affine(delta, 0, 1, 0), affine(source, 0, 0, 1)],
            over_batch=True,
        )  # fmt: skip
        db = builder.bundle(ops.sum, (n_out,), [affine(delta, 0, 1)], over_batch=True)
        parts.append(((n_out, n_in), affine(dw, 0, n_in, 1), Affine(offset, (row, 1))))
        parts.append(((n_out,), affine(db, 0, 1), Affine(offset + n_in, (row,))))
        if number:
            w = affine(PARAMS, offset, 1, row)
            delta = builder.bundle(ops.dot, (n_in,), [w, affine(delta, 0, 0, 1)], (n_out,))
    param_gradient = builder.scatter(N_PARAMS, parts)
    return verify(builder.finish([("loss", total), ("param_gradient", param_gradient)]))


@pytest.fixture
def mlp_forward() -> Program:
    """Value of the MLP's squared error, per sample."""
    return build_mlp(gradient=False)


@pytest.fixture
def mlp_gradient() -> Program:
    """Loss summed over samples, and its gradient to the parameters."""
    return build_mlp(gradient=True)


def mlp_reference(X: np.ndarray, params: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Squared errors (n,) and the gradient of their sum, by PyTorch in float64."""
    import torch

    p = torch.tensor(params, dtype=torch.float64, requires_grad=True)
    x = torch.tensor(X, dtype=torch.float64)
    h, offset = x[:, :2], 0
    for number, (n_in, n_out) in enumerate(LAYERS):
        block = p[offset : offset + (n_in + 1) * n_out].reshape(n_out, n_in + 1)
        h = h @ block[:, :n_in].T + block[:, n_in]
        h = torch.tanh(h) if number < len(LAYERS) - 1 else h
        offset += (n_in + 1) * n_out
    errors = (h[:, 0] - x[:, 2]) ** 2
    errors.sum().backward()
    return errors.detach().numpy(), p.grad.numpy()


def recorded_again(output, leaves, numbers):
    """Return a graph like that of `output` with new leaves at other numbers, and these."""
    from mgcore import Value, topological_order

    fresh = {x: Value(float(n), x.label) for x, n in zip(leaves, numbers, strict=True)}
    for node in topological_order(output):
        if node not in fresh:
            again = node.op is not None
            fresh[node] = node.op(*(fresh[x] for x in node.operands)) if again else node
    return fresh[output], [fresh[x] for x in leaves]


def engine_results(output, inputs, params, X):
    """Values, gradients to inputs, and the mean gradient to params, by the eager engine."""
    from mgcore import grad

    values, to_inputs, to_params = [], [], []
    here = [p.data for p in params]
    for row in X:
        again, leaves = recorded_again(output, [*inputs, *params], [*row, *here])
        values.append(again.data)
        found = grad(again, leaves)
        to_inputs.append(found[: len(inputs)])
        to_params.append(found[len(inputs) :])
    return np.array(values), np.array(to_inputs), np.array(to_params)


def check_against_engine(kernel, output, inputs, params, X, rtol=1e-9, atol=1e-11):
    """Hold values and both gradients of a kernel against the engine on the rows of X."""
    values, to_inputs, to_params = engine_results(output, inputs, params, X)
    np.testing.assert_allclose(kernel(X), values, rtol=rtol, atol=atol)
    found, gradient = kernel.value_and_grad(X)
    np.testing.assert_allclose(found, values, rtol=rtol, atol=atol)
    np.testing.assert_allclose(gradient, to_inputs, rtol=rtol, atol=atol)
    if params:
        loss, gradient = kernel.loss_and_grad(X)
        np.testing.assert_allclose(loss, values.mean(), rtol=rtol, atol=atol)
        np.testing.assert_allclose(gradient, to_params.mean(axis=0), rtol=rtol, atol=atol)
    np.testing.assert_allclose(kernel(X[0]), values[0], rtol=rtol, atol=atol)


@pytest.fixture
def held_against_engine():
    """The check of a kernel against the engine."""
    return check_against_engine


def by_engine(output, inputs, params, X, optimizer, steps=20):
    """Return the parameters after some full-batch steps of the engine, and leave them alone."""
    from mgcore import Value, grad

    moving = [Value(p.data) for p in params]
    update = optimizer.start(moving)
    for _ in range(steps):
        total = np.zeros(len(params))
        for row in X.tolist():
            here = [p.data for p in moving]
            again, leaves = recorded_again(output, [*inputs, *params], [*row, *here])
            total += grad(again, leaves[len(inputs) :])
        for p, gradient in zip(moving, (total / len(X)).tolist(), strict=True):
            p.grad = gradient
        update(optimizer.lr)
    return [p.data for p in moving]


@pytest.fixture
def trained_by_engine():
    """Training by the engine, full batches; the parameters stay."""
    return by_engine

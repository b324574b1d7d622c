"""Mini-batches of a loss that was recorded over its whole data set."""

from __future__ import annotations

import numpy as np
import pytest

import mgcompile
from mgcompile.errors import OptionError
from mgcompile.program.ir import Tape
from mgcore import Value, ops
from mgnn import MLP, optim

BACKENDS = ["numpy", "llvm"]
RNG = np.random.default_rng(8)
X = RNG.normal(size=(22, 3))


def net():
    return MLP(2, [6, 1], activation="tanh", seed=2)


def error(model, row):
    return (model(list(row[:2])) - row[2]) ** 2


def irregular(params):
    """Ninety different nodes: what no pattern is found in."""
    random, value = np.random.default_rng(4), params[0]
    for _ in range(90):
        op = (ops.sin, ops.tanh, ops.softplus, ops.sigmoid)[random.integers(4)]
        value = op(0.3 * value + params[random.integers(len(params))])
    return value


# The recorded loss by the errors of all samples, and the loss of one sample by its error.
LOSSES = {
    "mean": (lambda errors, p: sum(errors) / len(errors), lambda e, p: e),
    "sum": (lambda errors, p: sum(errors), lambda e, p: len(X) * e),
    "penalised": (
        lambda errors, p: sum(errors) * (1.0 / len(errors)) + 0.05 * sum(w * w for w in p),
        lambda e, p: e + 0.05 * sum(w * w for w in p),
    ),
    "sum and mean": (
        lambda errors, p: -(1.0 - sum(errors)) + (0.5 * sum(errors)) / len(errors),
        lambda e, p: (len(X) + 0.5) * e - 1.0,
    ),
    "scaled by a parameter": (
        lambda errors, p: ops.exp(p[0]) * sum(errors) / len(errors) - p[0],
        lambda e, p: ops.exp(p[0]) * e - p[0],
    ),
    "beside an irregular penalty": (
        lambda errors, p: sum(errors) / len(errors) + irregular(p),
        lambda e, p: e + irregular(p),
    ),
}


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", LOSSES)
def test_training_is_that_of_the_loss_of_one_sample(name, backend):
    whole, single = LOSSES[name]
    recorded, other = net(), net()
    errors = [error(recorded, row) for row in X.tolist()]
    kernel = mgcompile.compile(
        whole(errors, recorded.parameters()), params=recorded.parameters(), backend=backend,
        cache=False,
    )  # fmt: skip
    x = [Value(0.0) for _ in range(3)]
    reference = mgcompile.compile(
        single(error(other, x), other.parameters()), x, other.parameters(), backend="numpy",
        cache=False,
    )  # fmt: skip
    for settings in ({"batch_size": 5, "seed": 3}, {"batch_size": 8, "shuffle": False}):
        settings |= {"optimizer": optim.SGD(lr=1e-3, momentum=0.5), "epochs": 3}
        losses = kernel.train(**settings)
        expected = reference.train(X, **settings)
        np.testing.assert_allclose(losses, expected, rtol=1e-10)
        np.testing.assert_allclose(kernel.params, reference.params, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("batch_size", [None, 22, 100])
def test_a_batch_of_all_samples_is_the_recorded_loss(batch_size):
    model = net()
    loss = sum(error(model, row) for row in X.tolist())
    kernel = mgcompile.compile(loss, params=model.parameters(), cache=False)
    value, gradient = kernel.loss_and_grad()
    before = kernel.params
    losses = kernel.train(optimizer=optim.SGD(lr=1e-3), batch_size=batch_size)
    assert losses == pytest.approx([value])
    np.testing.assert_allclose(kernel.params, before - 1e-3 * gradient, rtol=1e-12)


def test_an_irregular_penalty_is_computed_once_a_batch():
    model = net()
    errors = [error(model, row) for row in X.tolist()]
    loss = sum(errors) / len(errors) + irregular(model.parameters())
    kernel = mgcompile.compile(loss, params=model.parameters(), backend="numpy")
    program = kernel._built.derived("minibatch")
    length = {True: 0, False: 0}
    for statement in program.statements:
        if isinstance(statement, Tape):
            length[program.arrays[statement.result].batched] += len(statement.code)
    assert length[False] >= 90
    assert length[True] < length[False]


@pytest.mark.parametrize(
    ("loss", "reason"),
    [
        (lambda errors, w: ops.sqrt(sum(errors) / len(errors)), "applies sqrt to a sum"),
        (lambda errors, w: sum(errors) * sum(errors), "applies mul to a sum"),
        (lambda errors, w: w / sum(errors), "applies div to a sum"),
        (lambda errors, w: ops.maximum(sum(errors), w), "applies maximum to a sum"),
        (lambda errors, w: errors[0] + w, "no data set of 4 samples"),
        (lambda errors, w: w * w, "no data set of 4 samples"),
    ],
    ids=["root", "square", "quotient", "maximum", "one sample", "no sample"],
)
def test_a_loss_that_cannot_be_cut_says_why_and_trains_as_a_whole(loss, reason):
    model = net()
    params = model.parameters()
    errors = [error(model, row) for row in X.tolist()]
    kernel = mgcompile.compile(loss(errors, params[0]), params=params, backend="numpy")
    with pytest.raises(OptionError, match=rf"batch_size is 5.*{reason}.*Leave batch_size out"):
        kernel.train(optimizer=optim.SGD(lr=0.1), batch_size=5)
    kernel.train(optimizer=optim.SGD(lr=1e-6))

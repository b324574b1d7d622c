"""Optimisers that are not mgnn's train kernels too, or say what is missing."""

from __future__ import annotations

import attrs
import numpy as np
import pytest

import mgcompile
from mgcompile.errors import OptionError
from mgcore import Value
from mgnn import MLP, fit, optim

BACKENDS = ["numpy", "llvm"]
X = np.random.default_rng(2).normal(size=(23, 3))


class Heavy:
    """Momentum by Nesterov's formula, and a schedule: it has a state, and no native update."""

    def lr(self, epoch):
        return 0.05 / (1 + epoch)

    def start(self, parameters):
        velocity = [0.0] * len(parameters)

        def step(lr):
            for i, p in enumerate(parameters):
                velocity[i] = 0.9 * velocity[i] + p.grad
                p.data -= lr * (p.grad + 0.9 * velocity[i])

        return step


class SGD(optim.SGD):
    """An update of its own under a name that is known."""

    def start(self, parameters):
        def step(lr):
            for p in parameters:
                p.data -= lr * (1.0 if p.grad > 0 else -1.0)

        return step


@attrs.frozen
class Gentle(optim.Adam):
    """Other settings, the same update."""

    lr: float = 0.003


def kernel_of(model, backend, **options):
    x = [Value(0.0) for _ in range(3)]
    loss = (model(x[:2]) - x[2]) ** 2
    return mgcompile.compile(loss, x, model.parameters(), backend=backend, cache=False, **options)


def net():
    return MLP(2, [4, 1], activation="tanh", seed=1)


@pytest.mark.parametrize("columns", [False, True])
@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("optimizer", [Heavy(), SGD(lr=0.01)], ids=["heavy", "sgd"])
def test_an_update_of_its_own_trains_as_in_the_engine(optimizer, backend, columns):
    model, eager = net(), net()
    data = list(X.T) if columns else X
    losses = kernel_of(model, backend).train(data, optimizer, epochs=3, batch_size=5, seed=4)
    history = fit(
        eager, X[:, :2], X[:, 2], loss="mse", optimizer=optimizer, epochs=3, batch_size=5, seed=4,
        backend="eager", progress=False,
    )  # fmt: skip
    found, expected = ([p.data for p in m.parameters()] for m in (model, eager))
    np.testing.assert_allclose(found, expected, rtol=1e-10)
    np.testing.assert_allclose(losses, history.loss, rtol=1e-10)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("batch_size", [None, 6])
def test_an_update_of_its_own_trains_a_loss_recorded_over_its_data(batch_size, backend):
    model, other = net(), net()
    loss = sum((model(row[:2]) - row[2]) ** 2 for row in X.tolist()) / len(X)
    kernel = mgcompile.compile(loss, params=model.parameters(), backend=backend, cache=False)
    settings = {"optimizer": Heavy(), "epochs": 2, "batch_size": batch_size, "seed": 3}
    losses = kernel.train(**settings)
    reference = kernel_of(other, "numpy")
    np.testing.assert_allclose(losses, reference.train(X, **settings), rtol=1e-10)
    np.testing.assert_allclose(kernel.params, reference.params, rtol=1e-9)


def test_float32_kernels_take_their_parameters_back():
    model = net()
    kernel = kernel_of(model, "llvm", dtype="float32")
    before = kernel.params
    kernel.train(X, SGD(lr=0.01))
    assert kernel.params.dtype == np.float32
    np.testing.assert_allclose(np.abs(kernel.params - before), 0.01, rtol=1e-4)


def test_one_derived_from_mgnns_with_the_same_update_is_native():
    found = []
    for optimizer in (Gentle(), optim.Adam(lr=0.003)):
        model = net()
        history = fit(
            model, X[:, :2], X[:, 2], loss="mse", optimizer=optimizer, epochs=3, seed=4,
            backend="compiled", progress=False,
        )  # fmt: skip
        assert history.backend == "compiled"
        found.append([p.data for p in model.parameters()])
    np.testing.assert_array_equal(*found)


def test_an_error_in_an_update_keeps_the_updates_before():
    class Failing(SGD):
        def start(self, parameters):
            step, calls = super().start(parameters), []

            def limited(lr):
                calls.append(lr)
                if len(calls) == 3:
                    message = "enough"
                    raise RuntimeError(message)
                step(lr)

            return limited

    model = net()
    kernel = kernel_of(model, "llvm")
    before = kernel.params
    with pytest.raises(RuntimeError, match="enough"):
        kernel.train(X, Failing(lr=0.01), batch_size=1)
    moved = np.abs(kernel.params - before)
    assert np.all(np.isclose(moved, 0.02) | np.isclose(moved, 0.0))
    assert np.any(moved > 0.01)


class Rateless:
    def start(self, parameters):
        return parameters.clear


@pytest.mark.parametrize("optimizer", [Rateless(), optim.SGD, lambda lr: None, "adam"])
def test_what_is_no_optimiser_is_told_what_one_needs(optimizer):
    with pytest.raises(OptionError, match=r"optimizer is .*optim\.SGD.*`lr` and `start"):
        kernel_of(net(), "numpy").train(X, optimizer)


def test_fit_takes_the_eager_engine_for_an_update_of_its_own():
    history = fit(
        net(), X[:, :2], X[:, 2], loss="mse", optimizer=SGD(lr=0.01), epochs=1, progress=False
    )
    assert history.backend == "eager"
    assert "SGD" in history.note

"""mgnn.fit with the compiler trains as the eager engine does."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from mgcore import Op, ops
from mgnn import MLP, fit, optim
from mgnn.errors import BackendError, DivergenceError

RNG = np.random.default_rng(5)
X = RNG.normal(size=(50, 3))
TARGETS = {
    "hinge": np.sign(X[:, 0] * X[:, 1]),
    "mse": X[:, 0] - X[:, 2] ** 2,
    "binary_cross_entropy": (X[:, 0] > 0).astype(float),
}
OPTIMIZERS = [
    optim.SGD(lr=0.05),
    optim.SGD(lr=lambda epoch: 0.1 / (1 + epoch), momentum=0.9, weight_decay=1e-3),
    optim.Adam(lr=0.01, betas=(0.8, 0.99), weight_decay=1e-3),
    optim.AdamW(lr=optim.Cosine(0.02, updates=16, warmup=3), weight_decay=0.1),
    optim.SGD(lr=lambda update: 0.1 / (1 + update), momentum=0.5, clip_norm=0.2),
    optim.Adam(lr=0.01, clip_norm=0.1),
    optim.SGD(lr=0.05, weight_decay=1e-3, l1=1e-2),
    optim.AdamW(lr=0.02, weight_decay=0.1, l1=1e-2),
]
NAMES = [
    "sgd", "momentum", "adam", "adamw", "clipped sgd", "clipped adam", "l1 sgd", "l1 adamw"
]  # fmt: skip


def trained(loss, optimizer, backend, **settings):
    model = MLP(3, [8, 1], activation="tanh", seed=7)
    history = fit(
        model, X, TARGETS[loss], loss=loss, optimizer=optimizer, epochs=4, batch_size=16, seed=3,
        backend=backend, progress=False, **settings,
    )  # fmt: skip
    return history, np.array([p.data for p in model.parameters()])


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=NAMES)
@pytest.mark.parametrize("loss", TARGETS)
def test_compiled_training_is_the_eager_training(loss, optimizer):
    eager, expected = trained(loss, optimizer, "eager")
    compiled, found = trained(loss, optimizer, "compiled")
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(compiled.loss, eager.loss, rtol=1e-9)
    np.testing.assert_allclose(compiled.score, eager.score, rtol=1e-9)
    assert compiled.backend == "compiled"


def test_several_outputs_train_with_cross_entropy():
    y = RNG.integers(0, 3, 50)
    models = [MLP(3, [6, 3], activation="relu", seed=1) for _ in range(2)]
    for model, backend in zip(models, ("eager", "compiled"), strict=True):
        fit(model, X, y, loss="cross_entropy", epochs=3, seed=2, backend=backend, progress=False)
    first, second = ([p.data for p in model.parameters()] for model in models)
    np.testing.assert_allclose(first, second, rtol=1e-9, atol=1e-12)


def test_auto_takes_the_compiler_and_falls_back_for_an_unknown_optimiser():
    history, _ = trained("mse", optim.SGD(lr=0.01), "auto")
    assert history.backend == "compiled"

    class Own:
        lr = 0.01

        def start(self, parameters):
            return lambda lr: parameters.clear

    history, _ = trained("mse", Own(), "auto")
    assert history.backend == "eager"
    assert "Own" in history.note
    with pytest.raises(BackendError, match="Own"):
        trained("mse", Own(), "compiled")


def test_auto_falls_back_where_the_compilers_own_packages_are_missing(monkeypatch):
    # as after pip install "mgcore[view]", which brings NumPy but not the extra "compile"
    monkeypatch.setitem(sys.modules, "platformdirs", None)
    monkeypatch.delenv("MGCORE_CACHE", raising=False)
    X, y = [[0.5, -1.0], [1.0, 2.0]], [1.0, -1.0]
    settings = {"loss": "hinge", "epochs": 2, "seed": 1, "progress": False}
    history = fit(MLP(2, [1], seed=1), X, y, backend="auto", **settings)
    assert history.backend == "eager"
    assert 'pip install "mgcore[compile]"' in history.note
    with pytest.raises(BackendError, match="platformdirs"):
        fit(MLP(2, [1], seed=1), X, y, backend="compiled", **settings)


def test_callbacks_see_the_parameters_of_the_epoch():
    seen = []

    def look(epoch):
        seen.append([p.data for p in epoch.model.parameters()])

    _, last = trained("mse", optim.SGD(lr=0.05), "compiled", callbacks=[look])
    assert len(seen) == 4
    assert seen[0] != seen[3]
    np.testing.assert_array_equal(seen[3], last)


def test_an_interrupt_keeps_the_finished_updates():
    calls = []

    def stop(epoch):
        calls.append([p.data for p in epoch.model.parameters()])
        raise KeyboardInterrupt

    _, found = trained("mse", optim.SGD(lr=0.05), "compiled", callbacks=[stop])
    np.testing.assert_array_equal(found, calls[0])


@pytest.mark.parametrize("rate", [3.0, 30.0, 1e3, 1e300])
@pytest.mark.parametrize("optimizer", [optim.SGD, lambda lr: optim.SGD(lr=lr, momentum=0.5)])
def test_a_loss_that_is_not_finite_is_reported_with_the_engines_epoch_and_batch(rate, optimizer):
    y = X[:, 0] - X[:, 2] ** 2
    found = []
    for backend in ("eager", "compiled"):
        model = MLP(3, [1], seed=7)
        with pytest.raises(DivergenceError, match=r"epoch \d+, mini-batch \d+") as caught:
            fit(model, X, y, optimizer=optimizer(lr=rate), epochs=400, batch_size=3, seed=3,
                backend=backend, progress=False)  # fmt: skip
        found.append(str(caught.value))
    assert found[0] == found[1]


def test_a_users_own_op_trains_without_being_registered():
    softsign = Op(
        "softsign_of_test",
        forward=lambda x: x / (1 + abs(x)),
        partials=(lambda out, x: (1 + abs(x)) ** -2,),
    )
    models = []
    for backend in ("eager", "compiled"):
        model = MLP(3, [5, 1], activation="tanh", seed=4)
        first = model.layers[0]

        def call(row, model=model, first=first):
            hidden = [softsign(ops.dot(*n.w, *row) + n.b) for n in first.neurons]
            return model.layers[1](hidden)

        class Wrapped:
            def __init__(self, run, inner):
                self.run, self.inner = run, inner

            def __call__(self, row):
                return self.run(row)

            def parameters(self):
                return self.inner.parameters()

        wrapped = Wrapped(call, model)
        fit(wrapped, X, TARGETS["mse"], epochs=2, seed=1, backend=backend, progress=False)
        models.append([p.data for p in model.parameters()])
    np.testing.assert_allclose(models[0], models[1], rtol=1e-9, atol=1e-12)

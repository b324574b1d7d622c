"""A trainer goes on where its last call ended."""

from collections import deque
from typing import Any

import numpy as np
import pytest

from mgnn import MLP, Module, Trainer, fit, optim

RNG = np.random.default_rng(2)
X = RNG.normal(size=(20, 2))
Y = X[:, 0] * X[:, 1]
BACKENDS = ["eager", "compiled"]
OPTIMIZERS = [optim.SGD(lr=0.1, momentum=0.9), optim.Adam(lr=0.05)]


def net() -> MLP:
    return MLP(2, [4, 1], activation="tanh", seed=1)


def numbers(model: Module) -> list[float]:
    return [p.data for p in model.parameters()]


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=["momentum", "adam"])
def test_two_calls_are_one_longer_call(optimizer: Any, backend: str) -> None:
    settings = {"batch_size": 6, "seed": 3}
    whole, parts = net(), net()
    history = fit(whole, X, Y, optimizer=optimizer, epochs=5, backend=backend, progress=False,
                  **settings)  # fmt: skip
    trainer = Trainer(parts, optimizer=optimizer, backend=backend)
    first = trainer.fit(X, Y, epochs=2, **settings)
    second = trainer.fit(X, Y, epochs=3, **settings)
    assert numbers(parts) == numbers(whole)
    assert first.loss + second.loss == history.loss
    assert (trainer.epochs, trainer.updates) == (5, 20)
    assert first.backend == second.backend == backend


def test_parameters_that_changed_meanwhile_are_trained_on() -> None:
    one, two = net(), net()
    trainers = [Trainer(one, optimizer=optim.SGD(lr=0.1), backend="compiled"),
                Trainer(two, optimizer=optim.SGD(lr=0.1), backend="eager")]  # fmt: skip
    for model, trainer in zip((one, two), trainers, strict=True):
        trainer.fit(X, Y, seed=1)
        for p in model.parameters():
            p.data = 0.25
        trainer.fit(X[:7], Y[:7], seed=1, sample_weight=np.arange(7))
        trainer.fit(X[:9], Y[:9], seed=1)
    assert numbers(one) == pytest.approx(numbers(two), rel=1e-9)


def test_a_model_is_recorded_once_and_its_programs_are_kept() -> None:
    calls = deque[Any]()  # no number, which recording would take for something to compute by

    class Counting(Module):
        def __init__(self) -> None:
            self.inner = net()

        def __call__(self, row: Any) -> Any:
            calls.append(row)
            return self.inner(row)

    trainer = Trainer(Counting(), backend="compiled")
    trainer.fit(X, Y)
    made = len(calls)
    for _ in range(3):
        assert trainer.fit(X, Y).backend == "compiled"
    assert len(calls) == made


def test_the_first_call_of_another_trainer_starts_afresh() -> None:
    model = net()
    fit(model, X, Y, optimizer=OPTIMIZERS[0], epochs=2, seed=1, progress=False)
    state = model.state_dict()
    found = []
    for _ in range(2):
        model.load_state_dict(state)
        fit(model, X, Y, optimizer=OPTIMIZERS[0], epochs=2, seed=1, progress=False)
        found.append(numbers(model))
    assert found[0] == found[1]


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_trainer_started_again_is_a_new_one_with_another_optimizer(backend: str) -> None:
    model, fresh = net(), net()
    start = numbers(model)
    trainer = Trainer(model, optimizer=optim.Adam(lr=0.05), backend=backend)
    trainer.fit(X, Y, epochs=3, seed=1)
    for p, number in zip(model.parameters(), start, strict=True):
        p.data = number
    trainer.restart(optim.SGD(lr=0.1, momentum=0.9))
    assert (trainer.epochs, trainer.updates) == (0, 0)
    trainer.fit(X, Y, epochs=2, seed=4)
    Trainer(fresh, optimizer=optim.SGD(lr=0.1, momentum=0.9), backend=backend).fit(
        X, Y, epochs=2, seed=4
    )
    assert numbers(model) == numbers(fresh)

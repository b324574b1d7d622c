"""Training: against PyTorch, between backends, interrupted, diverging, watched."""

import random
import subprocess
import sys
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mgcore import Value
from mgnn import MLP, Epoch, Module, StopTraining, fit, losses, optim
from mgnn.errors import (
    DivergenceError,
    LabelError,
    ShapeError,
    TrainingSettingError,
    UnknownNameError,
)
from mgnn.losses import Loss

Samples = tuple[list[list[float]], list[int]]


def numbers(model: Module) -> list[float]:
    return [p.data for p in model.parameters()]


@pytest.mark.parametrize("loss", ["hinge", "cross_entropy", "mse", "binary_cross_entropy"])
def test_both_backends_train_the_same(loss: str, moons: Samples) -> None:
    X, y = moons
    outputs = 2 if loss == "cross_entropy" else 1
    labels = [2 * label - 1 for label in y] if loss == "hinge" else y
    trained = []
    for backend in ("eager", "compiled"):
        model = MLP(2, [6, outputs], activation="sigmoid", seed=5)
        history = fit(model, X, labels, loss=loss, optimizer=optim.Adam(lr=0.02), epochs=3,
                      batch_size=7, seed=1, backend=backend, progress=False)  # fmt: skip
        trained.append((numbers(model), history))
    (eager, first), (compiled, second) = trained
    assert compiled == pytest.approx(eager, rel=1e-9, abs=1e-12)
    assert second.loss == pytest.approx(first.loss, rel=1e-9)
    assert second.score == pytest.approx(first.score)
    assert second.score_name == first.score_name


def test_the_moons_are_learnt(moons: Samples) -> None:
    X, y = moons
    model = MLP(2, [16, 16, 1], seed=7)
    history = fit(model, X, [2 * label - 1 for label in y], loss="hinge",
                  optimizer=optim.SGD(lr=0.2, momentum=0.9), epochs=25, batch_size=20, seed=7,
                  backend="eager", progress=False)  # fmt: skip
    assert history.score[-1] >= 0.95
    assert history.score_name == "accuracy"
    assert len(history.loss) == len(history.score) == 25
    assert history.loss[-1] < history.loss[0] / 3
    assert history.seconds > 0.0
    right = sum((model(x).data > 0) == label for x, label in zip(X, y, strict=True)) / len(X)
    assert history.score[-1] == right


def test_a_line_is_found_by_regression() -> None:
    X = [[x / 10] for x in range(-10, 11)]
    model = MLP(1, [1], seed=1)
    history = fit(model, X, [3 * x - 2 for (x,) in X], optimizer=optim.SGD(lr=0.3), epochs=60,
                  batch_size=None, backend="eager", progress=False)  # fmt: skip
    assert numbers(model) == pytest.approx([3.0, -2.0], abs=1e-3)
    assert history.score_name == "R2"
    assert history.score[-1] == pytest.approx(1.0, abs=1e-5)


def test_frames_arrays_and_lists_train_the_same(moons: Samples) -> None:
    X, y = moons
    found = []
    for data, labels in (
        (X, y),
        (np.array(X), np.array(y)),
        (pd.DataFrame(X, columns=["a", "b"]), pd.Series(y)),
    ):
        model = MLP(2, [3, 1], seed=2)
        fit(model, data, labels, epochs=1, seed=1, backend="eager", progress=False)
        found.append(numbers(model))
    assert found[0] == found[1] == found[2]


def test_a_seed_repeats_the_training_and_without_one_random_decides(moons: Samples) -> None:
    X, y = moons

    def trained(seed: int | None) -> list[float]:
        model = MLP(2, [3, 1], seed=2)
        fit(model, X, y, epochs=1, batch_size=8, seed=seed, backend="eager", progress=False)
        return numbers(model)

    assert trained(1) == trained(1) != trained(2)
    random.seed(3)
    first = trained(None)
    assert trained(None) != first
    random.seed(3)
    assert trained(None) == first


class Siamese(Module):
    """A model of one's own: the same neuron sees two inputs."""

    def __init__(self) -> None:
        self.weight = Value(0.5)

    def __call__(self, x: Any) -> Value:
        out: Value = (x[0] * self.weight - x[1] * self.weight) ** 2
        return out


@pytest.mark.parametrize("backend", ["eager", "auto"])
def test_any_module_with_parameters_is_trained(backend: str) -> None:
    model = Siamese()
    fit(model, [[1.0, 2.0], [0.5, 3.0]], [4.0, 25.0], optimizer=optim.SGD(lr=0.001), epochs=200,
        backend=backend, progress=False)  # fmt: skip
    assert abs(model.weight.data) == pytest.approx(2.0, abs=1e-6)


@pytest.mark.parametrize("backend", ["eager", "compiled"])
def test_callbacks_see_every_epoch_and_the_model_as_it_is(backend: str, moons: Samples) -> None:
    X, y = moons
    seen: list[tuple[int, float, float, list[float]]] = []

    def watch(epoch: Epoch) -> None:
        seen.append((epoch.number, epoch.loss, epoch.score, numbers(epoch.model)))

    model = MLP(2, [3, 1], seed=2)
    history = fit(model, X, y, epochs=3, backend=backend, progress=False, callbacks=[watch])
    assert [number for number, *_ in seen] == [1, 2, 3]
    assert [loss for _, loss, _, _ in seen] == history.loss
    assert [score for _, _, score, _ in seen] == history.score
    states = [state for *_, state in seen]
    assert states[0] != states[1] != states[2]
    assert states[-1] == numbers(model)


@pytest.mark.parametrize("backend", ["eager", "compiled"])
def test_a_callback_may_stop_the_training(backend: str, moons: Samples) -> None:
    X, y = moons

    def stop(epoch: Epoch) -> None:
        if epoch.number == 2:
            raise StopTraining("good enough")

    model = MLP(2, [3, 1], seed=2)
    history = fit(model, X, y, epochs=9, seed=4, backend=backend, progress=False, callbacks=[stop])
    assert len(history.loss) == 2
    assert history.note == "good enough"
    twin = MLP(2, [3, 1], seed=2)
    fit(twin, X, y, epochs=2, seed=4, backend="eager", progress=False)
    assert numbers(model) == pytest.approx(numbers(twin), rel=1e-9)


@pytest.mark.parametrize("backend", ["eager", "compiled"])
def test_ctrl_c_keeps_what_has_been_learnt_and_says_so(
    backend: str, moons: Samples, capsys: pytest.CaptureFixture[str]
) -> None:
    X, y = moons

    def press(epoch: Epoch) -> None:
        if epoch.number == 2:
            raise KeyboardInterrupt

    model = MLP(2, [3, 1], seed=2)
    history = fit(model, X, y, epochs=9, seed=4, backend=backend, progress=False,
                  callbacks=[press])  # fmt: skip
    assert history.note == "interrupted in epoch 3 of 9"
    assert "interrupted in epoch 3 of 9; the model keeps" in capsys.readouterr().err
    twin = MLP(2, [3, 1], seed=2)
    fit(twin, X, y, epochs=2, seed=4, backend="eager", progress=False)
    assert numbers(model) == pytest.approx(numbers(twin), rel=1e-9)


def test_ctrl_c_inside_an_epoch_keeps_the_finished_updates() -> None:
    calls = 0

    class Pressed(Siamese):
        def __call__(self, x: Any) -> Value:
            nonlocal calls
            calls += 1
            if calls == 6:  # one call checks the shapes; then 3 updates of one sample each
                raise KeyboardInterrupt
            return super().__call__(x)

    def trained(model: Siamese, epochs: int) -> float:
        fit(model, [[1.0, 2.0]] * 10, [4.0] * 10, optimizer=optim.SGD(lr=0.01), epochs=epochs,
            batch_size=1, shuffle=False, backend="eager", progress=False)  # fmt: skip
        return model.weight.data

    stopped = trained(Pressed(), 1)
    weight = 0.5
    for _ in range(4):  # (w^2 - 4)^2 has the slope 4 w (w^2 - 4)
        weight -= 0.01 * 4 * weight * (weight**2 - 4)
    assert stopped == pytest.approx(weight)


@pytest.mark.parametrize("backend", ["eager", "compiled"])
def test_a_loss_that_diverges_names_the_epoch_and_the_remedy(backend: str, moons: Samples) -> None:
    X, y = moons
    model = MLP(2, [4, 1], seed=2)
    with pytest.raises(DivergenceError, match=r"epoch \d+.*Lower the learning rate \(it is 1e\+06"):
        fit(model, X, y, loss="mse", optimizer=optim.SGD(lr=1e6), epochs=50, batch_size=16,
            backend=backend, progress=False)  # fmt: skip


def test_the_engine_names_the_mini_batch_that_diverged() -> None:
    with pytest.raises(DivergenceError, match="epoch 1, mini-batch 2"):
        fit(MLP(1, [1], seed=1), [[1e100]] * 4, [0.0] * 4, optimizer=optim.SGD(lr=1e-100),
            batch_size=1, backend="eager", progress=False)  # fmt: skip


def test_the_bar_shows_loss_and_score(moons: Samples, capsys: pytest.CaptureFixture[str]) -> None:
    X, y = moons
    fit(MLP(2, [2, 1], seed=1), X, y, epochs=2, backend="eager")
    shown = capsys.readouterr().err
    assert "2/2" in shown
    assert "loss" in shown
    assert "R2" in shown


def test_no_bar_no_output(moons: Samples, capsys: pytest.CaptureFixture[str]) -> None:
    X, y = moons
    fit(MLP(2, [2, 1], seed=1), X, y, epochs=2, backend="eager", progress=False)
    told = capsys.readouterr()
    assert told.err == told.out == ""


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        ({"X": [[1.0, 2.0, 3.0]], "y": [1]}, ShapeError, "X has 3 columns.*2 inputs"),
        ({"y": [1]}, ShapeError, "X has 2 rows, y has 1"),
        ({"loss": "hinge"}, LabelError, "label 0 in row 0; hinge takes -1 and 1"),
        ({"loss": "mze"}, UnknownNameError, "did you mean mse"),
        ({"optimizer": "sdg"}, UnknownNameError, "did you mean sgd"),
        ({"epochs": 0}, TrainingSettingError, "epochs is 0"),
        ({"epochs": 1.5}, TrainingSettingError, "epochs is 1.5"),
        ({"batch_size": -1}, TrainingSettingError, "batch_size is -1"),
        ({"epochs": np.True_}, TrainingSettingError, "epochs is np.True_"),
        ({"seed": 1.5}, TrainingSettingError, "seed is 1.5"),
        ({"model": Module()}, ShapeError, "no parameters"),
    ],
)
def test_a_mistake_is_named_before_anything_is_trained(
    arguments: dict[str, Any], error: type[Exception], text: str
) -> None:
    model = MLP(2, [2, 1], seed=1)
    before = numbers(model)
    given = {"model": model, "X": [[1.0, 2.0], [3.0, 4.0]], "y": [0, 1], "progress": False}
    with pytest.raises(error, match=text):
        fit(**{**given, **arguments})
    assert numbers(model) == before


def test_nets_are_trained_without_numpy_tqdm_and_the_compiler() -> None:
    script = """
import sys
for name in ("numpy", "tqdm", "llvmlite", "pandas"):
    sys.modules[name] = None
from mgnn import MLP, fit
history = fit(MLP(2, [4, 1], seed=1), [[0.0, 1.0], [1.0, 0.0]], [0, 1], epochs=2)
print(history.backend, len(history.loss))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout == "eager 2\n", done.stderr


def test_importing_mgnn_imports_no_heavy_library() -> None:
    script = "import sys, mgnn; print(sorted({'numpy', 'tqdm', 'mgcompile'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout == "[]\n", done.stderr


@pytest.mark.parametrize("backend", ["eager", "compiled"])
def test_numbers_of_numpy_are_numbers(backend: str, moons: Samples) -> None:
    X, y = moons
    found = []
    for whole, real in ((int, float), (np.int64, np.float32), (np.uint8, np.float16)):
        model = MLP(whole(2), [whole(3), whole(1)], seed=whole(2))
        rates = {"lr": real(0.125), "betas": (real(0.75), real(0.5)), "eps": real(2.0**-10)}
        adam = optim.Adam(**rates)
        history = fit(model, X, y, optimizer=adam, epochs=whole(2), batch_size=whole(16),
                      seed=whole(4), backend=backend, progress=False)  # fmt: skip
        assert all(type(p.data) is float for p in model.parameters())
        found.append((history.loss, numbers(model)))
    assert found[0] == found[1] == found[2]


@pytest.mark.parametrize("rate", [np.float32(0.1), lambda _: np.float32(0.1)])
def test_a_rate_of_numpy_leaves_parameters_in_double_precision(rate: Any) -> None:
    model = MLP(1, [1], seed=1)
    fit(model, [[1.0]], [1.0], optimizer=optim.SGD(lr=rate), epochs=1, backend="eager",
        progress=False)  # fmt: skip
    assert [type(n) for n in numbers(model)] == [float, float]


@pytest.mark.parametrize("backend", ["eager", "compiled"])
def test_two_targets_for_one_output_are_refused_in_both_backends(backend: str) -> None:
    pair = Loss(
        "pair",
        lambda outputs, targets: (outputs[0] - targets[0]) ** 2 + (outputs[0] - targets[1]) ** 2,
        lambda y, _: [list(row) for row in y],
        losses.mse.score,
    )
    X, y = [[1.0], [2.0]], [[1.0, 2.0], [3.0, 4.0]]
    with pytest.raises(ShapeError, match="2 numbers in row 0, but the model has 1 output"):
        fit(MLP(1, [1], seed=1), X, y, backend=backend, progress=False)
    with pytest.raises(ShapeError, match="gives 1 number a sample, but there are 2 targets"):
        fit(MLP(1, [1], seed=1), X, y, loss=pair, backend=backend, progress=False)

"""mgnn.fit trains compiled only what one recorded sample stands for, and else says why not."""

from __future__ import annotations

import math
import random
import threading
from typing import Any

import numpy as np
import pytest

from mgcore import Value, grad, ops
from mgnn import MLP, Module, fit, losses, optim
from mgnn.errors import BackendError
from mgnn.losses import Loss, mse


class Line(Module):
    def __init__(self) -> None:
        self.w = Value(0.0)

    def __call__(self, row: Any) -> Any:
        return self.w * row[0]


def own(sample: Any) -> Loss:
    return Loss("own", sample, mse.encode, mse.score)


def huber_by_data(outputs, targets):
    (error,) = [out - t for out, t in zip(outputs, targets, strict=True)]
    if abs(error.data) < 1:
        return error * error * 0.5
    return abs(error) - 0.5


X = [[float(i)] for i in range(8)]
Y = [float(i) for i in range(7)] + [60.0]  # the line y = x with an outlier


def by_hand(epochs: int, rate: float) -> float:
    """Gradient descent on the mean Huber loss of w x, written out."""
    w = 0.0
    for _ in range(epochs):
        slope = 0.0
        for (x,), y in zip(X, Y, strict=True):
            error = w * x - y
            slope += (error if abs(error) < 1 else math.copysign(1.0, error)) * x
        w -= rate * slope / len(X)
    return w


def test_a_loss_that_looks_at_numbers_is_trained_eagerly_and_the_note_names_it():
    model = Line()
    settings = {"optimizer": optim.SGD(lr=0.02), "epochs": 300, "batch_size": None}
    history = fit(model, X, Y, loss=own(huber_by_data), progress=False, **settings)
    assert history.backend == "eager"
    assert "huber_by_data (test_fit_recording.py:" in history.note
    assert "looks at .data" in history.note
    assert "ops.select" in history.note
    assert model.w.data == pytest.approx(by_hand(300, 0.02), rel=1e-12)
    # where the slopes of the 6 inner points balance the outlier's 7: 55 (w - 1) + ... = 7
    assert model.w.data == pytest.approx(1.0 + 7.0 / 91.0, abs=0.05)


def test_the_same_loss_written_in_ops_is_compiled_to_the_same_training():
    def huber(outputs, targets):
        size = abs(outputs[0] - targets[0])
        return ops.select(ops.lt(size, 1.0), size * size * 0.5, size - 0.5)

    model = Line()
    history = fit(model, X, Y, loss=own(huber), optimizer=optim.SGD(lr=0.02), epochs=300,
                  batch_size=None, progress=False)  # fmt: skip
    assert history.backend == "compiled"
    assert model.w.data == pytest.approx(by_hand(300, 0.02), rel=1e-9)


class Dropout(Module):
    def __init__(self, draw: Any) -> None:
        self.inner = MLP(1, [4, 1], seed=1)
        self.draw = draw

    def __call__(self, row: Any) -> Any:
        hidden = self.inner.layers[0](row)
        return self.inner.layers[1]([h * (2.0 if self.draw() < 0.5 else 0.0) for h in hidden])


class Seldom(Line):
    """Takes the other way for one sample of a hundred thousand."""

    def __init__(self, generator: Any) -> None:
        super().__init__()
        self.generator = generator()

    def __call__(self, row: Any) -> Any:
        return self.w * row[0] * (2.0 if self.generator.random() < 1e-5 else 1.0)


class ByText(Line):
    def __call__(self, row: Any) -> Any:
        return self.w * row[0] * (2.0 if str(row[0]).count("7") > 30 else 1.0)


class ByTruth(Line):
    def __call__(self, row: Any) -> Any:
        return self.w * row[0] if row[0] else self.w + 1.0


class ByEquality(Line):
    def __call__(self, row: Any) -> Any:
        return self.w * 7.0 if row[0] == 3.0 else self.w * row[0]


class ByKind(Line):
    def __call__(self, row: Any) -> Any:
        return self.w * (row[0] if isinstance(row[0], Value) else 2.0 * row[0])


class ByIndex(Line):
    def __call__(self, row: Any) -> Any:
        return self.w * [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0][int(row[0])]


class ByItsOwnNumber(Line):
    def __call__(self, row: Any) -> Any:
        return self.w * row[0] * (1.0 if self.w.data < 0.5 else 2.0)


class Counting(Line):
    def __init__(self) -> None:
        super().__init__()
        self.calls = 0

    def __call__(self, row: Any) -> Any:
        self.calls += 1
        return self.w * row[0] * float(self.calls % 3)


class WarmingUp(Line):
    """Another function from the thirtieth call on, long after it was recorded."""

    def __init__(self) -> None:
        super().__init__()
        self.calls = 0

    def __call__(self, row: Any) -> Any:
        self.calls += 1
        return self.w * row[0] if self.calls > 30 else self.w * 0.0 + row[0]


class WarmingUpInAnArray(WarmingUp):
    def __init__(self) -> None:
        super().__init__()
        self.seen = np.zeros(1)

    def __call__(self, row: Any) -> Any:
        self.seen += 1
        return self.w * row[0] * (2.0 if self.seen[0] > 30 else 1.0)


calls = 0


class WarmingUpByAGlobal(Line):
    def __call__(self, row: Any) -> Any:
        global calls
        calls += 1
        return self.w * row[0] * (2.0 if calls > 30 else 1.0)


def warming_up_by_a_closure() -> Line:
    n = 0

    class Around(Line):
        def __call__(self, row: Any) -> Any:
            nonlocal n
            n += 1
            return self.w * row[0] * (2.0 if n > 30 else 1.0)

    return Around()


class ByAFloatGradient(Line):
    def __init__(self) -> None:
        super().__init__()
        self.w.data = 0.5

    def __call__(self, row: Any) -> Any:
        (slope,) = grad(self.w**3, [self.w])
        return self.w * row[0] * slope


class Setting(Line):
    def __call__(self, row: Any) -> Any:
        self.w.data = min(self.w.data, 1.0)
        return self.w * row[0]


PRIVATE, NUMPYS = random.Random(4), np.random.default_rng(4)


@pytest.mark.parametrize(
    ("model", "why"),
    [
        (lambda: Dropout(random.random), "draws random numbers"),
        (lambda: Dropout(np.random.random), "draws random numbers"),
        (lambda: Dropout(PRIVATE.random), "draws random numbers"),
        (lambda: Dropout(NUMPYS.random), "draws random numbers"),
        (lambda: Seldom(lambda: PRIVATE), "draws random numbers"),
        (lambda: Seldom(lambda: NUMPYS), "draws random numbers"),
        (lambda: Seldom(lambda: random.Random(1)), "draws random numbers"),
        (ByText, "asks for the text"),
        (ByTruth, "asks for the truth"),
        (ByEquality, "compares by =="),
        (ByKind, "plain numbers"),
        (ByIndex, "cannot be recorded with Values: TypeError"),
        (ByItsOwnNumber, "ByItsOwnNumber.__call__ .* looks at .data"),
        (Counting, "a constant was"),
        (WarmingUp, "changes WarmingUp.calls while it is recorded"),
        (WarmingUpInAnArray, "changes WarmingUpInAnArray.seen while it is recorded"),
        (WarmingUpByAGlobal, "changes calls while it is recorded"),
        (warming_up_by_a_closure, "changes n while it is recorded"),
        (ByAFloatGradient, "computes it from numbers of the sample or the parameters"),
        (Setting, "looks at .data"),
    ],
    ids=lambda case: getattr(case, "__name__", None),
)
def test_a_model_that_one_recording_does_not_stand_for_is_refused_by_name(model, why):
    settings = {"optimizer": optim.SGD(lr=1e-3), "epochs": 2, "seed": 1, "progress": False}
    history = fit(model(), X, Y, **settings)
    assert history.backend == "eager"
    with pytest.raises(BackendError, match=why):
        fit(model(), X, Y, backend="compiled", **settings)


def test_generators_of_the_model_are_given_back_as_they_were():
    following = []
    for backend in ("eager", "auto"):
        model = Seldom(lambda: np.random.default_rng(3))
        fit(model, X, Y, backend=backend, epochs=1, optimizer=optim.SGD(lr=1e-3), progress=False)
        following.append(model.generator.random())
    assert following[0] == following[1]


def test_a_model_that_counts_its_calls_trains_as_if_it_had_never_been_recorded():
    slopes = []
    for backend in ("eager", "auto"):
        model = WarmingUp()
        settings = {"optimizer": optim.SGD(lr=1e-3), "epochs": 6, "seed": 1, "batch_size": 2}
        fit(model, X, Y, backend=backend, progress=False, **settings)
        slopes.append(model.w.data)
    assert slopes[0] == slopes[1] != 0.0


def test_what_a_model_sets_once_and_for_all_is_no_reason_against_compiling():
    class Lazy(Line):
        def __call__(self, row: Any) -> Any:
            self.width = len(row)
            return self.w * row[0]

    model = Lazy()
    history = fit(model, X, Y, optimizer=optim.SGD(lr=1e-3), epochs=1, progress=False)
    assert history.backend == "compiled"
    assert not history.note


def test_looking_at_numbers_is_found_in_every_sample_where_only_one_takes_the_other_way():
    def rare(outputs, targets):
        (error,) = [out - t for out, t in zip(outputs, targets, strict=True)]
        return error * error if error.data > -50.0 else error * 0.0

    rows = [[1.0]] * 500
    targets = [0.5] * 500
    targets[317] = 100.0
    with pytest.raises(BackendError, match=r"rare \(test_fit_recording.py:\d+\) looks at .data"):
        fit(Line(), rows, targets, loss=own(rare), backend="compiled", progress=False)


def test_recording_changes_neither_the_model_nor_the_generators():
    model = MLP(1, [3, 1], seed=2)
    before = [p.data for p in model.parameters()]
    random.seed(5)
    np.random.seed(5)
    fit(model, X, Y, optimizer=optim.SGD(lr=0.0), epochs=1, seed=1, progress=False)
    assert (random.random(), np.random.random()) == (
        random.Random(5).random(), np.random.RandomState(5).random_sample(),
    )  # fmt: skip
    assert [p.data for p in model.parameters()] == before
    assert {type(p) for p in model.parameters()} == {Value}


class WithAThread(Line):
    """A thread of somebody else's draws a random number while the model is recorded first."""

    drawn = False

    def __call__(self, row: Any) -> Any:
        if not self.drawn and isinstance(row[0], Value):
            self.drawn = True
            thread = threading.Thread(target=random.random)
            thread.start()
            thread.join()
        return super().__call__(row)


def test_what_other_threads_draw_is_not_laid_to_the_models_charge():
    model = WithAThread()
    assert fit(model, X, Y, epochs=1, backend="compiled", progress=False).backend == "compiled"
    assert model.drawn


@pytest.mark.parametrize("loss", ["mse", "hinge", "binary_cross_entropy", "cross_entropy"])
@pytest.mark.parametrize("activation", ["relu", "tanh", "gelu", "silu", "leaky_relu", "elu"])
def test_nothing_that_ships_looks_at_numbers(loss, activation):
    y = {"hinge": [-1, 1], "cross_entropy": [0, 1]}.get(loss, [0, 1])
    outputs = 2 if loss == "cross_entropy" else 1
    model = MLP(2, [3, outputs], activation=activation, seed=1)
    history = fit(model, [[1.0, 2.0], [0.5, -1.0]], y, loss=losses.by_name(loss), epochs=1,
                  progress=False)  # fmt: skip
    assert (history.backend, history.note) == ("compiled", "")

"""Validation data and early stopping, in both backends."""

from typing import Any

import numpy as np
import pytest

from mgcore import Value
from mgnn import MLP, EarlyStopping, Epoch, Module, fit, optim
from mgnn.errors import LabelError, ShapeError, TrainingSettingError

BACKENDS = ["eager", "compiled"]


class Line(Module):
    """Learns 2 from y = 2 x, and passes 1 on its way there."""

    def __init__(self) -> None:
        self.w = Value(0.0)

    def __call__(self, row: Any) -> Any:
        return self.w * row[0]


def train(model: Line, backend: str, **settings: Any) -> Any:
    # w -= 0.05 * 2 (w - 2): the distance to 2 shrinks by 0.9 in each epoch
    return fit(model, [[1.0]], [2.0], optimizer=optim.SGD(lr=0.05), backend=backend,
               progress=False, **settings)  # fmt: skip


def after(epoch: int) -> float:
    return float(2.0 - 2.0 * 0.9**epoch)


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_validation_data_are_judged_after_every_epoch(backend: str) -> None:
    seen: list[Epoch] = []
    data = [[1.0], [2.0]], [1.0, 4.0]
    history = train(Line(), backend, epochs=3, validation_data=data, callbacks=[seen.append])
    expected = [((after(e) - 1) ** 2 + (2 * after(e) - 4) ** 2) / 2 for e in (1, 2, 3)]
    assert history.validation_loss == pytest.approx(expected)
    spread = 2 * 1.5**2
    assert history.validation_score == pytest.approx([1 - 2 * x / spread for x in expected])
    assert [e.validation_loss for e in seen] == history.validation_loss
    assert [e.validation_score for e in seen] == history.validation_score
    assert history.best_epoch is None


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_validation_data_may_have_weights_of_their_own(backend: str) -> None:
    data = [[1.0], [2.0]], [1.0, 4.0], [3.0, 1.0]
    for weight in (None, [5.0]):
        history = train(Line(), backend, epochs=2, validation_data=data, sample_weight=weight)
        expected = [(3 * (after(e) - 1) ** 2 + (2 * after(e) - 4) ** 2) / 4 for e in (1, 2)]
        assert history.validation_loss == pytest.approx(expected)
    history = train(Line(), backend, epochs=1, validation_data=data[:2], sample_weight=[5.0])
    assert history.validation_loss == pytest.approx(
        [((after(1) - 1) ** 2 + (2 * after(1) - 4) ** 2) / 2]
    )


@pytest.mark.parametrize("backend", BACKENDS)
def test_training_ends_when_patience_does_and_the_best_parameters_stay(backend: str) -> None:
    # |w - 1| is least after 7 epochs: 2 - 2 * 0.9^7 = 1.0434, after 6 it is 0.9371
    model = Line()
    stopping = EarlyStopping(patience=4)
    history = train(model, backend, epochs=99, validation_data=([[1.0]], [1.0]),
                    early_stopping=stopping)  # fmt: skip
    assert history.best_epoch == 7
    assert len(history.loss) == 11
    assert model.w.data == pytest.approx(after(7))
    assert history.note == (
        "stopped after epoch 11: the validation loss has not got better since epoch 7"
    )


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_last_parameters_stay_if_asked_for(backend: str) -> None:
    model = Line()
    stopping = EarlyStopping(patience=2, restore_best=False)
    history = train(model, backend, epochs=99, validation_data=([[1.0]], [1.0]),
                    early_stopping=stopping)  # fmt: skip
    assert (history.best_epoch, len(history.loss)) == (7, 9)
    assert model.w.data == pytest.approx(after(9))


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_best_parameters_are_kept_where_all_epochs_are_done_or_ctrl_c_ends_them(
    backend: str,
) -> None:
    def press(epoch: Epoch) -> None:
        if epoch.number == 9:
            raise KeyboardInterrupt

    for settings in ({"epochs": 8}, {"epochs": 99, "callbacks": [press]}):
        model = Line()
        train(model, backend, validation_data=([[1.0]], [1.0]), early_stopping=True, **settings)
        assert model.w.data == pytest.approx(after(7))


def test_without_validation_data_the_loss_of_training_is_watched() -> None:
    # it falls by the factor 0.81 each time: from 4 to 3.24 by 0.76, then to 2.62 by less than 0.7
    history = train(Line(), "eager", epochs=99,
                    early_stopping=EarlyStopping(patience=1, min_delta=0.7))  # fmt: skip
    assert history.loss == pytest.approx([4.0, 4.0 * 0.81, 4.0 * 0.81**2])
    assert (history.best_epoch, len(history.loss)) == (2, 3)


@pytest.mark.parametrize("monitor", ["score", "validation_score"])
def test_a_score_gets_better_by_growing(monitor: str) -> None:
    data = [[1.0], [-1.0]], [1.0, -1.0]
    history = fit(Line(), [[1.0], [-1.0]], [2.0, -2.0], optimizer=optim.SGD(lr=0.05), epochs=30,
                  batch_size=None, validation_data=data, progress=False,
                  early_stopping=EarlyStopping(patience=3, monitor=monitor))  # type: ignore[arg-type]  # fmt: skip
    scores = getattr(history, monitor)
    assert history.best_epoch == 1 + int(np.argmax(scores)) == (30 if monitor == "score" else 7)


@pytest.mark.parametrize(
    ("settings", "error", "text"),
    [
        ({"validation_data": [[1.0]]}, TrainingSettingError, r"given as \(X, y\)"),
        ({"validation_data": ([[1.0, 2.0]], [1.0])}, ShapeError, "X of validation_data has 2"),
        ({"validation_data": ([[1.0]], [0.5])}, LabelError, "label 0.5"),
        ({"early_stopping": 5}, TrainingSettingError, r"give True or mgnn.EarlyStopping"),
        (
            {"early_stopping": EarlyStopping(monitor="validation_loss")},
            TrainingSettingError,
            "there is no validation data",
        ),
    ],
)
def test_a_mistake_is_named(settings: dict[str, Any], error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        fit(MLP(1, [1]), [[1.0]], [1.0], loss="hinge", progress=False, **settings)


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"patience": 0}, "patience is 0"),
        ({"min_delta": -1.0}, "min_delta is -1.0"),
        ({"monitor": "val_loss"}, "monitor is 'val_loss'; it must be one of loss, score"),
    ],
)
def test_an_impossible_setting_is_refused(settings: dict[str, Any], text: str) -> None:
    with pytest.raises(TrainingSettingError, match=text):
        EarlyStopping(**settings)

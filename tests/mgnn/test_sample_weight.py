"""Weights of samples: as if a sample came so many times, in both backends."""

from typing import Any

import numpy as np
import pytest
from sklearn import metrics

from mgcore import Value
from mgnn import MLP, Module, fit, losses, optim
from mgnn.data import Table
from mgnn.errors import DataError, ShapeError
from mgnn.sample_weights import weighted, with_weights

BACKENDS = ["eager", "compiled"]
RNG = np.random.default_rng(8)
X = RNG.normal(size=(12, 2))
WEIGHTS = RNG.integers(0, 4, 12)
TARGETS = {
    "mse": X[:, 0] - X[:, 1] ** 2,
    "hinge": np.sign(X[:, 0] * X[:, 1]),
    "binary_cross_entropy": (X[:, 0] > 0) * 1.0,
    "cross_entropy": (X[:, 0] > 0) * 1,
}


class Line(Module):
    def __init__(self) -> None:
        self.w = Value(0.0)

    def __call__(self, row: Any) -> Any:
        return self.w * row[0]


def numbers(model: Module) -> list[float]:
    return [p.data for p in model.parameters()]


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("loss", TARGETS)
def test_a_weight_counts_as_so_many_copies(loss: str, backend: str) -> None:
    y, trained = TARGETS[loss], []
    for rows, weights in ((np.arange(12), WEIGHTS), (np.repeat(np.arange(12), WEIGHTS), None)):
        model = MLP(2, [4, 2 if loss == "cross_entropy" else 1], activation="tanh", seed=3)
        history = fit(model, X[rows], y[rows], loss=loss, sample_weight=weights, epochs=5,
                      optimizer=optim.Adam(lr=0.05), batch_size=None, backend=backend,
                      progress=False)  # fmt: skip
        assert history.backend == backend
        trained.append((numbers(model), history.loss, history.score))
    assert trained[0][0] == pytest.approx(trained[1][0], rel=1e-9)
    assert trained[0][1] == pytest.approx(trained[1][1], rel=1e-9)
    assert trained[0][2] == pytest.approx(trained[1][2], rel=1e-9)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_step_goes_down_the_weighted_mean(backend: str) -> None:
    # slope of (1 (w - 2)^2 + 3 (2w - 1)^2) / 4 at w = 0: (1 * -4 + 3 * -4) / 4 = -4
    model = Line()
    history = fit(model, [[1.0], [2.0]], [2.0, 1.0], sample_weight=[10.0, 30.0], epochs=1,
                  optimizer=optim.SGD(lr=0.125), batch_size=None, backend=backend,
                  progress=False)  # fmt: skip
    assert model.w.data == pytest.approx(0.5)
    assert history.loss == pytest.approx([(1 * 4 + 3 * 1) / 4])


@pytest.mark.parametrize("backend", BACKENDS)
def test_mini_batches_of_weighted_samples_are_the_same_in_both_backends(backend: str) -> None:
    model = MLP(2, [4, 1], activation="tanh", seed=3)
    fit(model, X, TARGETS["mse"], sample_weight=WEIGHTS, epochs=3, batch_size=5, seed=2,
        optimizer=optim.SGD(lr=0.1, momentum=0.5), backend=backend, progress=False)  # fmt: skip
    twin = MLP(2, [4, 1], activation="tanh", seed=3)
    fit(twin, X, TARGETS["mse"], sample_weight=WEIGHTS / 7, epochs=3, batch_size=5, seed=2,
        optimizer=optim.SGD(lr=0.1, momentum=0.5), backend="eager", progress=False)  # fmt: skip
    assert numbers(model) == pytest.approx(numbers(twin), rel=1e-9)


@pytest.mark.parametrize(
    ("weights", "error", "text"),
    [
        ([1.0], ShapeError, "sample_weight has 1 rows of 1; give one weight for each of the 2"),
        ([[1.0, 2.0], [1.0, 2.0]], ShapeError, "rows of 2"),
        ([1.0, -2.0], DataError, "sample_weight is -2 in row 1"),
        ([0.0, 0.0], DataError, "the sum of sample_weight is 0"),
        ([1e308, 1e308], DataError, "the sum of sample_weight is inf"),
        ([1.0, float("nan")], DataError, "sample_weight holds nan in row 1"),
    ],
)
def test_weights_that_cannot_be_are_refused_by_name(
    weights: object, error: type[Exception], text: str
) -> None:
    with pytest.raises(error, match=text):
        fit(Line(), [[1.0], [2.0]], [2.0, 1.0], sample_weight=weights, progress=False)


def test_scores_are_weighted_as_scikit_learn_does() -> None:
    outputs = RNG.normal(size=(12, 2))
    classes, counts = (X[:, 0] > 0) * 1, RNG.integers(0, 5, 12)
    expected = {
        "mse": metrics.r2_score(X, outputs, sample_weight=WEIGHTS),
        "cross_entropy": metrics.accuracy_score(
            classes, outputs.argmax(axis=1), sample_weight=WEIGHTS
        ),
        "binary_cross_entropy": metrics.accuracy_score(
            classes, outputs[:, 0] > 0, sample_weight=WEIGHTS
        ),
        "poisson": metrics.d2_tweedie_score(
            counts, np.exp(outputs[:, 0]), power=1, sample_weight=WEIGHTS
        ),
    }
    given = {
        "mse": (outputs, X),
        "cross_entropy": (outputs, np.eye(2)[classes]),
        "binary_cross_entropy": (outputs[:, :1], classes[:, None] * 1.0),
        "poisson": (outputs[:, :1], counts[:, None] * 1.0),
    }
    for name, (out, targets) in given.items():
        loss = weighted(losses.LOSSES[name])
        rows = with_weights(Table(array=targets), WEIGHTS.tolist())
        assert loss.score.of_arrays(out, rows.array) == pytest.approx(expected[name])
        assert loss.score.of_rows(out.tolist(), rows.rows) == pytest.approx(expected[name])

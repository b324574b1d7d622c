"""The estimators within scikit-learn: pipelines, searches, weights, sparse input, files."""

import pickle
import subprocess
import sys
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from scipy.special import expit, softmax
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_iris
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.class_weight import compute_sample_weight

from mgcore import Op, ops
from mgnn import losses, optim
from mgnn.errors import LabelError, TrainingSettingError
from mgnn.sklearn import MLPClassifier, MLPRegressor

RNG = np.random.default_rng(6)
X = RNG.normal(size=(80, 3))
TWO = np.where(X[:, 0] * X[:, 1] > 0.0, "yes", "no")
THREE = np.array(["a", "b", "c"])[np.digitize(X[:, 0], [-0.5, 0.5])]
Y = X[:, 0] * 1000.0 + 50_000.0
QUICK: dict[str, Any] = {"hidden_layer_sizes": (6,), "max_iter": 8, "random_state": 1}


def by_hand(model: Any, rows: Any) -> Any:
    """The net's formula on the weights that the estimator shows."""
    out = rows
    for i, (w, b) in enumerate(zip(model.coefs_, model.intercepts_, strict=True)):
        out = out @ w + b
        out = np.maximum(out, 0.0) if i < len(model.coefs_) - 1 else out
    return out


def test_probabilities_are_sigmoid_and_softmax_of_the_net() -> None:
    two = MLPClassifier(**QUICK).fit(X, TWO)
    second = expit(by_hand(two, X)[:, 0])
    np.testing.assert_allclose(two.predict_proba(X), np.column_stack([1 - second, second]))
    np.testing.assert_array_equal(two.predict(X), np.where(second > 0.5, "yes", "no"))
    three = MLPClassifier(**QUICK).fit(X, THREE)
    expected = softmax(by_hand(three, X), axis=1)
    np.testing.assert_allclose(three.predict_proba(X), expected)
    np.testing.assert_allclose(three.predict_log_proba(X), np.log(expected))
    np.testing.assert_allclose(three.decision_function(X), by_hand(three, X))
    np.testing.assert_array_equal(three.predict(X), three.classes_[expected.argmax(axis=1)])
    assert three.classes_.tolist() == ["a", "b", "c"]
    assert [w.shape for w in three.coefs_] == [(3, 6), (6, 3)]
    assert (three.n_layers_, three.n_outputs_, three.n_features_in_) == (3, 3, 3)
    assert three.n_iter_ == len(three.loss_curve_) == 8


def test_real_tables_are_learnt() -> None:
    iris, diabetes = load_iris(return_X_y=True), load_diabetes(return_X_y=True)
    net = make_pipeline(StandardScaler(), MLPClassifier((16,), learning_rate_init=0.01,
                                                        random_state=0))  # fmt: skip
    assert cross_val_score(net, *iris).mean() > 0.93
    net = make_pipeline(StandardScaler(), MLPRegressor((16,), alpha=0.01, early_stopping=True,
                                                       learning_rate_init=0.01,
                                                       random_state=0))  # fmt: skip
    assert cross_val_score(net, *diabetes).mean() > 0.4  # ridge has 0.48, 0 is the mean


def test_a_pipeline_is_searched_by_processes() -> None:
    pipeline = make_pipeline(StandardScaler(), MLPClassifier(**QUICK))
    grid = {"mlpclassifier__activation": ["relu", "tanh"], "mlpclassifier__alpha": [0.1]}
    search = GridSearchCV(pipeline, grid, cv=2, n_jobs=2).fit(X, TWO)
    alone = GridSearchCV(pipeline, grid, cv=2).fit(X, TWO)
    np.testing.assert_array_equal(
        search.cv_results_["mean_test_score"], alone.cv_results_["mean_test_score"]
    )
    np.testing.assert_array_equal(search.predict_proba(X), alone.predict_proba(X))


def test_processes_of_joblib_get_a_fitted_net() -> None:
    net = MLPRegressor(**QUICK).fit(X, Y)
    found = joblib.Parallel(n_jobs=2, backend="loky")(
        joblib.delayed(net.predict)(part) for part in (X[:40], X[40:])
    )
    np.testing.assert_allclose(np.concatenate(found), net.predict(X), rtol=1e-12)


def test_a_clone_has_the_settings_and_nothing_learnt() -> None:
    net = MLPClassifier(activation=ops.tanh, solver=optim.SGD(lr=0.1), class_weight="balanced")
    twin = clone(net)
    assert twin.get_params() == net.get_params()
    assert not hasattr(clone(net.set_params(**QUICK).fit(X, TWO)), "model_")


@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_a_pickled_net_predicts_and_learns_on_as_the_original(solver: str) -> None:
    net = MLPClassifier(**QUICK, solver=solver)
    net.partial_fit(X, TWO, classes=["no", "yes"])
    net.partial_fit(X, TWO)
    twin = pickle.loads(pickle.dumps(net))
    np.testing.assert_array_equal(twin.predict_proba(X), net.predict_proba(X))
    for each in (net, twin):
        each.partial_fit(X[:30], TWO[:30])
    np.testing.assert_array_equal(twin.coefs_[0], net.coefs_[0])
    assert twin.n_iter_ == net.n_iter_ == 3


def test_partial_fits_and_warm_starts_are_a_longer_fit() -> None:
    whole = MLPRegressor(**{**QUICK, "tol": 0.0, "max_iter": 4}).fit(X, Y)
    parts = MLPRegressor(**QUICK)
    for _ in range(4):
        parts.partial_fit(X, Y)
    warm = MLPRegressor(**{**QUICK, "tol": 0.0, "max_iter": 2}, warm_start=True)
    warm.fit(X, Y).fit(X, Y)
    for each in (parts, warm):
        np.testing.assert_array_equal(each.coefs_[0], whole.coefs_[0])
        assert each.loss_curve_ == whole.loss_curve_
        assert each.n_iter_ == 4


def test_a_cold_start_and_a_warm_one_for_other_classes_begin_anew() -> None:
    net = MLPClassifier(**QUICK)
    first = net.fit(X, TWO).coefs_[0]
    np.testing.assert_array_equal(net.fit(X, TWO).coefs_[0], first)
    net.set_params(warm_start=True).fit(X, THREE)
    np.testing.assert_array_equal(net.coefs_[0], MLPClassifier(**QUICK).fit(X, THREE).coefs_[0])


def test_balanced_classes_are_samples_weighted_by_scikit_learn() -> None:
    weights = RNG.integers(1, 4, 80)
    repeated = np.repeat(np.arange(80), weights)
    balanced = compute_sample_weight("balanced", THREE[repeated])
    expected = MLPClassifier(**QUICK).fit(X[repeated], THREE[repeated], balanced)
    found = MLPClassifier(**QUICK, class_weight="balanced").fit(X, THREE, weights)
    np.testing.assert_allclose(found.coefs_[0], expected.coefs_[0], rtol=1e-7)
    by_class = MLPClassifier(**QUICK, class_weight={"a": 3.0}).fit(X, THREE)
    expected = MLPClassifier(**QUICK).fit(X, THREE, np.where(THREE == "a", 3.0, 1.0))
    np.testing.assert_array_equal(by_class.coefs_[0], expected.coefs_[0])


def test_early_stopping_keeps_the_best_of_what_was_held_out() -> None:
    noise = RNG.integers(0, 2, 80)
    net = MLPClassifier((32,), max_iter=500, learning_rate_init=0.01, early_stopping=True,
                        validation_fraction=0.25, n_iter_no_change=5, random_state=2)  # fmt: skip
    net.fit(X, noise)
    assert net.n_iter_ < 500
    assert len(net.validation_scores_) == net.n_iter_
    assert MLPClassifier(**QUICK).fit(X, noise).validation_scores_ is None
    few = MLPClassifier((2,), early_stopping=True, max_iter=2, random_state=1)
    for y in ([0, 1, 0, 1], [0, 0, 0, 1]):  # too few to hold out some of each class
        assert len(few.fit(X[:4], y).validation_scores_) == 2


def test_sparse_and_float32_input_are_taken() -> None:
    rows = X * (np.abs(X) > 0.5)
    dense = MLPClassifier(**QUICK).fit(rows, THREE)
    for form in (sparse.csr_matrix, sparse.csc_array, sparse.coo_array):
        net = MLPClassifier(**QUICK).fit(form(rows), THREE)
        np.testing.assert_array_equal(net.coefs_[0], dense.coefs_[0])
        np.testing.assert_array_equal(net.predict_proba(form(rows)), dense.predict_proba(rows))
    single = rows.astype(np.float32)
    np.testing.assert_array_equal(
        MLPClassifier(**QUICK).fit(single, THREE).predict_proba(single),
        MLPClassifier(**QUICK).fit(single.astype(float), THREE).predict_proba(single.astype(float)),
    )


def test_names_of_features_are_kept_and_held_to() -> None:
    frame = pd.DataFrame(X, columns=["a", "b", "c"])
    net = make_pipeline(StandardScaler(), MLPRegressor(**QUICK)).set_output(transform="pandas")
    net.fit(frame, Y)
    assert net[-1].feature_names_in_.tolist() == ["a", "b", "c"]
    with pytest.raises(ValueError, match="feature names should match"):
        net.predict(frame[["b", "a", "c"]])


def test_a_notebook_shows_the_estimator() -> None:
    html = MLPClassifier(activation="gelu")._repr_html_()
    assert "MLPClassifier" in html
    assert "gelu" in html


@pytest.mark.parametrize("backend", ["eager", "compiled"])
def test_any_op_is_an_activation_in_both_backends(backend: str) -> None:
    double = Op("doubled_in_test", forward=lambda x: x + x, partials=(lambda out, x: 2.0,))
    for activation in ("silu", "logistic", ops.sin, double):
        net = MLPRegressor((4,), activation, max_iter=2, random_state=1, backend=backend)
        twin = MLPRegressor((4,), activation, max_iter=2, random_state=1)
        np.testing.assert_allclose(net.fit(X, Y).predict(X), twin.fit(X, Y).predict(X), rtol=1e-9)


def test_targets_are_learnt_in_any_unit() -> None:
    one, other = MLPRegressor(**QUICK).fit(X, Y), MLPRegressor(**QUICK).fit(X, Y * 1024.0 - 7.0)
    np.testing.assert_allclose(other.predict(X), one.predict(X) * 1024.0 - 7.0, rtol=1e-9)
    several = MLPRegressor(**QUICK).fit(X, np.column_stack([Y, X[:, 1], X[:, 2]]))
    assert several.predict(X).shape == (80, 3)
    constant = MLPRegressor((4,), max_iter=300, learning_rate_init=0.05, random_state=1)
    assert constant.fit(X, np.full(80, 3.0)).predict(X) == pytest.approx(3.0, abs=0.2)


@pytest.mark.parametrize("loss", ["absolute_error", "huber", "poisson", losses.poisson])
def test_other_losses_are_taken(loss: Any) -> None:
    counts = RNG.poisson(np.exp(1.0 + X[:, 0]))
    net = MLPRegressor((16,), loss=loss, max_iter=150, learning_rate_init=0.02, random_state=1)
    found = net.fit(X, counts).predict(X)
    assert net.score(X, counts) > 0.5
    if "poisson" in (loss, getattr(loss, "name", "")):
        assert found.min() > 0.0
        assert found.mean() == pytest.approx(counts.mean(), rel=0.2)


@pytest.mark.parametrize(
    ("mistake", "error", "text"),
    [
        (lambda: MLPClassifier(solver="lbf").fit(X, TWO), TrainingSettingError, "'adamw', 'sgd'"),
        (lambda: MLPClassifier().fit(X, np.ones(80)), LabelError, "y has one class"),
        (lambda: MLPClassifier().partial_fit(X, TWO), LabelError, "needs classes"),
        (
            lambda: MLPClassifier().partial_fit(X, TWO, classes=["yes", "maybe"]),
            LabelError,
            "y holds np.str_.'no'., which is none of the classes",
        ),
        (
            lambda: MLPClassifier(class_weight="balanced").partial_fit(X, TWO),
            TrainingSettingError,
            "partial_fit cannot take it",
        ),
        (
            lambda: MLPClassifier(class_weight={"maybe": 2.0}).fit(X, TWO),
            TrainingSettingError,
            "class_weight names the class 'maybe'",
        ),
        (
            lambda: MLPClassifier(early_stopping=True, validation_fraction=2.0).fit(X, TWO),
            TrainingSettingError,
            "validation_fraction is 2.0",
        ),
        (lambda: MLPRegressor(loss="mze").fit(X, Y), ValueError, "did you mean mse"),
        (lambda: MLPRegressor(max_iter=0).fit(X, Y), ValueError, "max_iter is 0"),
        (lambda: MLPRegressor().fit(X, Y, np.zeros(80)), ValueError, "at least one non-zero"),
    ],
)
def test_a_mistake_is_named(mistake: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        mistake()


def test_scikit_learn_is_imported_by_the_estimators_alone() -> None:
    script = "import sys, mgnn, mgnn.training, mgcompile; print('sklearn' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout == "False\n", done.stderr

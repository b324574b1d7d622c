"""Sweeps go to the workers through joblib's own Dask backend, and find what they find at home."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import joblib
import numpy as np
from sklearn.model_selection import GridSearchCV

import mgnn
from mgnn.sklearn import MLPClassifier

if TYPE_CHECKING:
    from distributed import Client


def _moons() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(120, 2))
    return X, (X[:, 0] * X[:, 1] > 0).astype(int)


def test_a_grid_search_on_the_cluster_is_that_of_one_process(client: Client) -> None:
    X, y = _moons()
    grid = {"hidden_layer_sizes": [(2,), (8,)], "activation": ["tanh"]}
    net = MLPClassifier(max_iter=20, random_state=1)
    at_home = GridSearchCV(net, grid, cv=3).fit(X, y)
    with joblib.parallel_config(backend="dask"):
        away = GridSearchCV(net, grid, cv=3).fit(X, y)
    for name in ("mean_test_score", "std_test_score"):
        np.testing.assert_array_equal(away.cv_results_[name], at_home.cv_results_[name])
    assert away.best_params_ == at_home.best_params_
    prefixes = client.run_on_scheduler(lambda dask_scheduler: set(dask_scheduler.task_prefixes))
    assert any("fit_and_score" in name or "Batch" in name or "batch" in name for name in prefixes)


def _trained(width: int) -> tuple[int, float]:
    """Train one net of a sweep; return who did it, and how it ended."""
    X, y = _moons()
    model = mgnn.MLP(2, [width, 1], activation="tanh", seed=1)
    history = mgnn.fit(model, X, 2 * y - 1, loss="hinge", epochs=5, seed=1, progress=False)
    return os.getpid(), history.loss[-1]


def test_a_sweep_of_trainings_runs_on_the_workers(client: Client) -> None:
    widths = [1, 2, 3, 4]
    with joblib.parallel_config(backend="dask"):
        found = joblib.Parallel()(joblib.delayed(_trained)(width) for width in widths)
    assert [loss for _, loss in found] == [_trained(width)[1] for width in widths]
    assert {pid for pid, _ in found} <= set(client.run(os.getpid).values())

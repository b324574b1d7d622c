"""The net and the data that are trained on the cluster, and the three ways to do it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import dask.array as da
import numpy as np

import mgnn
from mgnn import optim

if TYPE_CHECKING:
    from distributed import Client

ROWS, CHUNK = 900, 100


def data_of(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(ROWS, 3))
    return X, np.tanh(X @ [1.0, -2.0, 0.5]) + 0.1 * rng.normal(size=ROWS)


def net(outputs: int = 1) -> mgnn.MLP:
    return mgnn.MLP(3, [6, outputs], activation="tanh", seed=5)


def numbers_of(model: mgnn.Module) -> list[float]:
    return [p.data for p in model.parameters()]


def fit_on(client: Client | None, **settings):
    X, y = data_of()
    model = net()
    data = da.from_array(X, chunks=(CHUNK, -1)), da.from_array(y, chunks=CHUNK)
    settings = {
        "epochs": 3,
        "seed": 11,
        "optimizer": optim.Adam(lr=0.05),
        "progress": False,
    } | settings
    return model, mgnn.fit(model, *data, client=client, **settings)


MODES = {
    "full batch": {"batch_size": None},
    "large batch": {"batch_size": 250},
    "local": {"batch_size": 16, "local_updates": 2},
}

"""A model runs on many rows, in native code or row by row, with the same numbers."""

import copy
import math
import pickle
import subprocess
import sys
from collections import deque
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mgcore import Value
from mgnn import MLP, Module, fit, predict
from mgnn.errors import BackendError, DataError, ShapeError, TrainingSettingError

RNG = np.random.default_rng(3)
X = RNG.normal(size=(50, 3))


def by_numpy(model: MLP, rows: Any) -> Any:
    """The net's formula, written out on arrays."""
    out = rows
    for i, layer in enumerate(model.layers):
        w = np.array([[p.data for p in neuron.w] for neuron in layer.neurons])
        b = np.array([neuron.b.data for neuron in layer.neurons])
        out = out @ w.T + b
        out = np.tanh(out) if i < len(model.layers) - 1 else out
    return out


@pytest.mark.parametrize("backend", ["eager", "compiled", "auto"])
def test_every_row_gets_the_models_outputs(backend: str) -> None:
    model = MLP(3, [5, 2], activation="tanh", seed=1)
    np.testing.assert_allclose(model.predict(X, backend=backend), by_numpy(model, X), rtol=1e-12)
    single = MLP(3, [5, 1], activation="tanh", seed=1)
    found = predict(single, X, backend=backend)
    assert found.shape == (50,)
    np.testing.assert_allclose(found, by_numpy(single, X)[:, 0], rtol=1e-12)


def test_batches_of_any_size_and_rows_of_any_form_give_the_same() -> None:
    model = MLP(3, [5, 2], activation="tanh", seed=1)
    expected = model.predict(X)
    for size in (1, 7, np.int64(50), 1000):
        found = model.predict(X, batch_size=size)
        np.testing.assert_allclose(found, expected, rtol=1e-14, atol=1e-14)
    for rows in (X.tolist(), pd.DataFrame(X), np.asfortranarray(X)):
        np.testing.assert_array_equal(model.predict(rows), expected)
    np.testing.assert_allclose(
        model.predict(X.astype(np.float32)), by_numpy(model, X.astype(np.float32)), rtol=1e-12
    )


def test_what_was_compiled_is_kept_and_follows_the_parameters() -> None:
    calls = deque[Any]()  # no number, which recording would take for something to compute by

    class Counting(Module):
        def __init__(self) -> None:
            self.inner = MLP(3, [4, 1], activation="tanh", seed=2)

        def __call__(self, row: Any) -> Any:
            calls.append(row)
            return self.inner(row)

    model = Counting()
    model.predict(X)
    fit(model, X, X[:, 0], epochs=2, progress=False)
    calls.clear()
    np.testing.assert_allclose(model.predict(X), by_numpy(model.inner, X)[:, 0], rtol=1e-12)
    assert len(calls) == 1  # the row that both ways are compared on


def test_a_model_that_computes_something_else_meanwhile_is_compiled_again() -> None:
    model = MLP(3, [5, 1], activation="relu", seed=1)
    model.predict(X)
    for layer in model.layers[:-1]:
        for neuron in layer.neurons:
            neuron.activation = "tanh"
    np.testing.assert_allclose(model.predict(X), by_numpy(model, X)[:, 0], rtol=1e-12)
    model.layers[0].neurons[0].w[0] = Value(9.0)
    np.testing.assert_allclose(model.predict(X), by_numpy(model, X)[:, 0], rtol=1e-12)


def test_copies_and_pickles_leave_out_what_was_compiled() -> None:
    model = MLP(3, [5, 1], activation="tanh", seed=1)
    size = len(pickle.dumps(model))
    expected = model.predict(X)
    assert len(pickle.dumps(model)) == size
    assert next(iter(model.state_dict())) == "layers.0.neurons.0.w.0"
    for twin in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        np.testing.assert_array_equal(twin.predict(X), expected)


class Bare:
    """A model of one's own that is no Module."""

    def __init__(self) -> None:
        self.w = Value(2.0)

    def parameters(self) -> list[Value]:
        return [self.w]

    def __call__(self, row: Any) -> Any:
        return self.w * row[0]


def test_a_model_that_is_no_module_predicts_copies_and_pickles_after_training() -> None:
    model = Bare()
    fit(model, [[1.0], [2.0]], [3.0, 6.0], epochs=1, progress=False)
    expected = predict(model, [[4.0]])
    assert expected[0] == pytest.approx(4.0 * model.w.data)
    for twin in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert predict(twin, [[4.0]]) == expected


class Step(Module):
    def __init__(self) -> None:
        self.w = Value(2.0)

    def __call__(self, row: Any) -> Any:
        out = self.w * row[0]
        return out if out.data > 0 else out * 10.0


def test_a_model_that_looks_at_numbers_runs_row_by_row() -> None:
    rows = [[1.0], [-1.0], [3.0]]
    assert Step().predict(rows).tolist() == [2.0, -20.0, 6.0]
    with pytest.raises(BackendError, match=r"Step.__call__ \(test_prediction.py:\d+\) looks at"):
        Step().predict(rows, backend="compiled")


@pytest.mark.parametrize("backend", ["eager", "compiled"])
def test_the_edges_of_numbers_are_those_of_the_engine(backend: str) -> None:
    class Edge(Module):
        def __init__(self) -> None:
            self.w = Value(1.0)

        def __call__(self, row: Any) -> Any:
            return [(self.w * row[0]).exp(), (self.w * row[1]).log()]

    found = Edge().predict([[0.0, 1.0], [1.0, math.e]], backend=backend)
    np.testing.assert_allclose(found, [[1.0, 0.0], [math.e, 1.0]], rtol=1e-15)
    found = Edge().predict([[0.0, 1.0], [1000.0, 1.0]], backend=backend)
    assert found[1].tolist() == [math.inf, 0.0]
    found = Edge().predict([[0.0, 1.0], [0.0, -1.0]], backend=backend)
    assert found[1, 0] == 1.0
    assert math.isnan(found[1, 1])


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        (([[1.0, 2.0]],), ShapeError, "X has 2 columns.*3 inputs"),
        (([[1.0, 2.0, math.nan]],), DataError, "X holds nan in row 0, column 2"),
        ((X, "gpu"), TrainingSettingError, "backend is 'gpu'"),
        ((X, "auto", 0), TrainingSettingError, "batch_size is 0"),
    ],
)
def test_a_mistake_is_named(arguments: Any, error: type[Exception], text: str) -> None:
    names = ("X", "backend", "batch_size")
    with pytest.raises(error, match=text):
        MLP(3, [1]).predict(**dict(zip(names, arguments, strict=False)))


def test_without_numpy_and_the_compiler_lists_come_back() -> None:
    script = """
import sys
for name in ("numpy", "llvmlite"):
    sys.modules[name] = None
from mgnn import MLP
model = MLP(1, [1], seed=1)
model.load_state_dict({"layers.0.neurons.0.w.0": 2.0, "layers.0.neurons.0.b": 1.0})
print(model.predict([[1.0], [2.0]]), MLP(1, [2], seed=1).predict([[0.0]]))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout == "[3.0, 5.0] [[0.0, 0.0]]\n", done.stderr

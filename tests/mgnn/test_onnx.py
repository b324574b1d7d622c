"""Models as ONNX: checked by onnx, run by onnxruntime, and held against the model itself."""

from __future__ import annotations

import math
import random
import subprocess
import sys

import numpy as np
import pytest

import mgnn
from mgcore import Op, ops
from mgnn import MLP
from mgnn.errors import ExportError
from mgnn.features import fit_feature
from mgnn.tablemodel import TableModel

pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")

ACTIVATIONS = [
    *("relu", "tanh", "sigmoid", "softplus", "elu", "leaky_relu", "silu", "gelu", "relu6"),
    *("hardtanh", "hardsigmoid", "hardswish", "selu", "logsigmoid", "mish", "sin", "atan"),
    *("exp2", "expm1", "square", "abs", "cos", "sinh", "asinh", "erf"),
]


def session(path):
    return onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])


def rows(n, columns, seed=0):
    return np.random.default_rng(seed).normal(size=(n, columns))


def close(found, right):
    scale = max(1.0, float(np.abs(right).max()))
    np.testing.assert_allclose(found, right, rtol=2e-6, atol=2e-6 * scale)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_nets_run_in_onnxruntime(activation, tmp_path):
    model = MLP(3, [6, 5, 2], activation=activation, seed=7)
    mgnn.export_onnx(model, tmp_path / "net.onnx")
    X = rows(20, 3)
    (found,) = session(tmp_path / "net.onnx").run(None, {"x": X.astype(np.float32)})
    close(found, mgnn.predict(model, X.astype(np.float32)))


def test_the_inputs_can_skip_to_the_last_layer(tmp_path):
    model = MLP(4, [6, 1], activation="tanh", seed=7, skip=True)
    mgnn.export_onnx(model, tmp_path / "net.onnx")
    X = rows(20, 4)
    (found,) = session(tmp_path / "net.onnx").run(None, {"x": X.astype(np.float32)})
    close(found[:, 0], mgnn.predict(model, X.astype(np.float32)))


def test_an_op_of_somebody_else_is_followed_through_its_rule(tmp_path):
    softsign = Op("softsign_too", lambda x: x / (1 + abs(x)), (lambda out, x: (1 + abs(x)) ** -2,))
    bent = Op(
        "bent", lambda x: ops.select(ops.gt(x, 0.5), x * 2.0, ops.log1p(x * x)), (lambda out, x: x,)
    )
    for op in (softsign, bent):
        model = MLP(2, [4, 1], activation=op, seed=3)
        mgnn.export_onnx(model, tmp_path / "net.onnx")
        X = rows(30, 2)
        (found,) = session(tmp_path / "net.onnx").run(None, {"x": X.astype(np.float32)})
        close(found[:, 0], mgnn.predict(model, X.astype(np.float32), backend="eager"))


def test_what_onnx_cannot_express_is_named(tmp_path):
    gamma = Op("log_gamma", lambda x: math.lgamma(x), (lambda out, x: x,))
    with pytest.raises(ExportError, match="op log_gamma cannot be expressed in ONNX"):
        mgnn.export_onnx(MLP(2, [4, 1], activation=gamma, seed=3), tmp_path / "net.onnx")
    with pytest.raises(ExportError, match="list cannot be written as ONNX"):
        mgnn.export_onnx([], tmp_path / "net.onnx")
    assert not list(tmp_path.iterdir())


def test_without_the_package_the_remedy_is_told(tmp_path):
    script = (
        "import sys; sys.modules['onnx'] = None\n"
        "import mgnn\n"
        "try:\n    mgnn.export_onnx(mgnn.MLP(2, [1]), 'net.onnx')\n"
        "except mgnn.errors.ExportError as error:\n    print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert "pip install 'mgcore[onnx]'" in done.stdout


# Nets for tables


def table(n=60):
    rng = random.Random(4)
    return {
        "size": [rng.uniform(50.0, 200.0) if rng.random() > 0.1 else None for _ in range(n)],
        "rooms": [rng.randint(1, 6) for _ in range(n)],
        "kind": [rng.choice(["flat", "house", "1.0", None]) for _ in range(n)],
        "town": [rng.choice(["Ulm", "Bern"]) for _ in range(n)],
    }


def fitted(task, outputs, **more):
    columns = table()
    numbers = [math.nan if x is None else x for x in columns["size"]]
    features = (
        fit_feature("size", "number", numbers),
        fit_feature("rooms", "number", columns["rooms"]),
        fit_feature("kind", "text", columns["kind"]),
        fit_feature("town", "text", columns["town"]),
    )
    net = MLP(sum(len(f.inputs) for f in features), [8, outputs], activation="tanh", seed=2)
    return TableModel(net, features, "price", task, **more)


def fed(columns):
    def numbers(cells):
        return np.array([[np.nan if x is None else x] for x in cells], dtype=np.float32)

    def texts(cells):
        return np.array([["" if x is None else x] for x in cells], dtype=object)

    return {
        "size": numbers(columns["size"]),
        "rooms": numbers(columns["rooms"]),
        "kind": texts(columns["kind"]),
        "town": texts(columns["town"]),
    }


def asked(columns):
    return {**columns, "size": [math.nan if x is None else x for x in columns["size"]]}


def test_a_quantity_comes_in_its_unit(tmp_path):
    model = fitted("regression", 1, mean=200_000.0, scale=45_000.0)
    mgnn.export_onnx(model, tmp_path / "model.onnx")
    columns = table()
    columns["town"][3] = "Rome"  # not seen in training, nor is there an input for others
    columns["town"][4] = None
    (found,) = session(tmp_path / "model.onnx").run(None, fed(columns))
    close(found / 45_000.0, model.predict(asked(columns)) / 45_000.0)


@pytest.mark.parametrize(("outputs", "classes"), [(1, ("no", "yes")), (3, ("a", "b", "c"))])
def test_classes_come_with_their_probabilities(outputs, classes, tmp_path):
    model = fitted("classification", outputs, classes=classes)
    mgnn.export_onnx(model, tmp_path / "model.onnx")
    columns = table()
    labels, shares = session(tmp_path / "model.onnx").run(None, fed(columns))
    close(shares, model.predict_proba(asked(columns)))
    assert labels.tolist() == model.predict(asked(columns)).tolist()


def test_categories_too_rare_for_an_input_share_one(tmp_path):
    texts = [*["a"] * 5, *["b"] * 5, "c", "d", None]
    feature = fit_feature("kind", "text", texts, levels=2)
    assert feature.other
    net = MLP(len(feature.inputs), [3, 1], activation="relu", seed=1)
    model = TableModel(net, (feature,), "y", "regression")
    mgnn.export_onnx(model, tmp_path / "model.onnx")
    cells = ["a", "b", "c", "unheard of", None]
    given = np.array([["" if x is None else x] for x in cells], dtype=object)
    (found,) = session(tmp_path / "model.onnx").run(None, {"kind": given})
    close(found, model.predict({"kind": cells}))


def test_dates_are_refused_by_the_column(tmp_path):
    from datetime import UTC, datetime

    days = [datetime(2024, 1 + i, 3, tzinfo=UTC).replace(tzinfo=None) for i in range(9)]
    feature = fit_feature("sold", "date", days)
    model = TableModel(MLP(len(feature.inputs), [1], seed=1), (feature,), "y", "regression")
    with pytest.raises(ExportError, match="column 'sold' is a date"):
        mgnn.export_onnx(model, tmp_path / "model.onnx")

"""Training pictures: curves, decision boundary, layers over time, and the files they go to."""

import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.collections import PathCollection, QuadMesh
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from mgcore import Value
from mgnn import MLP, fit, optim
from mgnn.history import History
from mgview import training
from mgview.errors import BadHistoryError, BadModelError, CannotWriteError, UnknownFormatError
from mgview.recorder import LayerRecorder


def axes() -> Any:
    return Figure().subplots()


def rings(n: int = 40) -> tuple[list[list[float]], list[float]]:
    """Two classes that a line at x1 = 0 tells apart."""
    rng = np.random.default_rng(3)
    X = rng.uniform(-1.0, 1.0, (n, 2))
    return X.tolist(), np.where(X[:, 0] > 0, 1.0, -1.0).tolist()


def train(model: MLP, X: Any, y: Any, **more: Any) -> History:
    return fit(model, X, y, progress=False, backend="eager", seed=1, **more)


def trained(epochs: int = 6, **more: Any) -> tuple[MLP, Any, Any, History]:
    X, y = rings()
    model = MLP(2, [4, 1], activation="tanh", seed=1)
    sgd = optim.SGD(lr=0.2)
    history = train(model, X, y, loss="hinge", optimizer=sgd, epochs=epochs, **more)
    return model, X, y, history


def test_the_curves_show_every_epoch_of_loss_and_score() -> None:
    history = History("accuracy", loss=[3.0, 2.0, 1.5], score=[0.5, 0.75, 1.0])
    ax = training.plot_history(history, axes())
    (line,) = ax.lines
    assert line.get_xdata().tolist() == [1, 2, 3]
    assert line.get_ydata().tolist() == [3.0, 2.0, 1.5]
    right = next(other for other in ax.figure.axes if other is not ax)
    assert right.lines[0].get_ydata().tolist() == [0.5, 0.75, 1.0]
    assert right.get_ylabel() == "accuracy"
    assert ax.get_yscale() == "linear"


def test_a_loss_that_falls_far_is_drawn_on_a_logarithmic_axis() -> None:
    history = History("R2", loss=[100.0, 1.0, 0.01], score=[0.1, 0.8, 0.99])
    assert training.plot_history(history, axes()).get_yscale() == "log"
    assert training.plot_history(History("R2", loss=[1.0, 0.0]), axes()).get_yscale() == "linear"


def test_a_history_without_epochs_is_refused() -> None:
    with pytest.raises(BadHistoryError, match="no epochs"):
        training.plot_history(History("accuracy"), axes())


def test_the_boundary_is_where_the_model_changes_its_sign() -> None:
    def model(x: Any) -> Any:
        return Value(1.0) * x[0] + 0.25

    X, y = rings()
    ax = training.plot_decision_boundary(model, X, y, axes())
    contour = next(c for c in ax.collections if c.__class__.__name__.endswith("ContourSet"))
    (path,) = contour.get_paths()
    assert path.vertices[:, 0] == pytest.approx(-0.25, abs=0.02)
    dots = [c for c in ax.collections if isinstance(c, PathCollection)]
    assert sum(len(c.get_offsets()) for c in dots) == len(X)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["−1", "1"]


def test_a_model_of_several_outputs_is_coloured_by_the_largest() -> None:
    def model(x: Any) -> Any:
        return [Value(1.0) * x[0], Value(1.0) * x[1], Value(-1.0) * x[0]]

    X, _ = rings(30)
    ax = training.plot_decision_boundary(model, X, [i % 3 for i in range(30)], axes())
    mesh = next(c for c in ax.collections if c.__class__.__name__ == "QuadMesh")
    assert set(np.unique(mesh.get_array())) == {0, 1, 2}


def test_a_boundary_needs_two_columns_and_a_model_that_takes_them() -> None:
    model, X, y, _ = trained(epochs=1)
    with pytest.raises(BadModelError, match=r"shape \(40, 3\); .* two columns"):
        training.plot_decision_boundary(model, [[*row, 0.0] for row in X], y, axes())
    with pytest.raises(BadModelError, match="40 rows but y has 39"):
        training.plot_decision_boundary(model, X, y[:-1], axes())
    with pytest.raises(BadModelError, match="does not take the 2 numbers"):
        training.plot_decision_boundary(MLP(3, [1], seed=1), X, y, axes())


@pytest.mark.parametrize("ending", ["png", "svg"])
def test_the_picture_has_both_parts_and_is_the_same_every_time(tmp_path: Path, ending: str) -> None:
    model, X, y, history = trained()
    saved = training.save_training_picture(tmp_path / f"a.{ending}", model, X, y, history)
    again = training.save_training_picture(tmp_path / f"b.{ending}", model, X, y, history)
    assert saved.read_bytes() == again.read_bytes()
    if ending == "svg":
        words = ET.parse(saved).getroot().itertext()  # noqa: S314 - written by this package
        assert {"Training", "Decision boundary", "accuracy"} <= {word.strip() for word in words}


def test_a_model_of_more_inputs_gets_the_curves_alone() -> None:
    X = [[0.1 * i, 1.0, -0.2 * i] for i in range(8)]
    y = [float(i) for i in range(8)]
    model = MLP(3, [1], seed=1)
    history = train(model, X, y, epochs=2)
    figure = training.training_figure(model, X, y, history)
    assert [ax.get_title() for ax in figure.axes] == ["Training", ""]


def test_files_that_cannot_be_are_refused(tmp_path: Path) -> None:
    model, X, y, history = trained(epochs=1)
    with pytest.raises(UnknownFormatError, match=r"\.gif.*\.png, \.svg"):
        training.save_training_picture(tmp_path / "a.gif", model, X, y, history)
    with pytest.raises(CannotWriteError, match="make the folder"):
        training.save_training_picture(tmp_path / "no" / "a.png", model, X, y, history)


def test_the_recorder_sees_weights_and_the_gradients_of_the_loss() -> None:
    X, y = rings(6)
    model = MLP(2, [3, 1], activation="tanh", seed=1)
    recorder = LayerRecorder(model, X, y, "mse")
    train(model, X, y, loss="mse", epochs=3, callbacks=[recorder])
    assert recorder.epochs == [1, 2, 3]
    assert recorder.layers == ["layers.0", "layers.1"]
    assert [len(w) for w in recorder.weights["layers.0"]] == [9, 9, 9]
    assert recorder.weights["layers.1"][-1] == [p.data for p in model.layers[1].parameters()]
    # by nudging the last bias: d mse / d bias
    bias = model.layers[1].parameters()[-1]

    def mse(nudge: float) -> float:
        bias.data += nudge
        errors = [(model(row).data - target) ** 2 for row, target in zip(X, y, strict=True)]
        bias.data -= nudge
        return float(np.mean(errors))

    slope = (mse(1e-6) - mse(-1e-6)) / 2e-6
    assert recorder.gradients["layers.1"][-1][-1] == pytest.approx(slope, rel=1e-5)


def test_the_recorder_does_not_disturb_the_training() -> None:
    X, y = rings()
    watched, _, _, with_recorder = trained(callbacks=[])
    model = MLP(2, [4, 1], activation="tanh", seed=1)
    recorder = LayerRecorder(model, X, y, "hinge")
    more = {"optimizer": optim.SGD(lr=0.2), "callbacks": [recorder]}
    history = train(model, X, y, loss="hinge", epochs=6, **more)
    assert history.loss == with_recorder.loss
    assert [p.data for p in model.parameters()] == [p.data for p in watched.parameters()]


def test_a_long_training_is_thinned_out() -> None:
    X, y = rings(4)
    model = MLP(2, [1], seed=1)
    recorder = LayerRecorder(model, X, y, "hinge")
    train(model, X, y, loss="hinge", epochs=200, callbacks=[recorder])
    assert 40 <= len(recorder.epochs) <= 80
    steps = {b - a for a, b in zip(recorder.epochs, recorder.epochs[1:], strict=False)}
    assert steps == {4}
    assert recorder.epochs[-1] == 200
    assert len(recorder.weights["layers.0"]) == len(recorder.epochs)


def test_layers_are_drawn_as_one_row_each() -> None:
    X, y = rings()
    model = MLP(2, [4, 1], activation="tanh", seed=1)
    recorder = LayerRecorder(model, X, y, "hinge")
    with pytest.raises(BadHistoryError, match=r"callbacks=\[recorder\]"):
        training.plot_layers(recorder)
    train(model, X, y, loss="hinge", epochs=3, callbacks=[recorder])
    figure = training.plot_layers(recorder)
    names = [ax.get_title() for ax in figure.axes]
    assert names == [
        "layers.0: weights", "layers.0: gradients", "layers.1: weights", "layers.1: gradients",
    ]  # fmt: skip
    mesh = next(c for c in figure.axes[0].collections if c.__class__.__name__ == "QuadMesh")
    assert mesh.get_array().shape == (40, 3)
    assert (mesh.get_array().max(axis=0) == 1.0).all()


def coloured(ax: Any) -> dict[str, tuple[float, ...]]:
    points = [c for c in ax.collections if isinstance(c, PathCollection)]
    return {str(c.get_label()): tuple(c.get_facecolor()[0][:3]) for c in points}


def test_points_have_the_colour_of_their_class_though_another_is_missing() -> None:
    model = MLP(2, [3], seed=1)
    grid = np.random.default_rng(1).normal(size=(40, 2))
    few = np.array([0.0, 2.0] * 20)
    figure = Figure()
    ax = training.plot_decision_boundary(model, grid, few, figure.subplots())
    (mesh,) = [c for c in ax.collections if isinstance(c, QuadMesh)]
    background = [tuple(mesh.cmap(i)[:3]) for i in range(3)]
    points = coloured(ax)
    assert points["0"] == pytest.approx(background[0])
    assert points["2"] == pytest.approx(background[2])
    one = MLP(2, [1], seed=1)
    for classes, colours in [
        ([1.0, 1.0], {"1": training.POSITIVE}),
        ([-1.0, -1.0], {"−1": training.NEGATIVE}),
        ([0.0, 1.0], {"0": training.NEGATIVE, "1": training.POSITIVE}),
        ([3.0, 7.0], {"3": training.NEGATIVE, "7": training.POSITIVE}),
    ]:
        ax = training.plot_decision_boundary(one, grid[:2], np.array(classes), Figure().subplots())
        assert coloured(ax) == {
            name: pytest.approx(to_rgb(colour)) for name, colour in colours.items()
        }


def test_a_validation_curve_and_the_targets_own_unit() -> None:
    history = History("R2", [4.0, 1.0], [0.1, 0.5], validation_loss=[9.0, 4.0])
    history.validation_score = [0.0, 0.3]
    ax = training.plot_history(history, Figure().subplots(), unit=training.Unit("price in $", 10.0))
    lines = {line.get_label(): list(line.get_ydata()) for line in ax.get_lines()}
    assert lines == {
        "root mean square error": [20.0, 10.0],
        "root mean square error, validation": [30.0, 20.0],
    }
    assert ax.get_ylabel() == r"root mean square error (price in \$)"
    (right,) = [other for other in ax.figure.axes if other is not ax]
    assert [line.get_label() for line in right.get_lines()] == ["R2", "R2, validation"]


def test_names_with_dollar_signs_are_no_formulas() -> None:
    model = MLP(2, [1], seed=1)
    rows = np.array([[0.0, 1.0], [1.0, 0.0]])
    history = History("accuracy", [1.0], [1.0])
    figure = training.training_figure(
        model, rows, np.array([1.0, -1.0]), history, ["$x^$", "a$b\x00"]
    )
    svg = training.picture_bytes(figure, "svg").decode()
    assert "$x^$" in svg
    assert "a$b\ufffd" in svg

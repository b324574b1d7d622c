"""The report page of a training: what it says, and how it reads in a browser."""

import base64
import re
from pathlib import Path
from typing import Any

import matplotlib.image
import numpy as np
import pytest

from mgcore import Op, register, unregister
from mgnn import MLP, fit
from mgnn.history import History
from mgview.errors import BadHistoryError, BadModelError, UnknownFormatError
from mgview.judgement import Judged, verdict
from mgview.recorder import LayerRecorder
from mgview.report import write_report

ROWS = [[0.1 * i, (-1.0) ** i] for i in range(12)]


def train(model: MLP, y: Any, **more: Any) -> History:
    return fit(model, ROWS, y, progress=False, backend="eager", seed=1, **more)


def classified(**more: Any) -> dict[str, Any]:
    """A model whose largest output is output i for class i: always class 1 here."""
    labels = [i % 3 for i in range(12)]
    model = MLP(2, [3, 3], activation="tanh", seed=2)
    history = train(model, labels, loss="cross_entropy", epochs=2, **more)
    return {"model": model, "history": history, "X": ROWS, "y": labels, "loss": "cross_entropy"}


def regressed() -> dict[str, Any]:
    targets = [row[0] * 2 for row in ROWS]
    model = MLP(2, [3, 1], activation="tanh", seed=2)
    history = train(model, targets, epochs=3)
    return {"model": model, "history": history, "X": ROWS, "y": targets, "loss": "mse"}


def cells(page: Any, selector: str) -> list[list[str]]:
    return [row.locator("th, td").all_inner_texts() for row in page.locator(f"{selector} tr").all()]


def test_the_report_says_what_was_trained_and_on_what(open_page: Any, tmp_path: Path) -> None:
    path = write_report(
        tmp_path / "report.html",
        **classified(),
        title="mg train <iris>",
        settings={"hidden": "3", "activation": "tanh"},
        data={"rows": 12, "target": "species"},
        judged="On the held-out rows",
    )
    page = open_page(path)
    assert page.text_content("h1") == "mg train <iris>"
    settings, data = page.locator(".facts").all()
    assert settings.inner_text().split() == ["hidden", "3", "activation", "tanh"]
    assert data.inner_text().split() == ["rows", "12", "target", "species"]
    numbers = page.inner_text(".numbers")
    assert re.search(r"2\s+epochs", numbers)
    assert re.search(r"21\s+parameters", numbers)
    assert page.locator("img.plot").first.get_attribute("alt").startswith("Loss falls from")
    assert page.locator("img.plot").first.evaluate("image => image.naturalWidth") > 100
    assert "On the held-out rows" in page.inner_text("main")
    assert page.locator(".network svg .mgv-box").count() >= 3


def test_the_confusion_matrix_counts_what_the_model_answers(open_page: Any, tmp_path: Path) -> None:
    given = classified()
    truth = given["y"]
    model = given["model"]
    answers = [max(range(3), key=lambda k, row=row: model(row)[k].data) for row in ROWS]
    names = ["red", "green", "<blue>"]
    page = open_page(write_report(tmp_path / "r.html", **given, classes=names))
    table = cells(page, ".confusion")
    assert table[0][1:] == [*names, "found"]
    for i, name in enumerate(names):
        pairs = list(zip(truth, answers, strict=True))
        counts = [pairs.count((i, j)) for j in range(3)]
        assert table[i + 1][:4] == [name, *map(str, counts)]
    right = sum(t == a for t, a in zip(truth, answers, strict=True))
    assert f"{right} of 12 rows right" in page.inner_text("main")


def test_a_model_of_one_output_is_judged_by_its_sign(open_page: Any, tmp_path: Path) -> None:
    labels = [1 if row[1] > 0 else -1 for row in ROWS]
    model = MLP(2, [1], seed=2)
    history = train(model, labels, loss="hinge", epochs=60)
    given = {"model": model, "history": history, "X": ROWS, "y": labels, "loss": "hinge"}
    page = open_page(write_report(tmp_path / "r.html", **given))
    assert cells(page, ".confusion") == [
        ["", "−1", "1", "found"], ["−1", "6", "0", "100.0%"], ["1", "0", "6", "100.0%"],
    ]  # fmt: skip


def test_a_regression_shows_its_residuals(open_page: Any, tmp_path: Path) -> None:
    given = regressed()
    errors = [given["model"](row).data - t for row, t in zip(ROWS, given["y"], strict=True)]
    page = open_page(write_report(tmp_path / "r.html", **given))
    text = page.inner_text("main").replace("\u2212", "-")
    assert f"mean error ≈{sum(errors) / 12:.4g}" in text
    assert f"largest ≈{max(map(abs, errors)):.4g}" in text
    assert page.locator(".confusion").count() == 0


def test_a_single_epoch_is_no_curve_and_an_unfolded_net_speaks_of_no_boxes(
    open_page: Any, tmp_path: Path
) -> None:
    model = MLP(2, 1, seed=2)
    targets = [row[0] * 2 for row in ROWS]
    given = {"model": model, "history": train(model, targets, epochs=1), "loss": "mse"}
    page = open_page(write_report(tmp_path / "r.html", **given, X=ROWS, y=targets))
    assert page.locator("h2", has_text="Training").count() == 0
    assert "blue frame" not in page.inner_text("main")
    assert re.search(r"1\s+epochs", page.inner_text(".numbers"))


def test_layers_appear_where_a_recorder_watched(open_page: Any, tmp_path: Path) -> None:
    given = regressed()
    recorder = LayerRecorder(given["model"], ROWS, given["y"], "mse")
    train(given["model"], given["y"], epochs=2, callbacks=[recorder])
    with_layers = open_page(write_report(tmp_path / "a.html", **given, recorder=recorder))
    without = open_page(write_report(tmp_path / "b.html", **given))
    assert with_layers.locator("text=Layers, epoch by epoch").count() == 1
    assert without.locator("text=Layers, epoch by epoch").count() == 0


def test_operators_used_are_listed_with_where_they_came_from(
    open_page: Any, tmp_path: Path
) -> None:
    slope = (lambda out, x: (1 + abs(x)) ** -2,)
    squash = Op("squash", lambda x: x / (1 + abs(x)), slope, doc="x / (1 + |x|)")
    register(squash)
    try:
        model = MLP(2, [3, 1], activation="squash", seed=2)
        history = train(model, [0.5] * 12, epochs=1)
        given = {"model": model, "history": history, "X": ROWS, "y": [0.5] * 12, "loss": "mse"}
        page = open_page(write_report(tmp_path / "r.html", **given))
    finally:
        unregister("squash")
    rows = {row[0]: row[1:] for row in cells(page, "section:last-child table")[1:]}
    assert rows["squash"] == ["x / (1 + |x|)", "this program", ""]
    assert rows["dot"][1] == "mgcore"
    assert re.fullmatch(r"\d+\.\d+.*", rows["dot"][2])
    assert {"dot", "mul", "squash", "sub", "sum"} == set(rows)


def test_the_report_leaves_the_models_gradients_alone(tmp_path: Path) -> None:
    given = regressed()
    for p in given["model"].parameters():
        p.grad = 0.125
    write_report(tmp_path / "r.html", **given)
    assert {p.grad for p in given["model"].parameters()} == {0.125}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1200, 390])
def test_axe_finds_nothing_wrong(
    open_page: Any, violations: Any, tmp_path: Path, scheme: str, width: int
) -> None:
    path = write_report(
        tmp_path / "r.html", **classified(), settings={"a": 1}, data={"b": "long " * 30}
    )
    page = open_page(path, scheme=scheme, size={"width": width, "height": 900})
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_what_cannot_be_reported_is_refused(tmp_path: Path) -> None:
    given = regressed()
    with pytest.raises(UnknownFormatError, match=r"a report .* \.html"):
        write_report(tmp_path / "report.pdf", **given)
    with pytest.raises(BadModelError, match="12 rows of X and 11 targets"):
        write_report(tmp_path / "r.html", **{**given, "y": given["y"][:-1]})
    with pytest.raises(BadHistoryError, match="no epochs"):
        write_report(tmp_path / "r.html", **{**given, "history": History("R2")})
    with pytest.raises(BadModelError, match="does not take the 3 numbers"):
        write_report(tmp_path / "r.html", **{**given, "X": [[*row, 1.0] for row in ROWS]})


def test_the_held_out_score_is_the_headline_with_a_judgement(
    open_page: Any, tmp_path: Path
) -> None:
    given = classified()
    scores = [Judged("this net", 4 / 12), Judged("logistic regression", 11 / 12)]
    path = write_report(tmp_path / "r.html", **given, judged="On the held-out rows", scores=scores)
    page = open_page(path)
    right = sum(
        max(range(3), key=lambda k, row=row: given["model"](row)[k].data) == target
        for row, target in zip(ROWS, given["y"], strict=True)
    )
    first = page.locator("main > *").first.inner_text()
    assert first.removeprefix("≈").startswith(f"{right / 12:.1%} accuracy, on the held-out rows")
    assert (
        "This net is right on ≈33.3%, logistic regression on ≈91.7%: ≈58.3 points worse: "
        "the baseline is the better model here." in first
    )
    bare = open_page(write_report(tmp_path / "bare.html", **given))
    assert "always '0' on ≈33.3%" in bare.inner_text(".headline")
    names = list(np.array(["setosa", "versicolor", "virginica"]))
    named = open_page(write_report(tmp_path / "named.html", **given, classes=names))
    assert "always 'setosa' on ≈33.3%" in named.inner_text(".headline")


@pytest.mark.parametrize(
    ("scores", "rows", "name", "words"),
    [
        ((0.97, 0.93), 30, "accuracy", "1 row of 30 better, which may be chance"),
        ((0.9, 0.9), 30, "accuracy", "no better and no worse"),
        ((0.95, 0.80), 2000, "accuracy", "15.0 points better, more than chance explains"),
        ((0.75, 0.0), 10, "R2", "its error is 50% smaller"),
        ((0.5, 0.51), 10, "R2", "its error is about as large"),
        ((0.0, 0.75), 10, "R2", "its error is 100% larger: the baseline is the better model"),
        ((-0.2, 0.0), 10, "R2", "it does worse than always saying the mean"),
    ],
)
def test_the_sentence_of_judgement_is_fair(scores: Any, rows: int, name: str, words: str) -> None:
    model, other = (Judged(who, score) for who, score in zip(("m", "b"), scores, strict=True))
    assert words in verdict(model, [Judged("worse", -1.0), other], rows, name)


def test_errors_and_residuals_are_in_the_targets_own_unit(open_page: Any, tmp_path: Path) -> None:
    given = regressed()
    errors = [given["model"](row).data - t for row, t in zip(ROWS, given["y"], strict=True)]
    own = {"target": "price $", "mean": 200.0, "scale": 50.0}
    page = open_page(write_report(tmp_path / "r.html", **given, **own))
    text = page.inner_text("main").replace("\u2212", "-")
    assert f"largest ≈{50 * max(map(abs, errors)):.4g}, in the unit of price $." in text
    loss = 50 * given["history"].loss[-1] ** 0.5
    assert re.search(rf"≈{loss:.4g}\s+root mean square error in training", text)
    spread = sum((t - sum(given["y"]) / 12) ** 2 for t in given["y"])
    r2 = 1 - sum(e * e for e in errors) / spread
    assert text.startswith(f"≈{r2:.4g} R2")
    source = page.locator("img.plot").nth(1).get_attribute("src")
    figure = base64.b64decode(source.partition(",")[2]).decode()
    assert "true price $" in figure
    assert "prefers-color-scheme:dark" in figure


def test_a_misclassified_cell_is_seen_however_small_its_share(
    open_page: Any, tmp_path: Path
) -> None:
    labels = [1 if row[1] > 0 else -1 for row in ROWS]
    model = MLP(2, [1], seed=2)
    history = train(model, labels, loss="hinge", epochs=60)
    rows = ROWS * 40
    y = labels * 40
    y[0] = -y[0]  # one row of 480 that the model takes for the other class
    given = {"model": model, "history": history, "X": rows, "y": y, "loss": "hinge"}
    page = open_page(write_report(tmp_path / "r.html", **given))
    wrong = page.locator(".confusion .wrong")
    assert wrong.all_inner_texts() == ["1"]
    assert "2px" in wrong.evaluate("e => getComputedStyle(e).boxShadow")
    assert page.locator(".confusion .none").all_inner_texts() == ["0"]


def test_the_network_follows_dark_colours_and_leaks_no_styles(
    open_page: Any, tmp_path: Path
) -> None:
    path = write_report(tmp_path / "r.html", **regressed())
    page = open_page(path, scheme="dark")
    assert page.locator(".network style").count() == 0
    box = page.locator(".network .mgv-back").first
    assert box.evaluate("e => getComputedStyle(e).fill") == "rgb(19, 28, 49)"
    plot = page.locator("img.plot").first
    dark = plot.screenshot(path=tmp_path / "dark.png")
    import io

    image = matplotlib.image.imread(io.BytesIO(dark))
    assert image[..., :3].mean() < 0.4, "the plot must be dark on a dark page"

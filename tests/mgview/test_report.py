"""The report page of a training: what it says, and how it reads in a browser."""

import re
from pathlib import Path
from typing import Any

import pytest

from mgcore import Op, register, unregister
from mgnn import MLP, fit
from mgnn.history import History
from mgview.errors import BadHistoryError, BadModelError, UnknownFormatError
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
        ["", "-1", "1", "found"], ["-1", "6", "0", "100.0%"], ["1", "0", "6", "100.0%"],
    ]  # fmt: skip


def test_a_regression_shows_its_residuals(open_page: Any, tmp_path: Path) -> None:
    given = regressed()
    errors = [given["model"](row).data - t for row, t in zip(ROWS, given["y"], strict=True)]
    page = open_page(write_report(tmp_path / "r.html", **given))
    text = page.inner_text("main")
    assert f"mean error {sum(errors) / 12:.4g}" in text
    assert f"largest {max(map(abs, errors)):.4g}" in text
    assert page.locator(".confusion").count() == 0


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

"""What models, trainings, kernels and steppers show in a notebook, run for real and looked at."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

nbformat = pytest.importorskip("nbformat", reason="notebooks are for development alone")

CELLS = [
    """
import numpy as np
import mgcompile, mgnn, mgview
from mgcore import Value, ops

X = np.random.default_rng(0).normal(size=(80, 2))
y = np.where(X[:, 0] * X[:, 1] > 0, 1.0, -1.0)
model = mgnn.MLP(2, [16, 16, 1], activation="tanh", seed=7)
model""",
    """
history = mgnn.fit(model, X[:60], y[:60], loss="hinge", optimizer=mgnn.optim.SGD(lr=0.1),
                   epochs=300, seed=7, validation_data=(X[60:], y[60:]), progress=True)
history""",
    """
x = [Value(0.0, "height"), Value(0.0, "y")]
kernel = mgcompile.compile(model(x), x, model.parameters())
kernel""",
    "mgview.stepper(ops.tanh(x[0]))",
]


@pytest.fixture(scope="module")
def notebook() -> Any:
    client = pytest.importorskip("nbclient").NotebookClient
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in CELLS])
    client(made, timeout=300, kernel_name="python3").execute()
    return made


def shown(notebook: Any, cell: int) -> str:
    (found,) = [o for o in notebook.cells[cell].outputs if o.output_type == "execute_result"]
    return str(found.data["text/html"])


def texts(html: str) -> str:
    return " ".join(re.sub("<[^>]+>", " ", html).split())


def test_each_tells_what_it_is(notebook: Any) -> None:
    assert "MLP, 337 parameters" in texts(shown(notebook, 0))
    assert "2 16 16 tanh 272" in texts(shown(notebook, 0))
    training = texts(shown(notebook, 1))
    assert "epochs 300" in training
    assert "training (line), validation (dashed)" in training
    assert shown(notebook, 1).count("<polyline") == 2
    kernel = texts(shown(notebook, 2))
    assert "inputs 2: height, y" in kernel
    assert "parameters 337" in kernel
    assert "1,281 flops" in kernel
    assert "matrix product: (16 x samples) results" in kernel
    assert "tanh(a5[i]) for i&lt;16" in kernel
    assert "<iframe" in shown(notebook, 3)


def test_the_bar_warns_of_nothing(notebook: Any) -> None:
    text = "".join(o.text for o in notebook.cells[1].outputs if o.output_type == "stream")
    assert "300/300" in text or not text
    assert "Warning" not in text


@pytest.mark.parametrize("width", [1280, 380])
def test_chromium_shows_them_whole_at_any_size(
    notebook: Any,
    width: int,
    tmp_path: Path,
    open_page: Callable[..., Any],
    violations: Callable[[Any], list[str]],
) -> None:
    exporter = pytest.importorskip("nbconvert").HTMLExporter(template_name="basic")
    body, _ = exporter.from_notebook_node(nbformat.v4.new_notebook(cells=notebook.cells[:3]))
    page_file = tmp_path / "notebook.html"
    head = (
        "<!DOCTYPE html><html lang='en'><title>n</title>"
        "<meta name='viewport' content='width=device-width'>"
    )
    page_file.write_text(f"{head}<main><h1>n</h1>{body}</main>", encoding="utf-8")
    page = open_page(page_file, size={"width": width, "height": 800})
    for card in page.locator("div[style*='border-radius']").all():
        box = card.bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width
    page.get_by_text("Program").click()
    assert page.get_by_text("return value").is_visible()
    assert [fault for fault in violations(page) if "border-radius" in fault] == []

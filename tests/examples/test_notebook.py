"""The notebook runs from top to bottom, and shows what is stored in it."""

import re
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOK = Path(__file__).parents[2] / "examples" / "from_slope_to_descent.ipynb"


@pytest.fixture(scope="module")
def stored() -> Any:
    return nbformat.read(NOTEBOOK, as_version=4)


@pytest.fixture(scope="module")
def executed(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("notebook")
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    where = {"metadata": {"path": str(folder)}}
    NotebookClient(notebook, timeout=300, kernel_name="python3", resources=where).execute()
    assert (folder / "stepper.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    return notebook


def printed(notebook: Any) -> list[str]:
    """Collect what each code cell printed."""
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    return ["".join(o.text for o in cell.outputs if o.output_type == "stream") for cell in cells]


def pictures(notebook: Any) -> list[list[str]]:
    """Name the kinds of pictures that each code cell shows."""
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    return [
        sorted(kind for o in cell.outputs for kind in o.get("data", {}) if kind != "text/plain")
        for cell in cells
    ]


def test_every_cell_prints_what_is_stored(executed: Any, stored: Any) -> None:
    assert printed(executed) == printed(stored)


def test_every_cell_shows_the_kind_of_picture_that_is_stored(executed: Any, stored: Any) -> None:
    assert pictures(executed) == pictures(stored)
    flat = [kind for kinds in pictures(executed) for kind in kinds]
    assert flat.count("image/svg+xml") == 5
    assert flat.count("image/png") == 3


def test_nothing_is_complained_of(executed: Any) -> None:
    outputs = [o for cell in executed.cells for o in cell.get("outputs", [])]
    assert not [o for o in outputs if o.output_type == "error" or o.get("name") == "stderr"]


@pytest.mark.parametrize(
    "text",
    [
        "f(3 + h) = 20.014003\nslope    = 14.003\n",
        "a: by the chain rule   6.0, by nudging  6.000000\n",
        "b: by the chain rule  -4.0, by nudging -4.000000\n",
        "L was -8.0 and is now -7.2865\n",
        "db/da = 2.0\n",
        "o = 0.7071\n{'x1': -1.5, 'w1': 1.0, 'x2': 0.5, 'w2': 0.0}\n",
        "337 parameters\n",
    ],
)
def test_the_well_known_numbers_appear(executed: Any, text: str) -> None:
    assert text in "".join(printed(executed))


def test_gradient_descent_learns(executed: Any) -> None:
    text = "".join(printed(executed))
    losses = [float(number) for number in re.findall(r"step +\d+: loss (\S+)", text)]
    assert losses == sorted(losses, reverse=True)
    assert losses[-1] < 0.01
    assert float(re.search(r"accuracy (\S+)", text)[1]) >= 0.95


def test_the_drawing_of_the_lesson_shows_its_gradients(executed: Any) -> None:
    svgs = [
        o.data["image/svg+xml"]
        for cell in executed.cells
        for o in cell.get("outputs", [])
        if "image/svg+xml" in o.get("data", {})
    ]
    assert ">6.0000</text>" in svgs[1]
    assert ">6.0000</text>" not in svgs[0]
    assert "16 × tanh(dot(6 operands))" in svgs[3]

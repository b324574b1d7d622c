"""Steps and animations from Python, and the page inside a notebook."""

import io
import re
import xml.etree.ElementTree as ET
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageChops

import mgview
from mgcore import Value, ops
from mgview.errors import GraphTooLargeError, NoSuchStepError

SVG = "{http://www.w3.org/2000/svg}"


def numbers(text: str) -> dict[str, tuple[str, str]]:
    """Data and gradient by label, as one step shows them."""
    found = {}
    for group in ET.fromstring(text).iter(f"{SVG}g"):  # noqa: S314 - written by this package
        by_kind = {
            t.get("class", "").split()[-1]: t.text or "" for t in group.findall(f"{SVG}text")
        }
        if "mgv-data" in by_kind:
            found[by_kind["mgv-label"]] = (by_kind["mgv-data"], by_kind["mgv-gradient"])
    return found


def test_each_step_shows_what_is_known_then(seed_graph: Any) -> None:
    page = mgview.stepper(seed_graph())
    assert page.steps == 8
    assert numbers(page.svg(0))["e"] == ("?", "0.0000")
    assert numbers(page.svg(1))["e"] == ("−6.0000", "0.0000")
    assert numbers(page.svg(4))["L"] == ("−8.0000", "1.0000")
    assert numbers(page.svg(5))["d"] == ("4.0000", "−2.0000")
    # by hand: dL/da = b f = 6, dL/db = a f = -4, dL/dc = f = -2, dL/df = d = 4
    last = numbers(page.svg(8))
    assert [last[name][1] for name in "abcf"] == ["6.0000", "−4.0000", "−2.0000", "4.0000"]
    assert "Backward 3 of 3: through e" in page.svg(7)
    marked = re.findall(r'is-current" data-box="n(\d+)"', page.svg(7))
    assert [page.scene.nodes[int(index)].name for index in marked] == ["e"]
    assert page.png(7).startswith(b"\x89PNG")
    with pytest.raises(NoSuchStepError, match="steps 0 to 8, not 9"):
        page.svg(9)


def test_contributions_add_up_and_an_upstream_of_zero_hands_on_zero() -> None:
    x = Value(0.0, "x")
    y = ops.sqrt(x) * 0.0 + x + x
    y.label = "y"
    page = mgview.stepper(y)
    assert numbers(page.svg(page.steps))["x"] == ("0.0000", "2.0000")


def test_a_pass_becomes_an_animation(seed_graph: Any, tmp_path: Path) -> None:
    page = mgview.stepper(seed_graph())
    data = page.save(tmp_path / "pass.gif", seconds=0.5).read_bytes()
    image = Image.open(io.BytesIO(data))
    assert image.n_frames == page.steps + 1
    durations, pictures = [], []
    for i in range(image.n_frames):
        image.seek(i)
        durations.append(image.info["duration"])
        pictures.append(image.convert("RGB"))
    assert durations == [500] * 8 + [1500]
    for before, after in pairwise(pictures):
        assert ImageChops.difference(before, after).getbbox() is not None
    assert page.save(tmp_path / "step.svg", step=3).read_text("utf-8") == page.svg(3)


def test_a_graph_too_large_to_be_drawn_step_by_step_says_so(tmp_path: Path) -> None:
    page = mgview.stepper(ops.sum(*(Value(float(i)) for i in range(300))))
    with pytest.raises(GraphTooLargeError, match="301 nodes, more than the 200"):
        page.save(tmp_path / "pass.gif")


def test_a_notebook_shows_the_page_in_a_sandbox(
    chromium: Any, seed_graph: Any, tmp_path: Path
) -> None:
    frame = mgview.stepper(seed_graph(), title='a "title" & <more>')._repr_html_()
    assert 'sandbox="allow-scripts allow-downloads"' in frame
    path = tmp_path / "notebook.html"
    path.write_text(f"<!DOCTYPE html><title>n</title>{frame}", encoding="utf-8")
    page = chromium.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(path.as_uri())
    page.locator("iframe").scroll_into_view_if_needed()
    inside = page.frame_locator("iframe")
    inside.locator("#next").click()
    assert inside.locator("#what").text_content() == "Forward 1 of 3: e"
    assert inside.locator("h1").text_content() == 'a "title" & <more>'
    assert errors == []
    page.close()

"""The page of a drawing, in a real browser: boxes that open, zoom, keys, labels."""

from pathlib import Path
from typing import Any

import pytest

import mgview
from mgcore import Value, ops
from mgnn import MLP

PHONE = {"width": 390, "height": 844}


@pytest.fixture
def mlp() -> mgview.Drawing:
    out = MLP(2, [16, 16, 1], activation="tanh", seed=7)([Value(0.5, "x1"), Value(-1.0, "x2")])
    out.label = "out"
    out.backward()
    return mgview.draw(out)


def trail(page: Any) -> list[str]:
    return [str(text) for text in page.locator("#trail button").all_inner_texts()]


def test_a_folded_box_opens_by_a_click_and_the_trail_leads_back(open_page: Any, mlp: Any) -> None:
    page = open_page(mlp)
    assert trail(page) == ["Graph of out: 437 nodes"]
    page.click(".mgv-label >> text=16 × tanh(dot(6 operands)")
    assert page.locator(".mgv-group").count() == 16
    assert page.evaluate("window.scrollY") == 0, "the trail must stay in sight"
    page.locator(".mgv-group").first.click()
    assert trail(page)[1:] == ["16 × tanh(dot(6 operands))", "tanh(dot(6 operands))"]
    assert page.locator(".mgv-op").count() == 2
    assert page.locator(".mgv-ghost").count() == 3
    page.click("#trail button >> nth=0")
    assert page.locator(".mgv-group").count() == 3
    assert "Shown: Graph of out" in page.text_content("#status")


def test_a_folded_box_opens_by_keyboard_and_escape_goes_back(open_page: Any, mlp: Any) -> None:
    page = open_page(mlp)
    page.focus(".mgv-group >> nth=0")
    page.keyboard.press("Enter")
    assert len(trail(page)) == 2
    page.keyboard.press("Escape")
    assert len(trail(page)) == 1
    page.focus(".mgv-group >> nth=1")
    page.keyboard.press(" ")
    assert len(trail(page)) == 2


def test_zoom_and_fit(open_page: Any, mlp: Any) -> None:
    page = open_page(mlp)
    width = "parseFloat(document.querySelector('#frame svg').getAttribute('width'))"
    before = page.evaluate(width)
    page.click("#zoom-in")
    assert page.evaluate(width) == pytest.approx(before * 1.25)
    page.click("#zoom-out")
    page.click("#zoom-fit")
    assert page.evaluate(width) <= page.evaluate("document.getElementById('frame').clientWidth")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [{"width": 1280, "height": 800}, PHONE], ids=["desktop", "phone"])
def test_axe_finds_nothing_wrong(
    open_page: Any, violations: Any, mlp: Any, scheme: str, size: Any
) -> None:
    page = open_page(mlp, scheme=scheme, size=size)
    assert violations(page) == []
    page.locator(".mgv-group").first.click()
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_labels_are_text_and_never_markup(open_page: Any) -> None:
    evil = "<script>window.hacked=1</script>"
    out = ops.sum(*(ops.tanh(Value(0.1, f"{evil}.{i}")) for i in range(150)))
    out.label = "</template></script><img src=x onerror='window.hacked=1'>"
    page = open_page(mgview.draw(out))
    page.locator(".mgv-group").first.click()
    assert page.evaluate("window.hacked") is None
    assert page.locator("img").count() == 0
    assert page.text_content("h1").startswith("Graph of </template>")


def test_a_small_graph_shows_all_nodes_at_once(open_page: Any, seed_graph: Any) -> None:
    page = open_page(mgview.draw(seed_graph()))
    assert page.locator(".mgv-box").count() == 7
    assert page.locator(".mgv-group").count() == 0
    assert "7 nodes, operands left, output right" in page.inner_text("header")


def test_a_box_beyond_the_pages_limit_says_how_to_open_it(
    open_page: Any, mlp: Any, monkeypatch: Any
) -> None:
    monkeypatch.setattr("mgview.drawing._MOST_PAGES", 1)
    page = open_page(mlp)
    page.click(".mgv-label >> text=16 × tanh(dot(6 operands)")
    page.locator(".mgv-group").first.click()
    assert 'in Python: drawing.open("g' in page.text_content("#status")


def test_an_svg_file_opens_in_a_browser_as_it_is(chromium: Any, mlp: Any, tmp_path: Path) -> None:
    path = mlp.save(tmp_path / "graph.svg")
    context = chromium.new_context()
    page = context.new_page()
    page.goto(path.as_uri())
    assert page.evaluate("document.documentElement.nodeName") == "svg"
    label = page.locator(".mgv-label >> text=out").first.bounding_box()
    assert label["width"] > 5
    overflow = page.evaluate(
        """() => [...document.querySelectorAll('.mgv-box')].flatMap(box => {
          const frame = box.querySelector('.mgv-frame').getBoundingClientRect();
          return [...box.querySelectorAll('text')].filter(text => {
            const r = text.getBoundingClientRect();
            return r.right > frame.right + 1 || r.bottom > frame.bottom + 1;
          }).map(text => text.textContent);
        })"""
    )
    assert overflow == [], "text sticks out of its box"
    context.close()

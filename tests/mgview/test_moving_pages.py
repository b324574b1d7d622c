"""What moves: backward edges, words and picture that light one another, nudges, rules, words."""

import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import mgview
from mgcore import Op, Value, ops
from mgnn import MLP
from mgview.stepper import rule_of

LOCALS = "es => es.map(e => [e.dataset.from, e.textContent])"


@pytest.fixture(scope="module")
def seed_page(seed_graph: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return mgview.stepper(seed_graph()).save(tmp_path_factory.mktemp("seed") / "seed.html")


def test_backward_edges_turn_and_bear_their_local_derivatives(
    open_page: Any, seed_page: Path
) -> None:
    page = open_page(seed_page)
    page.fill("#slider", "3")
    assert page.locator(".mgv-back-edge").count() == 0
    page.fill("#slider", "7")  # through e = a b
    assert page.eval_on_selector_all(".mgv-local", LOCALS) == [["n0", "× −3"], ["n1", "× 2"]]
    heads = page.eval_on_selector_all(
        ".mgv-back-edge[data-from], .mgv-back-edge:not([data-from])",
        "es => es.map(e => e.getAttribute('d'))",
    )
    numbers = [[float(x) for x in re.findall(r"[\d.]+", d)] for d in heads[:2]]
    assert numbers[1][2:4] == pytest.approx(numbers[0][:2]), "the arrow points at the operand"
    forward = page.locator('.mgv-edge[data-from="n0"]')
    assert forward.evaluate("e => getComputedStyle(e).opacity") == "0"
    circle = page.locator(".is-current .mgv-circle")
    assert circle.evaluate("e => getComputedStyle(e).fill") == "rgb(253, 230, 138)"


def test_local_derivatives_cover_no_number_and_not_one_another(
    open_page: Any, random_graph: Any
) -> None:
    x1, x2 = Value(0.5, "x1"), Value(-1.0, "x2")
    neuron = MLP(2, [1, 1], activation="tanh", seed=3)([x1, x2])
    p, q, r = Value(1.5, "p"), Value(2.5, "q"), Value(0.5, "r")
    for root in (neuron, (p - q) / (q**r) - (r - p), p * p * p + p, random_graph(60, 5)):
        page = open_page(mgview.stepper(root))
        page.emulate_media(reduced_motion="reduce")
        for step in range(int(page.get_attribute("#slider", "max"))):
            page.fill("#slider", str(step))
            assert page.evaluate(COVERED) == [], step


# Pairs of texts of which more than a sliver lies over one another, a local derivative among them.
COVERED = """() => {
  const rect = e => e.getBoundingClientRect();
  const meet = (a, b) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > 3
    && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 4;
  const labels = [...document.querySelectorAll('.mgv-local')];
  const others = [...document.querySelectorAll('.mgv-data, .mgv-gradient, .mgv-symbol')];
  return labels.flatMap((label, i) => [...labels.slice(i + 1), ...others]
    .filter(other => meet(rect(label), rect(other)))
    .map(other => `${label.textContent} over ${other.textContent}`));
}"""


def test_a_pulse_carries_the_contribution_unless_motion_is_unwelcome(
    open_page: Any, seed_page: Path
) -> None:
    page = open_page(seed_page)
    moved = page.evaluate(
        """() => { const s = document.getElementById('slider'); s.value = 7;
        s.dispatchEvent(new Event('input'));
        return [...document.querySelectorAll('.mgv-pulse text')].map(t => t.textContent); }"""
    )
    assert moved == ["6", "−4"]
    page.wait_for_timeout(1_300)
    assert page.locator(".mgv-pulse").count() == 0
    page.emulate_media(reduced_motion="reduce")
    page.fill("#slider", "5")
    assert page.locator(".mgv-pulse").count() == 0
    assert page.locator(".mgv-local").count() == 2


def test_a_prediction_is_not_given_away_by_the_edges(open_page: Any, seed_page: Path) -> None:
    page = open_page(seed_page)
    page.check("#predicting")
    page.fill("#slider", "7")
    assert page.locator(".mgv-back-edge").count() > 0
    assert page.locator(".mgv-local, .mgv-pulse").count() == 0
    page.click("#reveal")
    assert page.locator(".mgv-local").count() == 2


def test_words_light_the_picture_and_the_picture_lights_words(
    open_page: Any, seed_page: Path
) -> None:
    page = open_page(seed_page)
    page.fill("#slider", "7")
    page.hover('#explanation .formula [data-node="0"]')
    assert page.locator('[data-box="n0"].is-lit').count() == 1
    page.hover("#explanation .local >> nth=0")
    assert page.locator('.mgv-edge[data-from="n0"][data-to="n2"].is-lit').count() == 1
    assert page.locator('[data-box="n0"].is-lit').count() == 0
    page.hover("#explanation .upstream >> nth=0")
    page.hover('[data-box="n1"] .mgv-data')
    assert page.locator('#explanation [data-node="1"].is-lit').count() >= 2
    page.click("#explanation .local >> nth=1")
    assert page.locator('.mgv-edge[data-from="n1"].is-lit').count() == 1


def test_a_nudge_moves_the_output_as_the_gradient_says(open_page: Any, seed_page: Path) -> None:
    page = open_page(seed_page)
    page.click("#last")
    label = page.locator('label[for="leaf-0"]')
    label.scroll_into_view_if_needed()
    box = label.bounding_box()
    x, y = box["x"] + 5, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 10, y)
    page.mouse.move(x + 20, y)
    page.mouse.up()
    # ten steps of a hundredth of 2: a = 2.2, L = (2.2 * -3 + 10) * -2 = -6.8
    assert page.input_value("#leaf-0") == "2.2"
    text = page.inner_text("#nudge")
    assert "a from 2 to 2.2: L from −8 to ≈−6.8" in text
    assert "ΔL/Δa ≈ 6; ∂L/∂a at 2 = 6" in text
    page.focus("#leaf-0")
    page.keyboard.press("ArrowDown")
    assert page.input_value("#leaf-0") == "2.178"


def test_technical_words_are_explained_at_a_tap(open_page: Any, seed_page: Path) -> None:
    page = open_page(seed_page)
    page.fill("#slider", "7")
    shown = page.locator("#explanation .word")
    assert {word.lower() for word in shown.all_inner_texts()} >= {
        "upstream", "gradient", "local derivative",
    }  # fmt: skip
    shown.first.click()
    assert page.inner_text(".gloss").startswith("upstream: the gradient of the node itself")
    shown.first.click()
    assert page.locator(".gloss").count() == 0
    source = (Path(__file__).parents[2] / "page/src/words.ts").read_text("utf-8")
    glossary = (Path(__file__).parents[2] / "docs/glossary.md").read_text("utf-8")
    for word in ("gradient", "upstream", "contribution", "operand", "leaf", "constant", "partial"):
        assert word in source
        assert f"**{word}**" in glossary


def test_every_op_has_a_card_with_its_rule(open_page: Any) -> None:
    def forward(x: Any) -> Any:
        """Fold large numbers: x / (1 + |x|), kept between -1 and 1."""
        return x / (1.0 + abs(x))

    partials = (lambda out, x: (1.0 + abs(x)) ** -2,)
    softsign = Op("softsign", forward=forward, partials=partials, doc="x / (1 + |x|)")
    out = softsign(ops.tanh(Value(3.0, "x")))
    page = open_page(mgview.stepper(out))
    page.fill("#slider", "1")
    assert page.inner_text(".rule summary") == "The rule of tanh"
    page.click(".rule summary")
    text = page.inner_text(".rule")
    assert "out = tanh(x)" in text
    assert "∂out/∂x = 1 − tanh(x)²" in text
    assert "Hyperbolic tangent" in text, "the module's docstring"
    page.fill("#slider", "2")
    page.click(".rule summary")
    text = page.inner_text(".rule")
    assert "softsign: x / (1 + |x|)" in text
    assert "Fold large numbers" in text


def test_the_card_of_an_op_from_a_notebook_bears_its_own_docstring(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def forward(x: Any) -> Any:
        """Square, and halve."""
        return x * x * 0.5

    half = Op("half_square", forward=forward, partials=(lambda out, x: x,), doc="x * x / 2")
    double = Op("double", forward=lambda x: 2.0 * x, partials=(lambda out, x: 2.0,), doc="2 x")
    forward.__module__ = "__main__"
    monkeypatch.setattr(sys.modules["__main__"], "half", half, raising=False)
    monkeypatch.setattr(sys.modules["__main__"], "__doc__", "Made by the notebook.")
    assert rule_of(half) == {"doc": "x * x / 2", "text": "Square, and halve."}
    shelf = ModuleType("shelf", "About one op, or about many.")
    monkeypatch.setitem(sys.modules, "shelf", shelf)
    forward.__module__, shelf.half = "shelf", half  # type: ignore[attr-defined]  # a bare module
    assert rule_of(half)["text"] == "About one op, or about many."
    shelf.double = double  # type: ignore[attr-defined]  # the same
    assert rule_of(half)["text"] == "Square, and halve."


def test_a_neuron_shows_its_pairs_of_weight_and_input(open_page: Any) -> None:
    model = MLP(2, [1], seed=3)
    for parameter, number in zip(model.parameters(), (0.5, -2.0, 0.25), strict=True):
        parameter.data = number
    out = model([Value(4.0, "x1"), Value(1.5, "x2")])
    page = open_page(mgview.stepper(out, model=model))
    page.click("#next")
    rows = [row.split("\t") for row in page.locator(".pairs tr").all_inner_texts()]
    assert rows == [
        ["layers.0.0.w0 × x1", "0.5 × 4 = 2"],
        ["layers.0.0.w1 × x2", "(−2) × 1.5 = −3"],
        ["layers.0.0.b × 1", "0.25 × 1 = 0.25"],
    ]

"""Large graphs in the stepper: alike parts fold into boxes that follow the step, and open."""

from pathlib import Path
from typing import Any

import pytest

import mgview
from mgcore import Value
from mgcore.order import topological_order
from mgnn import MLP, losses

GROUP = ".mgv-group"


def loss() -> tuple[Value, MLP]:
    model = MLP(2, [16, 16, 1], activation="tanh", seed=7)
    root = losses.hinge([model([Value(0.5, "x1"), Value(-1.0, "x2")])], [1])
    root.label = "loss"
    return root, model


@pytest.fixture(scope="module")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root, model = loss()
    return mgview.stepper(root, model=model).save(tmp_path_factory.mktemp("fold") / "page.html")


def counts(page: Any) -> list[tuple[int, int]]:
    """Return how many data are known of how many, box by box."""
    found = page.eval_on_selector_all(
        f"#frame {GROUP}", "boxes => boxes.map(b => b.querySelector('.mgv-key').textContent)"
    )
    return [(int(text.split()[1]), int(text.split()[3])) for text in found]


def test_a_small_graph_needs_no_folding(open_page: Any, seed_graph: Any) -> None:
    page = open_page(mgview.stepper(seed_graph()))
    assert page.locator("#fold").count() == 0


def test_boxes_tell_how_far_the_pass_is(open_page: Any, page_file: Path) -> None:
    page = open_page(page_file)
    root, _ = loss()
    ops = [value for value in topological_order(root) if value.op is not None]
    page.click("#fold")
    assert page.get_attribute("#fold", "aria-pressed") == "true"
    leaves = [known for known, _ in counts(page)]
    for step in (1, 20, len(ops)):
        page.fill("#slider", str(step))
        assert page.locator("#frame .is-current").count() == 1
        known = sum(k for k, _ in counts(page)) - sum(leaves)
        singles = page.locator("#frame .mgv-op .mgv-data").all_text_contents()
        assert known + sum(text != "?" for text in singles) == step
    page.click("#last")
    _, gradients = page.locator(f"#frame {GROUP} >> nth=0").locator(".mgv-key").all_text_contents()
    assert gradients.startswith("gradient: ")


def test_a_box_opens_and_what_is_drawn_follows_the_step(open_page: Any, page_file: Path) -> None:
    page = open_page(page_file)
    page.fill("#slider", "60")
    page.click("#fold")
    page.locator(f"#frame {GROUP}.is-current").click()
    trail = page.locator("#trail button")
    assert trail.count() == 2
    page.locator(f"#frame {GROUP}.is-current").click()
    assert trail.count() == 3
    current = page.locator("#frame .mgv-op.is-current > title").text_content()
    assert current.startswith(page.text_content("#what").rpartition(": ")[2] + ":")
    page.fill("#slider", "2")  # in the first layer: none of the open boxes holds it
    assert trail.count() == 1
    assert page.locator("#frame .is-current").count() == 1
    page.click("#fold")
    assert page.locator("#frame .mgv-box.is-current").get_attribute("data-box").startswith("n")


def test_a_node_is_found_inside_its_box(open_page: Any, page_file: Path) -> None:
    page = open_page(page_file)
    _, model = loss()
    page.click("#fold")
    page.fill("#find", "layers.1.3.w2")
    page.keyboard.press("Enter")
    assert page.locator("#trail button").count() == 3
    title = page.locator("#frame .mgv-leaf > title", has_text="layers.1.3.w2:").text_content()
    number = float(title.split("data ")[1].split(",")[0].replace("−", "-"))
    assert number == dict(model.named_parameters())["layers.1.neurons.3.w.2"].data


@pytest.mark.parametrize("width", [320, 390])
def test_a_phone_has_room_for_opened_boxes(open_page: Any, page_file: Path, width: int) -> None:
    page = open_page(page_file, size={"width": width, "height": 700})
    page.fill("#slider", "60")
    page.click("#fold")
    for _ in range(2):
        page.locator(f"#frame {GROUP}.is-current").click()
    assert page.locator("#trail button").count() == 3
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.locator("#frame").bounding_box()["height"] >= 120


def test_boxes_open_by_keyboard_and_axe_finds_nothing(
    open_page: Any, page_file: Path, violations: Any
) -> None:
    page = open_page(page_file)
    page.click("#fold")
    page.locator(f"#frame {GROUP}").first.focus()
    page.keyboard.press("Enter")
    assert page.locator("#trail button").count() == 2
    assert violations(page) == []
    page.keyboard.press("Escape")
    assert page.locator("#trail button").count() == 1
    page.locator(f"#frame {GROUP}").first.focus()
    step = page.text_content("#count")
    page.keyboard.press(" ")
    assert page.locator("#trail button").count() == 2
    assert page.text_content("#count") == step, "space opens the box, and does not play"
    assert page.text_content("#play") == "Play"

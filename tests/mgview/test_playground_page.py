"""The playground's page in a real browser: it trains as Python does, and all can be reached."""

import json
import runpy
from pathlib import Path
from typing import Any

import pytest

import mgview
from mgcore import Value
from mgnn import MLP, losses
from mgview.playground.picture import colours
from mgview.playground.playground import page_activations

DESKTOP, PHONE, SMALL = (
    {"width": 1280, "height": 900},
    {"width": 390, "height": 844},
    {"width": 320, "height": 640},
)
BCE = "binary_cross_entropy"
RUNS = [
    "data=moons&activation=tanh&init=lecun&optimizer=adam&lr=0.03&batch=10&run=20",
    "data=circle&activation=relu&init=he&loss=hinge&optimizer=sgd&lr=0.1&decay=0.01&batch=16&run=20",
    "data=circle&optimizer=momentum&lr=0.02&decay=0.001&l1=0.003&batch=20&run=15_l1:0.0001_5",
    "data=xor&optimizer=adamw&decay=0.01&l1=0.01&batch=25&run=10_optimizer:adam_10",
    # so long that many weights are at 0, where a slope of the penalty would be decided by rounding
    "data=spiral&activation=silu&lr=0.03&batch=30&l1=0.003&run=60_w3:0.75_20_optimizer:momentum_10",
    "data=xor&activation=sigmoid&init=uniform&loss=mse&optimizer=momentum&lr=0.01&batch=0&run=20",
    "data=spiral&activation=silu&optimizer=adamw&lr=0.01&decay=0.05&batch=7&layers=5-4-3&run=20",
    "data=gauss&activation=gelu&loss=hinge&optimizer=adam&decay=0.01&batch=32&layers=&run=20",
    # a weight by hand, another optimiser, another batch size, and on
    "data=moons&run=7_w3:-0.25_5_lr:0.003_optimizer:momentum_4_batch:20_4",
]


def until(page: Any, name: str, have: str) -> None:
    """Wait for a field's value, or a text; wait_for_function needs eval, which pages forbid."""
    from playwright.sync_api import expect

    place = page.locator(f"#{name}")
    tag = place.evaluate("element => element.tagName")
    wait = expect(place).to_have_value if tag == "SELECT" else expect(place).to_have_text
    wait(have, timeout=30_000)


@pytest.fixture(scope="module")
def play_page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    settings = {"samples": 100, "train": 0.6, "layers": [5, 4], "seed": 11}
    path: Path = mgview.playground(**settings).save(tmp_path_factory.mktemp("play") / "play.html")
    return path


def ready(page: Any, run: str = "") -> Any:
    if run:
        page.evaluate("() => { delete document.body.dataset.ready; }")
        page.evaluate("run => { location.hash = run; }", run)
    page.locator("body[data-ready=yes]").wait_for(state="attached")
    return page


def weights(page: Any) -> dict[str, float]:
    with page.expect_download() as download:
        page.click("#save-weights")
    numbers: dict[str, float] = json.loads(Path(download.value.path()).read_text())
    return numbers


def script(page: Any, tmp_path: Path) -> Path:
    with page.expect_download() as download:
        page.click("#save-script")
    path = tmp_path / download.value.suggested_filename
    path.write_bytes(Path(download.value.path()).read_bytes())
    return path


@pytest.mark.parametrize("run", RUNS)
def test_the_exported_script_trains_to_the_pages_numbers(
    open_page: Any, play_page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: str
) -> None:
    page = ready(open_page(play_page), run)
    found, path = weights(page), script(page, tmp_path)
    monkeypatch.chdir(tmp_path)
    space = runpy.run_path(str(path))
    expected = space["model"].state_dict()
    assert list(found) == list(expected)
    assert list(found.values()) == pytest.approx(list(expected.values()), rel=1e-12, abs=1e-12)
    assert (tmp_path / "playground.png").stat().st_size > 10_000
    last = space["histories"][-1].validation_loss[-1]
    shown = page.text_content("#test-loss").replace("≈", "").replace("−", "-")
    assert float(shown) == pytest.approx(last, rel=6e-3)
    name = losses.by_name(space["trainer"].loss).name
    X, y = space["X"], space["y"]
    mean = losses.by_name(name)([space["model"](row) for row in X], y)
    assert isinstance(mean, Value)
    mean.backward()
    grads = [p.grad for p in space["model"].parameters()]
    page.click(".cell[data-neuron='0.0'] .open")
    shown = page.locator("#weights tbody tr td:nth-child(3)").all_text_contents()
    assert numbers(shown) == pytest.approx(grads[: len(shown)], rel=1e-5, abs=1e-12)


def numbers(texts: list[str]) -> list[float]:
    return [float(text.replace("≈", "").replace("−", "-")) for text in texts]


def epochs(page: Any) -> int:
    return int(page.text_content("#epochs"))


def status(page: Any) -> str:
    return str(page.text_content("#status"))


def test_the_scripts_picture_has_the_pages_colours(open_page: Any, play_page: Path) -> None:
    import numpy as np

    page = ready(open_page(play_page), "data=xor&run=40")
    model = MLP(2, [5, 4, 1], activation="tanh")
    model.load_state_dict(weights(page))
    pixels = page.evaluate(
        """() => { const c = document.getElementById('surface');
        return [...c.getContext('2d').getImageData(0, 0, c.width, c.height).data]; }"""
    )
    places = [(x, y) for x in range(3, 60, 14) for y in range(3, 60, 14)]
    for x, y in places:
        point = [2.6 * ((2 * x + 1) / 60 - 1), -2.6 * ((2 * y + 1) / 60 - 1)]
        expected = 255 * colours(np.array(model(point).data))
        at = 4 * (60 * y + x)
        assert pixels[at : at + 3] == pytest.approx(expected.tolist(), abs=2)


def test_play_step_and_reset(open_page: Any, play_page: Path) -> None:
    page = ready(open_page(play_page))
    before = weights(page)
    page.click("#step")
    page.locator("#status", has_text="Epoch 1:").wait_for()
    page.click("#play")
    assert page.text_content("#play") == "Pause"
    page.locator("#test-score", has_text="40 of 40").wait_for()
    page.click("#play")
    assert page.text_content("#play") == "Play"
    done = epochs(page)
    assert done > 1
    page.wait_for_timeout(100)
    assert epochs(page) <= done + 1, "paused is paused"
    page.locator("#status", has_text="training loss").wait_for()
    assert weights(page) != before
    page.click("#reset")
    page.locator("#status", has_text="Epoch 0:").wait_for()
    assert weights(page) == before, "the same seed, the same first weights"


def test_the_keyboard_alone_plays_steps_and_resets(open_page: Any, play_page: Path) -> None:
    page = ready(open_page(play_page))
    page.keyboard.press("ArrowRight")
    page.locator("#status", has_text="Epoch 1:").wait_for()
    page.keyboard.press(" ")
    page.locator("#play", has_text="Pause").wait_for()
    page.keyboard.press(" ")
    page.locator("#play", has_text="Play").wait_for()
    page.keyboard.press("r")
    page.locator("#status", has_text="Epoch 0:").wait_for()
    page.locator(".cell[data-neuron='0.0'] .open").focus()
    page.keyboard.press("Enter")
    assert "layers.0.neurons.0.w.0" in page.evaluate("document.activeElement.ariaLabel")
    page.keyboard.type("0.5")
    page.keyboard.press("Enter")
    page.locator("#status", has_text="Epoch 0:").wait_for()
    assert page.url.endswith("w0:0.5")
    page.keyboard.press("ArrowUp")
    assert page.url.endswith("w0:0.6")
    assert weights(page)["layers.0.neurons.0.w.0"] == 0.6


def test_layers_and_neurons_come_and_go_by_click(open_page: Any, play_page: Path) -> None:
    page = ready(open_page(play_page))

    def sizes() -> list[int]:
        return [
            page.locator(
                f".column:nth-child({k + 1}) .neuron, .column:nth-child({k + 1}) .input"
            ).count()
            for k in range(page.locator(".column").count())
        ]

    assert sizes() == [2, 5, 4, 1]
    page.click("[aria-label='Add a neuron to layer 1']")
    page.click("[aria-label='Remove a neuron of layer 2']")
    assert sizes() == [2, 6, 3, 1]
    assert page.evaluate("document.activeElement.ariaLabel") == "Remove a neuron of layer 2"
    page.click("#more")
    assert sizes() == [2, 6, 3, 3, 1]
    for _ in range(3):
        page.click("#fewer")
    assert sizes() == [2, 1]
    assert page.is_disabled("#fewer")
    assert len(weights(page)) == 3
    for _ in range(6):
        page.click("#more")
    assert sizes() == [2, *[4] * 6, 1]
    assert page.is_disabled("#more")


def test_an_edge_opens_its_weight_and_tells_its_numbers(open_page: Any, play_page: Path) -> None:
    page = ready(open_page(play_page), "run=3")
    x1 = page.locator(".input").first.bounding_box()
    first = page.locator(".cell[data-neuron='0.0'] .neuron").bounding_box()
    # half way on the straight line from the one to the other
    x = (x1["x"] + x1["width"] + first["x"]) / 2
    y = (x1["y"] + x1["height"] / 2 + first["y"] + first["height"] / 2) / 2
    page.mouse.move(x, y)
    told = page.text_content("#edge-note")
    assert told.startswith("layers.0.neurons.0.w.0: weight ")
    assert ", gradient " in told
    assert ", last change " in told
    page.mouse.click(x, y)
    assert "layers.0.neurons.0.w.0" in page.evaluate("document.activeElement.ariaLabel")
    page.fill("#weights tbody tr:first-child input", "zero")
    page.keyboard.press("Enter")
    assert "is no number" in page.text_content("#weights [role=alert]")
    page.fill("#weights tbody tr:first-child input", "−1/4")
    page.keyboard.press("Enter")
    assert weights(page)["layers.0.neurons.0.w.0"] == -0.25
    assert "w0:-0.25" in page.url


def test_edges_show_weights_gradients_and_changes(open_page: Any, play_page: Path) -> None:
    page = ready(open_page(play_page), "run=5")
    look = "document.querySelector('canvas.edges').toDataURL()"
    pictures = []
    for shows in ("params", "grads", "change"):
        page.check(f"input[value={shows}]")
        pictures.append(page.evaluate(look))
    assert len(set(pictures)) == 3


def test_every_neuron_shows_what_it_gives(open_page: Any, play_page: Path) -> None:
    """The middle of a heat map has the colour of the neuron's number there: blue above 0."""
    page = ready(open_page(play_page), "run=30")
    model = MLP(2, [5, 4, 1], activation="tanh")
    model.load_state_dict(weights(page))
    corner = [2.6 * (1 - 1 / 60), 2.6 * (1 - 1 / 60)]  # top right
    first = [neuron(corner).data for neuron in model.layers[0].neurons]
    pixel = """n => { const c = document.querySelector(`.cell[data-neuron='0.${n}'] canvas`);
      return [...c.getContext('2d').getImageData(59, 0, 1, 1).data]; }"""
    for n, number in enumerate(first):
        red, _, blue, _ = page.evaluate(pixel, n)
        assert (blue > red) == (number > 0)


def test_the_address_holds_settings_and_what_was_done(open_page: Any, play_page: Path) -> None:
    page = ready(open_page(play_page))
    page.select_option("#data-set", "circle")
    page.select_option("#activation", "relu")
    page.click("#step")
    page.click("#step")
    page.select_option("#lr", "0.1")
    page.click("#step")
    page.locator("#status", has_text="Epoch 3:").wait_for()
    assert "data=circle" in page.url
    assert page.url.endswith("&run=2_lr:0.1_1")
    found = weights(page)
    again = ready(open_page(play_page), page.url.partition("#")[2])
    assert weights(again) == found
    assert again.input_value("#lr") == "0.1"
    wild = ready(open_page(play_page), "data=mars&lr=x&layers=9-99&seed=-1&run=x_w9999:1_lr:z_")
    assert epochs(wild) == 0
    assert wild.input_value("#data-set") == "moons"
    assert wild.input_value("#seed") == "11"


def frame(page: Any) -> Any:
    page.locator("#stepper iframe").wait_for()
    found = page.frame_locator("#stepper iframe")
    found.locator("#count", has_text="Step 0 of").wait_for()
    return found


def test_a_neuron_and_a_row_open_the_stepper_on_their_computation(
    open_page: Any, play_page: Path
) -> None:
    page = ready(open_page(play_page), "run=9")
    model = MLP(2, [5, 4, 1], activation="tanh")
    model.load_state_dict(weights(page))
    page.locator("#plot").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert "Training row 2" in page.text_content("#row-note")
    page.keyboard.press("Enter")
    stepper = frame(page)
    assert "The loss of the row" in stepper.locator("h1").text_content()
    stepper.locator("#last").click()
    got = {}
    for text in stepper.locator(".mgv-box > title").all_text_contents():
        name, _, rest = text.partition(": data ")
        data, _, grad = rest.replace("−", "-").partition(", gradient ")
        got[name] = float(data), float(grad)
    space: dict[str, Any] = {}
    exec(page_script_rows(page), space)  # noqa: S102 - the page's own script makes the rows
    x, target = space["X"][1], space["y"][1]
    assert (got["x1"][0], got["x2"][0]) == pytest.approx(tuple(x), abs=1e-15)
    inputs = [Value(number) for number in x]
    loss = losses.binary_cross_entropy([model(inputs)], [target])
    loss.backward()
    assert got["loss"][0] == pytest.approx(loss.data, rel=1e-12)
    for name, p in model.named_parameters():
        short = name.replace("neurons.", "").replace("w.", "w")
        assert got[short] == pytest.approx((p.data, p.grad), rel=1e-12, abs=1e-12)
    page.click("#close")
    page.click(".cell[data-neuron='1.2'] .neuron")
    stepper = frame(page)
    assert stepper.locator("h1").text_content().startswith("Neuron 3 of layer 2 for the row")
    stepper.locator("#last").click()
    hidden = [neuron(x) for neuron in model.layers[0].neurons]
    title = stepper.locator("[data-box=n13] > title").text_content()
    out = model.layers[1].neurons[2](hidden).data
    assert title.startswith("h1.2: data ")
    assert float(title.replace("−", "-").split("data ")[1].split(",")[0]) == pytest.approx(out)
    page.keyboard.press("Escape")
    page.locator("#stepper iframe").wait_for(state="detached")


def page_script_rows(page: Any) -> str:
    """Return the part of the page's script that makes the rows."""
    page.evaluate("document.getElementById('script-card').open = true")
    page.locator("#script", has_text="draw(").wait_for()
    return str(page.text_content("#script")).partition("\nmodel =")[0]


CSV = "size;weight;kind\n" + "".join(
    f"{10 + k};{100 - 3 * k + (9 if k % 2 else 0)};{'cat' if k % 2 else 'dog'}\n" for k in range(40)
)


def test_rows_of_ones_own_come_from_a_csv_and_stay_in_the_script(
    open_page: Any, play_page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = ready(open_page(play_page))
    file = tmp_path / "own.csv"
    file.write_text("a,b,c\n1,2,x\n1,two,y\n")
    page.set_input_files("#file", file)
    page.locator("#file-note", has_text="Line 3, column 2: “two” is no number").wait_for()
    file.write_text(CSV)
    page.set_input_files("#file", file)
    page.locator("#class-0", has_text="cat").wait_for()
    assert "across: size, up: weight" in page.text_content("#axes")
    assert page.input_value("#data-set") == "csv"
    for _ in range(4):
        page.click("#step")
    page.locator("#status", has_text="Epoch 4:").wait_for()
    found, path = weights(page), script(page, tmp_path)
    monkeypatch.chdir(tmp_path)
    expected = runpy.run_path(str(path))["model"].state_dict()
    assert list(found.values()) == pytest.approx(list(expected.values()), rel=1e-12, abs=1e-12)


def test_an_address_asks_for_the_rows_that_it_cannot_hold(open_page: Any, play_page: Path) -> None:
    file = {"name": "pets.csv", "mimeType": "text/csv", "buffer": CSV.encode()}
    page = ready(open_page(play_page), "layers=3")
    page.set_input_files("#file", file)
    until(page, "data-set", have="csv")
    for _ in range(3):
        page.click("#step")
    until(page, "epochs", have="3")
    page.locator("#status", has_text="Epoch 3:").wait_for()
    expected, address = weights(page), page.url.split("#")[1]
    again = ready(open_page(play_page), address)
    assert "choose their file again" in again.text_content("#file-note")
    assert epochs(again) == 0
    again.set_input_files("#file", file)
    until(again, "epochs", have="3")
    assert again.text_content("#file-note") == ""
    assert weights(again) == expected
    again.set_input_files("#file", file)
    until(again, "epochs", have="0")


@pytest.mark.parametrize("loss", ["binary_cross_entropy", "hinge", "mse"])
def test_the_order_of_a_difference_is_seen_in_the_stepper_of_a_row(
    open_page: Any, play_page: Path, loss: str
) -> None:
    page = ready(open_page(play_page), f"layers=2&loss={loss}&run=1")
    page.focus("#plot")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    frame = page.frame_locator("#stepper iframe")
    frame.locator("#count", has_text="Step 0").wait_for()
    assert frame.locator(".mgv-place").all_text_contents() == ["1", "2"]
    circle = frame.locator(".mgv-op", has=frame.locator(".mgv-place"))
    target = circle.get_attribute("data-box")
    heights = frame.locator(f".mgv-edge[data-to={target}]").evaluate_all(
        "es => es.map(e => [Number(e.dataset.from.slice(1)), e.getPointAtLength(0).y, "
        "Number(/ L[^ ]+ ([^ ]+) l/.exec(e.getAttribute('d'))[1])])"
    )
    (_, _, y1), (_, _, y2) = heights
    assert y2 - y1 == 13, "the first operand enters above the second"


def test_own_rows_are_counted_and_a_bad_seed_is_taken_back(open_page: Any, play_page: Path) -> None:
    page = ready(open_page(play_page), "")
    rows = b'"height, cm";weight;class\n171,5;68;no\n182;90;yes\n165;71;no\n'
    page.set_input_files("#file", {"name": "a.csv", "mimeType": "text/csv", "buffer": rows})
    until(page, "data-set", have="csv")
    assert page.text_content("label[for=samples]").split() == ["Rows", "3"]
    assert page.text_content("label[for=noise]").split() == ["Noise", "none"]
    assert "across: height, cm, up: weight" in page.text_content("#axes")
    page.click("text=Python script")
    page.locator("#script", has_text="[171.5, 68]").wait_for()
    page.fill("#seed", "-3")
    page.keyboard.press("Tab")
    assert page.input_value("#seed") == "11"


def test_rows_of_ones_own_come_from_python(open_page: Any) -> None:
    X = [[0.5 * k, (-1.0) ** k] for k in range(30)]
    page = ready(open_page(mgview.playground(X, ["no", "yes"] * 15, layers=[3], batch=0)))
    assert page.text_content("#class-1").startswith("yes")
    page.click("#step")
    page.locator("#status", has_text="Epoch 1:").wait_for()
    assert page.text_content("#train-score").endswith("of 15")


def test_dead_neurons_vanishing_gradients_and_divergence_are_named(
    open_page: Any, play_page: Path
) -> None:
    page = ready(open_page(play_page), "activation=relu&layers=3&run=2")
    assert page.text_content("#warnings") == ""
    page.click(".cell[data-neuron='0.1'] .open")
    page.fill("#weights tbody tr:last-child input", "-100")
    page.keyboard.press("Enter")
    page.locator(".warning.dead", has_text="Dead: neuron 2 of layer 1.").wait_for()
    assert page.locator(".stuck").count() == 1
    page = ready(open_page(play_page), "activation=sigmoid&layers=6-6-6-6-6-6")
    assert "Gradients vanish" in page.text_content(".warning.vanishing")
    page = ready(open_page(play_page), "activation=tanh&layers=3&run=w0:0.01_w1:0.01_w2:8")
    assert "Saturated: neuron 1 of layer 1." in page.text_content(".warning.saturated")
    page = ready(open_page(play_page), "loss=mse&activation=leaky_relu&optimizer=sgd&lr=3&run=30")
    assert "no finite number" in page.text_content(".warning.diverged")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE, SMALL], ids=str)
def test_axe_finds_nothing_and_nothing_overflows(
    open_page: Any, violations: Any, play_page: Path, size: Any, scheme: str
) -> None:
    page = ready(open_page(play_page, size=size, scheme=scheme), "activation=relu&run=3_w2:-90")
    page.click(".cell[data-neuron='0.0'] .open")
    page.evaluate("document.getElementById('script-card').open = true")
    page.locator("#script", has_text="import").wait_for()
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]


COVERED = """() => { const e = document.activeElement;
  if (e === document.body) return '';
  const r = e.getBoundingClientRect();
  const x = Math.min(innerWidth - 1, Math.max(0, r.left + r.width / 2));
  const y = (Math.max(0, r.top) + Math.min(innerHeight, r.bottom)) / 2;
  const hit = document.elementFromPoint(x, y);
  return hit && (hit === e || e.contains(hit) || hit.contains(e)) ? ''
    : `${e.tagName} ${e.id || e.ariaLabel || e.textContent} at ${Math.round(y)}`; }"""


@pytest.mark.parametrize("size", [DESKTOP, PHONE, SMALL, {"width": 640, "height": 360}], ids=str)
def test_the_focused_element_is_never_hidden(open_page: Any, play_page: Path, size: Any) -> None:
    page = ready(open_page(play_page, size=size))
    hidden, seen = [], set()
    for key in ["Tab"] * 75 + ["Shift+Tab"] * 20:
        page.keyboard.press(key)
        hidden.append(page.evaluate(COVERED))
        seen.add(page.evaluate("document.activeElement.id || document.activeElement.ariaLabel"))
    assert not any(hidden), [text for text in hidden if text]
    assert {"play", "activation", "Step through neuron 1 of layer 1", "plot", "save-script"} <= seen


def test_less_motion_shows_fewer_pictures_of_the_same_training(
    open_page: Any, play_page: Path
) -> None:
    page = open_page(play_page)
    page.emulate_media(reduced_motion="reduce")
    ready(page)
    page.evaluate(
        """() => { window.shown = 0; new MutationObserver(() => window.shown++)
          .observe(document.getElementById('epochs'), {childList: true, characterData: true,
          subtree: true}); }"""
    )
    page.click("#play")
    page.wait_for_timeout(1200)
    page.click("#play")
    assert page.evaluate("window.shown") <= 5
    page.locator("#play", has_text="Play").wait_for()
    assert epochs(page) > 5


def test_the_page_offers_every_activation_that_it_knows_and_no_other(
    open_page: Any, play_page: Path
) -> None:
    page = ready(open_page(play_page))
    offered = page.eval_on_selector_all("#activation option", "all => all.map(o => o.value)")
    assert offered == [op.name for op in page_activations()]
    assert {"tanh", "relu", "gelu", "sin", "exp"} <= set(offered)
    with pytest.raises(mgview.ViewError, match="mg play"):
        mgview.playground(activation="digamma")


def test_a_notebook_shows_the_playground_in_a_sandbox(open_page: Any, tmp_path: Path) -> None:
    shown = mgview.playground(samples=40, layers=[3])._repr_html_()
    assert 'sandbox="allow-scripts allow-downloads"' in shown
    notebook = tmp_path / "notebook.html"
    notebook.write_text(f"<!DOCTYPE html><title>n</title>{shown}", encoding="utf-8")
    frame = open_page(notebook).frame_locator("iframe")
    frame.locator("#step").click()
    frame.locator("#status", has_text="Epoch 1:").wait_for()
    frame.locator(".cell[data-neuron='0.0'] .neuron").click()
    frame.frame_locator("#stepper iframe").locator("#count", has_text="Step 0 of").wait_for()


def test_bad_settings_are_told_by_name() -> None:
    bad = mgview.ViewError
    with pytest.raises(bad, match="no setting 'speed'"):
        mgview.playground(speed=3)
    with pytest.raises(bad, match="data is 'mons'; did you mean moons"):
        mgview.playground(data="mons")
    with pytest.raises(bad, match="layers is"):
        mgview.playground(layers=[50])
    with pytest.raises(bad, match="mg play"):
        mgview.playground(activation="softsign")
    with pytest.raises(bad, match="3 different classes"):
        mgview.playground([[0, 1], [1, 1], [2, 1]], [0, 1, 2])
    with pytest.raises(bad, match="3 columns"):
        mgview.playground([[0, 1, 2], [1, 1, 2]], [0, 1])

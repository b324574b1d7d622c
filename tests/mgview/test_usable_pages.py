"""Pages that can be used everywhere: any size, mouse, fingers, keys, paper, addresses, files."""

import struct
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

import mgview
from mgcore import Value, ops
from mgcore.order import topological_order
from mgnn import MLP, fit
from mgview.report import write_report

DESKTOP, LAPTOP_AT_200 = {"width": 1280, "height": 720}, {"width": 640, "height": 360}
PHONE, SMALL = {"width": 390, "height": 844}, {"width": 320, "height": 640}
ZOOM = "parseFloat(document.querySelector('#frame svg').getAttribute('width'))"
SCROLL = "[document.getElementById('frame').scrollLeft, document.getElementById('frame').scrollTop]"


def chain(length: int = 40) -> Value:
    w, h = Value(0.9, "w"), Value(0.5, "h")
    for _ in range(length):
        h = ops.tanh(h * w)
    h.label = "out"
    return h


@pytest.fixture(scope="module")
def chain_page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return mgview.stepper(chain()).save(tmp_path_factory.mktemp("chain") / "chain.html")


def fits(page: Any) -> bool:
    return bool(
        page.evaluate(
            """() => { const f = document.getElementById('frame'), s = f.querySelector('svg');
            return s.getBoundingClientRect().width <= f.clientWidth + 1
                && s.getBoundingClientRect().height <= f.clientHeight + 1; }"""
        )
    )


def test_fit_fits_at_any_size_and_after_a_resize(open_page: Any, chain_page: Path) -> None:
    page = open_page(chain_page)
    for size in (DESKTOP, PHONE, SMALL, LAPTOP_AT_200):
        page.set_viewport_size(size)
        page.click("#zoom-fit")
        assert fits(page), size
    page.set_viewport_size(DESKTOP)
    page.wait_for_timeout(100)
    assert fits(page), "what was fitted stays fitted"
    page.click("#zoom-in")
    before = page.evaluate(ZOOM)
    page.set_viewport_size(PHONE)
    page.wait_for_timeout(100)
    assert page.evaluate(ZOOM) == before, "a size that the reader chose stays"


def test_drag_wheel_pinch_and_keys_pan_and_zoom(open_page: Any, chain_page: Path) -> None:
    page = open_page(chain_page)
    box = page.locator("#frame").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    step = page.text_content("#what")
    x0, y0 = page.evaluate(SCROLL)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x - 60, y - 5)
    page.mouse.move(x - 120, y - 10)
    page.mouse.up()
    assert page.evaluate(SCROLL) == [x0 + 120, y0 + 10]
    assert page.text_content("#what") == step, "the end of a drag is no click"
    before = page.evaluate(ZOOM)
    page.keyboard.down("Control")
    page.mouse.wheel(0, -100)
    page.keyboard.up("Control")
    assert page.evaluate(ZOOM) == pytest.approx(before * 1.25)
    page.keyboard.press("+")
    page.keyboard.press("-")
    assert page.evaluate(ZOOM) == pytest.approx(before * 1.25)
    left, top = page.evaluate(SCROLL)
    page.keyboard.press("Shift+ArrowRight")
    assert page.evaluate(SCROLL) == [left + 80, top]
    assert page.text_content("#what") == step
    page.evaluate(
        """() => { const f = document.getElementById('frame');
        const at = (type, id, x) => f.dispatchEvent(new PointerEvent(type, {bubbles: true,
          pointerId: id, pointerType: 'touch', clientX: x, clientY: 300, button: 0}));
        at('pointerdown', 11, 300); at('pointerdown', 12, 400);
        at('pointermove', 12, 500); at('pointerup', 11, 300); at('pointerup', 12, 500); }"""
    )
    assert page.evaluate(ZOOM) == pytest.approx(before * 2.5)
    page.keyboard.press("0")
    assert fits(page)


COVERED = """() => { const e = document.activeElement;
  if (e === document.body || e.id === 'frame') return '';
  const r = e.getBoundingClientRect();
  const x = Math.min(innerWidth - 1, r.left + r.width / 2), y = r.top + r.height / 2;
  const hit = document.elementFromPoint(x, y);
  return hit && (hit === e || e.contains(hit) || hit.contains(e)) ? ''
    : `${e.tagName} ${e.id || e.name || e.textContent} at ${Math.round(y)} of ${innerHeight}`; }"""


@pytest.mark.parametrize("size", [DESKTOP, PHONE, SMALL, LAPTOP_AT_200], ids=str)
def test_the_focused_element_is_never_hidden(open_page: Any, seed_graph: Any, size: Any) -> None:
    page = open_page(mgview.stepper(seed_graph()), size=size)
    page.fill("#slider", "5")
    page.evaluate("document.activeElement.blur()")
    hidden = []
    for _ in range(28):
        before = page.evaluate("scrollY")
        page.keyboard.press("Tab")
        hidden.append(page.evaluate(COVERED))
        if size is DESKTOP and page.evaluate("!!document.activeElement.closest('.controls')"):
            assert page.evaluate("scrollY") in {0, before}, "the bar is in view as it is"
    assert not any(hidden), [text for text in hidden if text]
    page.locator('[data-box="n0"]').dispatch_event("click")
    assert page.evaluate("document.activeElement.id") == "leaf-0"
    assert page.evaluate(COVERED) == ""


def test_on_a_phone_the_words_are_in_view_after_every_step(open_page: Any, seed_graph: Any) -> None:
    page = open_page(mgview.stepper(seed_graph()), size=PHONE)
    page.evaluate("scrollTo(0, 1e6)")
    for _ in range(8):
        page.click("#next")
        top, bar, stage = page.evaluate(
            """['#what', '#controls', '#stage'].map(s => document.querySelector(s)
               .getBoundingClientRect()[s === '#stage' ? 'bottom' : 'top'])"""
        )
        assert stage <= top <= bar - 100
    for size in (PHONE, SMALL):
        page.set_viewport_size(size)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def luminance(rgb: tuple[float, float, float]) -> float:
    parts = [c / 255 for c in rgb]
    lin = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * lin[0] + 0.7152 * lin[1] + 0.0722 * lin[2]


def contrast(a: Any, b: Any) -> float:
    light, dark = sorted((luminance(a), luminance(b)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def rgb(text: str) -> tuple[float, float, float]:
    red, green, blue = (float(x) for x in text[text.index("(") + 1 : -1].split(",")[:3])
    return red, green, blue


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_and_controls_have_enough_contrast_and_size(
    open_page: Any, seed_graph: Any, scheme: str
) -> None:
    root = seed_graph() * float("nan") + 1e9 * Value(3.0, "big")
    page = open_page(mgview.stepper(root), scheme=scheme)
    page.click("#last")
    look = page.evaluate(
        """() => { const css = (e, p) => getComputedStyle(e)[p];
        const all = [...document.querySelectorAll('.mgv-box')].filter(b =>
          b.querySelector('.mgv-grad'));
        return { chips: all.map(b => [css(b.querySelector('.mgv-grad'), 'fill'),
            b.querySelector('.mgv-grad').getAttribute('fill-opacity'),
            css(b.querySelector('.mgv-back'), 'fill'),
            css(b.querySelector('.mgv-gradient'), 'fill'),
            css(b.querySelector('.mgv-key'), 'fill')]),
          controls: [...document.querySelectorAll('button, input:not([type=range])')]
            .filter(e => e.offsetParent && !e.disabled && css(e, 'borderTopStyle') === 'solid')
            .map(e => [e.id, css(e, 'borderTopColor'), css(e, 'backgroundColor')]),
          sizes: [...document.querySelectorAll('#frame text')].map(t =>
            parseFloat(css(t, 'fontSize')) * t.getScreenCTM().a)
            .concat([...document.querySelectorAll('main *, nav *, header *')]
              .filter(e => e.offsetParent && e.children.length === 0 && e.textContent.trim()
                && !e.closest('svg')).map(e => parseFloat(css(e, 'fontSize')))) } }"""
    )
    for fill, opacity, back, *words in look["chips"]:
        share = float(opacity)
        under = [share * c + (1 - share) * p for c, p in zip(rgb(fill), rgb(back), strict=True)]
        for colour in words:
            assert contrast(rgb(colour), under) >= 4.5, (fill, opacity, colour)
    assert len(look["controls"]) > 8
    for name, border, back in look["controls"]:
        if name != "next":  # told apart by its own ground
            assert contrast(rgb(border), rgb(back)) >= 3.0, name
    assert min(look["sizes"]) >= 11


def test_nothing_is_wider_than_320_pixels(open_page: Any, tmp_path: Path) -> None:
    model = MLP(2, [3, 1], activation="tanh", seed=7)
    X, y = [[0.1 * i, (-1.0) ** i] for i in range(12)], [(-1.0) ** i for i in range(12)]
    history = fit(model, X, y, loss="hinge", epochs=2, progress=False, backend="eager")
    given = {"model": model, "history": history, "X": X, "y": y, "loss": "hinge"}
    settings = {"a_rather_long_name_of_a_setting_that_does_not_end": "and a long value, too"}
    report = write_report(tmp_path / "r.html", **given, settings=settings)
    out = model([Value(0.5, "x1"), Value(-1.0, "x2")])
    for thing in (report, mgview.draw(out), mgview.stepper(out, title="Backpropagation" * 3)):
        page = open_page(thing, size=SMALL)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), thing
    page = open_page(report, size=PHONE)
    cells = page.locator(".facts th").first.bounding_box()
    assert cells["x"] + cells["width"] <= 390


def test_paper_shows_the_picture_and_the_words_in_light_colours(
    open_page: Any, chain_page: Path
) -> None:
    page = open_page(chain_page, scheme="dark")
    page.fill("#slider", "30")
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.wait_for_timeout(100)
    for hidden in ("#controls", ".tools", "#theme", "#edit", "#break"):
        assert page.locator(hidden).is_hidden(), hidden
    assert page.locator("#explanation").is_visible()
    assert page.locator("#rows tr").count() > 80
    svg = page.locator("#frame svg").bounding_box()
    assert svg["width"] <= page.evaluate("innerWidth")
    ink = page.locator(".mgv-data").first.evaluate("e => getComputedStyle(e).fill")
    assert luminance(rgb(ink)) < 0.05
    assert page.evaluate("getComputedStyle(document.body).color") == "rgb(17, 24, 39)"


def test_the_step_is_in_the_address_and_slides_hide_the_controls(
    open_page: Any, seed_graph: Any
) -> None:
    page = open_page(mgview.stepper(seed_graph()))
    page.fill("#slider", "3")
    assert page.evaluate("location.hash") == "#step=3"
    page.evaluate("location.hash = '#step=6&slide'")
    page.wait_for_timeout(300)
    assert page.text_content("#count") == "Step 6 of 8"
    for hidden in ("#controls", ".tools", "#edit", "#theme", ".legend"):
        assert page.locator(hidden).is_hidden(), hidden
    assert page.locator("#explanation").is_visible()
    page.keyboard.press("ArrowRight")
    assert page.evaluate("location.hash") == "#step=7&slide"
    page.keyboard.press("Escape")
    assert page.locator("#controls").is_visible()
    assert page.evaluate("location.hash") == "#step=7"
    page.reload()
    assert page.text_content("#count") == "Step 7 of 8"


def test_the_present_step_is_saved_as_svg_and_png(
    open_page: Any, seed_graph: Any, tmp_path: Path
) -> None:
    page = open_page(mgview.stepper(seed_graph()), scheme="dark")
    page.fill("#slider", "7")
    for ending in ("svg", "png"):
        page.locator(".menu").evaluate("e => { e.open = true }")
        with page.expect_download() as waiting:
            page.click(f"#save-{ending}")
        path = tmp_path / f"saved.{ending}"
        waiting.value.save_as(path)
        assert waiting.value.suggested_filename == f"step-7.{ending}"
    root = ET.parse(tmp_path / "saved.svg").getroot()  # noqa: S314 - our own
    texts = [t.text for t in root.iter("{http://www.w3.org/2000/svg}text")]
    assert "6.0000" in texts
    assert "is-current" in ET.tostring(root, "unicode")
    data = (tmp_path / "saved.png").read_bytes()
    width, _ = struct.unpack(">II", data[16:24])
    assert width == pytest.approx(2 * float(str(root.get("width"))), abs=2)


def test_a_node_is_found_by_its_name(open_page: Any, chain_page: Path) -> None:
    page = open_page(chain_page)
    page.fill("#find", "v60")
    assert page.locator("#found option").count() == 1
    page.keyboard.press("Enter")
    assert page.text_content("#what") == "Forward 60 of 80: v60"
    assert page.locator('[data-box="n61"]').is_visible()
    page.fill("#find", "nobody")
    page.keyboard.press("Enter")
    assert page.text_content("#find-note") == "No node is called “nobody”."


def test_a_chain_wraps_and_grows_with_its_length_only(open_page: Any, chain_page: Path) -> None:
    page = open_page(chain_page)
    view = page.evaluate(
        """() => { const v = document.querySelector('#frame svg').viewBox.baseVal;
        return [v.width, v.height]; }"""
    )
    assert view[0] < 3000
    assert 1 < view[0] / view[1] < 4
    page.fill("#slider", "60")
    live = page.locator("#frame .is-live")
    assert live.count() == 1, "the step's long edge is shown as the name of its source"
    far = page.locator(".mgv-far.is-live")
    page.fill("#slider", "59")
    far = page.locator(".mgv-far.is-live")
    assert far.text_content() == "ww"  # its tooltip and itself
    far.click()
    assert page.evaluate("document.querySelector('.is-found').dataset.box") in {"n0", "n1"}
    size = {}
    for length in (400, 800):
        w, h = Value(0.9, "w"), Value(0.5, "h")
        for i in range(length):
            h = h * w if i % 2 else h + 1e-3
        size[length] = len(mgview.stepper(h).html())
    assert size[800] < 2.1 * size[400]
    assert size[400] < 1_500_000  # the drawing, and the folded ones beside it


def test_many_contributions_are_grouped_and_long_names_cut(open_page: Any) -> None:
    name = "a very long name that goes on and on and on and on" + ", for ever and ever" * 5
    leaves = [Value(float(i), f"x{i}") for i in range(11)] + [Value(1.0, name)]
    page = open_page(mgview.stepper(ops.sum(*leaves)))
    page.click("#last")
    page.click("#back")
    assert page.locator("#explanation .parts > li").count() == 5
    assert page.inner_text("#explanation summary") == "7 more contributions"
    page.click("#explanation summary")
    assert page.locator("#explanation .many tbody tr").count() == 7
    cut = page.locator("#explanation .many .name").last
    assert cut.text_content().endswith("…")
    assert cut.get_attribute("title") == name
    label = page.locator("#leaves label", has_text=name)
    assert label.get_attribute("title").startswith(name)
    long, short = label.bounding_box()["height"], page.locator("label[for=leaf-0]").bounding_box()
    assert long <= 2 * short["height"]


def test_a_large_page_attaches_only_what_is_in_sight(open_page: Any, random_graph: Any) -> None:
    root = random_graph(5_400, seed=6)
    page = open_page(mgview.stepper(root))
    last = int(page.get_attribute("#slider", "max"))
    for step in range(0, last, last // 6):
        page.fill("#slider", str(step))
        assert page.locator("#frame .mgv-box").count() < 1_500
        assert page.locator("#frame .mgv-edge").count() < 3_000
    assert len(topological_order(root)) > 5_300

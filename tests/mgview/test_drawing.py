"""Drawings as SVG, PNG and DOT: what they say, how they look, and what cannot be drawn."""

import re
import struct
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

import mgview
from mgcore import MgcoreError, Value, ops
from mgview import drawing as module
from mgview.errors import (
    CannotWriteError,
    GraphTooLargeError,
    NotAValueError,
    UnknownBoxError,
    UnknownFormatError,
)
from mgview.numbers import number, short
from mgview.svg import strength

SVG = "{http://www.w3.org/2000/svg}"


def elements(drawing: mgview.Drawing) -> ET.Element:
    return ET.fromstring(drawing.svg())  # noqa: S314 - written by this package


def box(root: ET.Element, label: str) -> ET.Element:
    """Find the box that bears a label."""
    for group in root.iter(f"{SVG}g"):
        texts = [t.text for t in group.findall(f"{SVG}text")]
        if "data-box" in group.attrib and label in texts:
            return group
    raise AssertionError(f"no box is labelled {label}")


def texts(element: ET.Element) -> list[str]:
    return [t.text or "" for t in element.findall(f"{SVG}text")]


@pytest.fixture
def seed(seed_graph: Any) -> Value:
    out: Value = seed_graph()
    out.backward()
    return out


def test_every_box_shows_label_data_and_gradient(seed: Value) -> None:
    root = elements(mgview.draw(seed))
    assert texts(box(root, "a")) == ["a", "data", "2.0000", "grad", "6.0000"]
    assert texts(box(root, "L")) == ["×", "L", "data", "−8.0000", "grad", "1.0000"]
    lines = [e for e in root.iter(f"{SVG}path") if "data-from" in e.attrib]
    edges = {(e.get("data-from"), e.get("data-to")) for e in lines}
    assert len(edges) == 6


def test_gradients_are_coloured_by_sign_and_size(seed: Value) -> None:
    root = elements(mgview.draw(seed))
    chip = {}
    for label in "abcefdL":
        paths = box(root, label).iter(f"{SVG}path")
        chip[label] = next(path for path in paths if "mgv-grad" in path.get("class", ""))
    positive = {label for label, path in chip.items() if "mgv-pos" in path.get("class", "")}
    assert positive == {"a", "f", "L"}
    opacity = {label: float(path.get("fill-opacity", "nan")) for label, path in chip.items()}
    assert opacity["a"] > opacity["f"] > opacity["L"] > 0
    assert opacity["f"] == opacity["b"]


def test_the_strength_of_a_colour_grows_with_the_gradient_and_is_the_same_everywhere() -> None:
    assert strength(0.0) == 0.0
    assert strength(1.0) == pytest.approx((0.12 + 0.62) / 2)
    sizes = [1e-9, 1e-3, 0.5, 1.0, 40.0, 1e9]
    assert sorted(map(strength, sizes)) == list(map(strength, sizes))
    assert 0.12 < strength(1e-9) < strength(1e9) < 0.62
    assert strength(-2.0) == strength(2.0)
    assert strength(float("nan")) == strength(float("inf")) == 0.62


def test_leaves_are_marked_constants_are_small_and_outputs_have_a_thick_frame() -> None:
    x = Value(3.0, label="x")
    y = 2 * x
    y.label = "y"
    root = elements(mgview.draw(y))
    assert "mgv-leaf" in box(root, "x").get("class", "")
    assert "mgv-output" in box(root, "y").get("class", "")
    constant = box(root, "2")
    assert "mgv-constant" in constant.get("class", "")
    assert texts(constant) == ["2"]
    picture = mgview.draw(y).picture()
    size = {b.kind: b.width * b.height for b in picture.boxes}
    assert size["constant"] < size["leaf"] / 3


def test_an_operand_used_twice_has_two_lines() -> None:
    x = Value(3.0, label="x")
    root = elements(mgview.draw(x * x))
    (edge,) = [p for p in root.iter(f"{SVG}path") if p.get("data-from") == "n0"]
    assert edge.get("d", "").count("M") == 2


@pytest.mark.parametrize(("times", "lines"), [(1, 1), (3, 3), (4, 4), (9, 4)])
def test_an_operand_used_several_times_has_a_line_for_each_up_to_four(
    times: int, lines: int
) -> None:
    x = Value(2.0, "x")
    svg = mgview.draw(ops.sum(*[x] * times))._repr_svg_()
    (path,) = re.findall(r'data-from="n0"[^>]* d="([^"]*)"', svg)
    assert len(set(path.split(" M"))) == lines


def test_labels_are_escaped_and_long_ones_are_cut_but_kept_in_the_tooltip() -> None:
    label = "<script>alert('x')</script>&\"" * 2
    root = elements(mgview.draw(ops.tanh(Value(1.0, label=label))))
    (leaf,) = [g for g in root.iter(f"{SVG}g") if "mgv-leaf" in g.get("class", "")]
    assert texts(leaf)[0].startswith("<script>alert('x')")
    assert texts(leaf)[0].endswith("…")
    assert label in (leaf.findtext(f"{SVG}title") or "")
    assert not list(root.iter(f"{SVG}script"))


def test_a_notebook_shows_the_svg(seed: Value) -> None:
    drawing = mgview.draw(seed)
    assert drawing._repr_svg_() == drawing.svg()
    assert drawing.svg().startswith("<svg ")
    assert "http" not in drawing.svg().replace("http://www.w3.org/2000/svg", "")


def test_the_png_has_the_size_of_the_svg_times_the_scale(seed: Value, tmp_path: Path) -> None:
    drawing = mgview.draw(seed)
    root = elements(drawing)
    data = drawing.save(tmp_path / "graph.PNG").read_bytes()
    assert data.startswith(b"\x89PNG")
    width, height = struct.unpack(">II", data[16:24])
    assert width == pytest.approx(2 * float(root.get("width", "0")), abs=2)
    assert height == pytest.approx(2 * float(root.get("height", "0")), abs=2)
    assert len(drawing.png(scale=0.5)) < len(data)


def test_the_png_is_drawn_with_text_on_every_system(seed: Value) -> None:
    plt = pytest.importorskip("matplotlib.image")
    import io

    image = plt.imread(io.BytesIO(mgview.draw(seed).png()))
    # the label "a" is dark ink on the pale green of a leaf, right of the green bar
    assert (image[..., :3].sum(axis=-1) < 0.6).mean() > 0.002


def test_dot_holds_every_node_and_survives_awkward_labels(tmp_path: Path) -> None:
    x = Value(1.0, label='a|b "c" {d} <e>\\n')
    text = mgview.draw(ops.tanh(x) + 2.0).save(tmp_path / "g.dot").read_text()
    assert text.startswith("digraph {")
    assert r"a\|b \"c\" \{d\} \<e\>\\n" in text
    assert text.count("shape=circle") == 2
    assert 'label="2", shape=plaintext' in text
    assert len(re.findall(r"->", text)) == 5


def test_several_outputs_share_one_drawing() -> None:
    x = Value(0.5, label="x")
    y, z = x.tanh(), x * x
    y.label, z.label = "y", "z"
    root = elements(mgview.draw([y, z]))
    assert root.get("aria-label") == "Graph of y, z: 3 nodes"
    assert all("mgv-output" in box(root, label).get("class", "") for label in "yz")


def test_a_drawing_keeps_what_it_saw(seed: Value) -> None:
    drawing = mgview.draw(seed)
    before = drawing.svg()
    seed.backward()
    assert drawing.svg() == before


@pytest.mark.parametrize(
    ("x", "text"),
    [
        (-8.0, "−8.0000"),
        (0.0, "0.0000"),
        (-0.0, "−0.0"),
        (1.25e-7, "1.25e−07"),
        (1.256e-7, "≈1.26e−07"),
        (-123456.0, "−123456"),
        (1e12 / 7, "≈1.43e+11"),
        (1 / 3, "≈0.3333"),
        (-1234.56789, "≈−1234.568"),
        (float("inf"), "inf"),
        (float("nan"), "nan"),
    ],
)
def test_numbers_fit_their_box(x: float, text: str) -> None:
    assert number(x) == text
    assert len(number(x)) <= 11


def test_constants_are_written_as_a_person_would() -> None:
    numbers = {2.0: "2", 0.1: "0.1", -1.0: "−1", 1 / 3: "≈0.3333", 1e-9: "1e−09"}
    assert {x: short(x) for x in numbers} == numbers


@pytest.mark.parametrize(
    ("thing", "text"),
    [
        (3.0, "got 3.0 of type float"),
        ("a*b", "got 'a*b' of type str"),
        (None, "got None of type NoneType"),
        ([], "empty sequence"),
        ([Value(1.0), 2], "item 1 is 2 of type int, not a Value"),
    ],
)
@pytest.mark.parametrize("function", [mgview.draw, mgview.stepper])
def test_what_is_no_value_is_refused(function: Any, thing: Any, text: str) -> None:
    with pytest.raises(NotAValueError, match=re.escape(text)) as caught:
        function(thing)
    assert isinstance(caught.value, TypeError)
    assert isinstance(caught.value, MgcoreError)
    assert "give the Value" in str(caught.value)


def test_a_graph_that_is_too_large_is_refused_with_a_remedy(monkeypatch: Any) -> None:
    monkeypatch.setattr(module, "MOST_NODES", 5)
    total = ops.sum(*(Value(1.0) for _ in range(6)))
    with pytest.raises(GraphTooLargeError, match="7 nodes, more than the 5 .* one sample"):
        mgview.draw(total)


def test_the_stepper_takes_one_output_of_moderate_size() -> None:
    x = Value(1.0)
    with pytest.raises(NotAValueError, match="got 2 Values"):
        mgview.stepper([x, x.tanh()])  # type: ignore[arg-type]  # wrong on purpose
    with pytest.raises(NotAValueError, match="the constant 0"):
        mgview.stepper(ops.tanh(next(iter((x * 0.0).operands[1:]))))
    big = ops.sum(*(Value(1.0) for _ in range(10_000)))
    with pytest.raises(GraphTooLargeError, match="10,001 nodes.*mgview.draw"):
        mgview.stepper(big)


def test_an_unknown_ending_is_refused_with_the_known_ones(seed: Value, tmp_path: Path) -> None:
    with pytest.raises(UnknownFormatError, match=r"ends in \.jpg; .*\.svg, \.png, \.dot, \.html"):
        mgview.draw(seed).save(tmp_path / "graph.jpg")
    with pytest.raises(UnknownFormatError, match="has no ending"):
        mgview.stepper(seed).save(tmp_path / "page")


def test_a_path_that_cannot_be_written_says_why(seed: Value, tmp_path: Path) -> None:
    with pytest.raises(CannotWriteError, match="make the folder") as caught:
        mgview.draw(seed).save(tmp_path / "nowhere" / "graph.svg")
    assert isinstance(caught.value, OSError)
    (tmp_path / "folder.svg").mkdir()
    with pytest.raises(CannotWriteError, match="that is a folder"):
        mgview.draw(seed).save(tmp_path / "folder.svg")


def test_a_box_that_is_not_there_cannot_be_opened(seed: Value) -> None:
    with pytest.raises(UnknownBoxError, match="no box 'g1' to open; it has none"):
        mgview.draw(seed).open("g1")


@pytest.mark.skipif(sys.platform in ("darwin", "win32"), reason="these always have a screen")
@pytest.mark.parametrize("make", ["draw", "stepper"])
def test_a_machine_without_a_screen_says_where_the_page_is(make: str, tmp_path: Path) -> None:
    code = (
        "import mgview\nfrom mgcore import Value\n"
        f"try:\n    mgview.{make}(Value(1.0).tanh()).show()\n"
        "except mgview.errors.NoBrowserError as error:\n    print(error)\n"
    )
    bare = {"PATH": "/usr/bin", "HOME": str(tmp_path)}
    command = [sys.executable, "-c", code]
    run = subprocess.run(command, env=bare, capture_output=True, text=True, check=True)
    assert "no web browser could be opened on this machine (it has no screen)" in run.stdout
    saved = re.search(r"saved as '(.*?)'", run.stdout)
    assert saved
    assert Path(saved[1]).read_text().startswith("<!DOCTYPE html>")


def test_importing_the_package_is_light() -> None:
    code = (
        "import sys, mgview\n"
        "heavy = {'matplotlib', 'jinja2', 'numpy', 'fast_sugiyama', 'resvg_py'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"

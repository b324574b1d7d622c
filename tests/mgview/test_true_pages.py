"""Nothing false on a page: numbers, names, words, the order of operands, colours."""

import math
import random
import re
import xml.etree.ElementTree as ET
from typing import Any

import pytest

import mgview
from mgcore import Op, Value, ops
from mgcore.order import topological_order
from mgnn import MLP
from mgview.errors import BadModelError
from mgview.names import atomic
from mgview.numbers import full, measured, number, percent

SVG = "{http://www.w3.org/2000/svg}"


def explanation(page: Any) -> str:
    return str(page.inner_text("#explanation"))


def last(page: Any) -> int:
    return int(page.get_attribute("#slider", "max"))


def root_of(drawing: mgview.Drawing) -> ET.Element:
    return ET.fromstring(drawing.svg())  # noqa: S314 - written by this package


def named(value: Value, label: str) -> Value:
    value.label = label
    return value


# Numbers


def test_large_products_and_sums_are_whole_and_what_is_rounded_says_so(open_page: Any) -> None:
    big = named(Value(1234567.0, "x") * Value(1000001.0, "y"), "big")
    third = named(Value(1.0, "one") / Value(3.0, "three"), "third")
    out = named(big * third, "out")
    page = open_page(mgview.stepper(out))
    seen = {}
    for step in range(1, last(page)):
        page.fill("#slider", str(step))
        seen[page.text_content("#what")] = explanation(page)
    assert "= 1234567 × 1000001 = 1234568234567" in seen["Forward 1 of 3: big"]
    assert "= 1 ÷ 3 ≈ 0.333333" in seen["Forward 2 of 3: third"]
    assert "≈ 1234568234567 × 0.333333 ≈ 4.11523e+11" in seen["Forward 3 of 3: out"]
    assert "local derivative ∂out/∂big = third ≈ 0.333333" in seen["Backward 1 of 3: through out"]
    box = page.locator(".mgv-op", has_text="big").first
    assert box.locator(".mgv-data").text_content() == "≈1.23e+12"


def test_a_sum_that_the_machine_rounds_is_not_called_equal(open_page: Any) -> None:
    x = Value(1.0, "x")
    out = x
    for _ in range(40):
        out = out + out
    page = open_page(mgview.stepper(named(out + 1e16, "out")))
    page.fill("#slider", "40")
    assert "= 549755813888 + 549755813888 = 1099511627776" in explanation(page)
    page.fill("#slider", "41")
    # 2^40 + 10^16 lies between 2^53 and 2^54, where only even numbers are floats: exact
    assert "= 1099511627776 + 1e+16" in explanation(page)
    page.fill(f"#leaf-{topological_order(out).index(x)}", "1/3")
    page.keyboard.press("Tab")
    assert "≈" in explanation(page)


def test_minus_signs_are_typographic_and_numbers_never_break(open_page: Any) -> None:
    out = named(Value(-1e-300, "x") * Value(-2.5, "y") - Value(0.1, "z"), "out")
    page = open_page(mgview.stepper(out), size={"width": 320, "height": 640})
    page.click("text=All numbers")
    hyphen = re.compile(r"-\d|\de-")
    for step in range(last(page) + 1):
        page.fill("#slider", str(step))
        text = page.inner_text("main")
        assert not hyphen.search(text), hyphen.search(text)
        assert page.evaluate(
            "[...document.querySelectorAll('.n')].every(e => e.getClientRects().length <= 1)"
        ), "a number is broken over two lines"


def test_a_leaf_takes_what_the_page_prints_and_corrects_a_comma_visibly(open_page: Any) -> None:
    out = named(Value(2.0, "a") * Value(3.0, "b"), "out")
    page = open_page(mgview.stepper(out))
    for typed, shown, note in [
        ("−1e−300", "−1e−300", ""),
        ("1/2", "0.5", ""),
        ("≈0.3333", "0.3333", ""),
        ("4,5", "4.5", "“4,5” was read as 4.5: a point separates the decimals here."),
    ]:
        page.fill("#leaf-0", typed)
        page.keyboard.press("Tab")
        assert page.input_value("#leaf-0") == shown
        assert page.text_content("#leaf-note") == note
    page.click("#last")
    assert "∂out/∂b = 4.5" in explanation(page)


def test_pages_and_drawings_write_the_same_numbers(open_page: Any) -> None:
    rng = random.Random(5)
    xs = [0.03125, 1.00390625, 2**-20, -1e-300, 9999.99995, 12345678901.0, -1234.5, 1e16, 2.5]
    xs += [rng.uniform(-1, 1) * 10 ** rng.randint(-12, 14) for _ in range(60)]
    out = ops.sum(*(Value(x, f"x{i}") for i, x in enumerate(xs)))
    page = open_page(mgview.stepper(out))
    page.click("text=All numbers")
    boxes = page.eval_on_selector_all(".mgv-leaf .mgv-data", "es => es.map(e => e.textContent)")
    assert boxes == [number(x) for x in xs]
    cells = page.eval_on_selector_all(
        "#rows tr td:nth-child(3)", "es => es.map(e => e.textContent)"
    )
    assert cells[: len(xs)] == [full(x) for x in xs]


# Names


def test_what_is_measured_has_four_digits_and_says_so() -> None:
    numbers = [14738.4, 120000.0, -0.03245123, 0.125, 0.0, 1.5e-7, 12345678901.0, math.nan, 467.3]
    assert [measured(x) for x in numbers] == [
        "≈14,740", "120,000", "≈−0.03245", "0.125", "0", "1.500e−07", "≈1.235e+10", "nan", "467.3",
    ]  # fmt: skip
    assert [percent(x) for x in (0.92, 1 / 3, 0.95 - 0.8, 1.0)] == [
        "92.0%", "≈33.3%", "15.0%", "100.0%",
    ]  # fmt: skip
    assert percent(0.5, 0) == "50%"


def test_parameters_are_named_by_the_model() -> None:
    model = MLP(2, [3, 2, 1], activation="tanh", seed=7)
    out = model([Value(0.5, "x1"), Value(-1.0, "x2")])
    page = mgview.stepper(out, model=model)
    names = [node.name for node in page.scene.nodes]
    values = topological_order(out)
    for way, parameter in model.named_parameters():
        short = re.sub(r"\.neurons|\.(?=\d+$)(?<=w\.)", "", way)
        assert names[values.index(parameter)] == short
    assert "layers.0.2.w1" in names
    unique = [node.name for node in page.scene.nodes if node.kind != "constant"]
    assert len(set(unique)) == len(unique)
    assert "layers.1.0.b" in mgview.draw(out, model=model).svg()
    with pytest.raises(BadModelError, match="has no named_parameters"):
        mgview.draw(out, model=3.0)


def test_equal_labels_are_numbered_and_nodes_without_one_too() -> None:
    one, two = Value(1.0, "w"), Value(2.0, "w")
    taken = Value(3.0, "w#1")
    out = one * two + taken * Value(1.0)
    names = [node.name for node in mgview.stepper(out).scene.nodes]
    assert names == ["w#2", "w#3", "v1", "w#1", "x1", "v2", "v3"]


@pytest.mark.parametrize(
    ("name", "alone"),
    [("a", True), ("a+b", False), ("(a+b)", True), ("(a)·(b)", False), ("f(a+b)", True),
     ("x[3]", True), ("layers.0.3.w1", True), ("w#2", True), ("−2", False), ("my loss", False)],
)  # fmt: skip
def test_names_are_bracketed_where_they_would_run_into_an_operator(name: str, alone: bool) -> None:
    assert atomic(name) == alone


def test_formulas_bracket_such_names_once(open_page: Any) -> None:
    s = named(Value(2.0, "a") + Value(3.0, "b"), "a+b")
    out = named(ops.tanh(s) * s - Value(-1.0, "(c-d)"), "out")
    page = open_page(mgview.stepper(out))
    texts = []
    for step in range(1, 5):
        page.fill("#slider", str(step))
        texts.append(explanation(page))
    assert "v1 = tanh(a+b)" in texts[1]
    assert "v2 = v1 × (a+b)" in texts[2]
    assert "out = v2 − (c-d)" in texts[3]
    assert "− (−1)" in texts[3]
    assert not any("((" in text for text in texts)


def test_one_sign_for_each_operation_in_picture_and_text() -> None:
    a, b = Value(2.0, "a"), Value(3.0, "b")
    out = ops.ge(a * b, a / b) - a**b
    drawn = {t.text for t in root_of(mgview.draw(out)).iter(f"{SVG}text")}
    assert {"×", "÷", "−", "^", "≥"} <= drawn
    assert not {"*", "/", "-", "**", ">="} & drawn


def test_characters_that_cannot_be_seen_give_well_formed_pictures(tmp_path: Any) -> None:
    label = "a\x00b\x08c\x1bd\ud800e\udfff\ufffe\uffff\x85f"
    x = Value(1.5, label)
    odd = Op("th", forward=lambda x: x, partials=(lambda out, x: 1.0,), symbol="\x00")
    out = named(odd(x) * x, f"{label}2")
    drawing = mgview.draw(out)
    texts = [t.text or "" for t in root_of(drawing).iter()]
    assert any("a\ufffdb\ufffdc" in text for text in texts)
    assert drawing.png().startswith(b"\x89PNG")
    for name in ("g.svg", "g.html", "g.dot", "g.png"):
        drawing.save(tmp_path / name)
    text = mgview.stepper(out, title=label).save(tmp_path / "s.html").read_text("utf-8")
    assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffe\uffff]", text)


# Words


def test_two_edges_from_one_operand_are_told_apart_and_added_up(open_page: Any) -> None:
    x = Value(3.0, "x")
    page = open_page(mgview.stepper(named(x * x + x, "y")))
    page.fill("#slider", "5")
    text = explanation(page)
    assert "To x, as first operand" in text
    assert "To x, as second operand" in text
    assert text.count("local derivative through this edge = x = 3") == 2
    assert "v1 takes x twice: its edges together give ∂v1/∂x = 3 + 3 = 6" in text
    assert "∂v1/∂x = 3\n" not in text
    page.check('input[value="overwrite"]')
    for step in range(last(page) + 1):
        page.fill("#slider", str(step))
        assert "add up" not in explanation(page)
        assert "together" not in explanation(page)


def test_a_broken_mode_is_announced_beside_the_step_and_what_is_stored_is_called_so(
    open_page: Any, seed_graph: Any
) -> None:
    page = open_page(mgview.stepper(seed_graph()))
    assert page.is_hidden("#broken")
    page.check('input[value="order"]')
    page.fill("#slider", "5")
    assert "Broken on purpose: wrong order" in page.text_content("#broken")
    text = explanation(page)
    assert "Upstream is what e holds now: 0. That is not ∂L/∂e, which is −2." in text
    assert "a now holds 0" in text
    assert "∂L/∂e = 0" not in text
    page.click("#last")
    assert "a holds 0, but ∂L/∂a = 6" in explanation(page)
    assert "∂L/∂a = 0" not in explanation(page)
    page.check('input[value="unzeroed"]')
    page.fill("#slider", "7")
    assert "a still held 6 from the earlier pass: 6 + 6 = 12" in explanation(page)
    assert "gradient of a: 12" not in explanation(page)


def test_what_is_stored_is_told_from_a_gradient_however_small_that_is(open_page: Any) -> None:
    x = Value(2.0, "x")
    page = open_page(mgview.stepper(named(named(x * 3.0, "y") * 1e-15, "out")))
    page.check('input[value="order"]')
    page.fill("#slider", "4")
    text = explanation(page)
    assert "Upstream is what y holds now: 0. That is not ∂out/∂y, which is 1e−15." in text
    assert "1 gradient ends up wrong" in page.text_content("#mistake")


def test_a_local_derivative_that_the_machine_rounds_is_not_called_equal(open_page: Any) -> None:
    x = Value(-800.0, "x")
    page = open_page(mgview.stepper(named(ops.exp(x), "e")))
    page.fill("#slider", "3")
    assert "local derivative ∂e/∂x = exp(x) ≈ 0\n" in explanation(page)
    page.fill("#leaf-0", "0")
    page.keyboard.press("Tab")
    assert "local derivative ∂e/∂x = exp(x) = 1\n" in explanation(page)


def test_nothing_times_a_rounded_number_is_exactly_nothing(open_page: Any) -> None:
    page = open_page(mgview.stepper(named(ops.relu(Value(-1.0, "x")) * (1.0 / 3.0), "out")))
    page.fill("#slider", "5")
    assert "0.333333 × 0 = 0" in explanation(page)


def test_overwriting_asks_for_what_is_stored_and_never_says_add(open_page: Any) -> None:
    x = Value(3.0, "x")
    page = open_page(mgview.stepper(named(x * x + x, "out")))
    page.check('input[value="overwrite"]')
    page.check("#predicting")
    page.fill("#slider", "5")
    for guess, words in [("7", "the last contribution replaces what was there"), ("1", "upstream")]:
        page.fill("#slider", "4")
        page.fill("#slider", "5")
        page.get_by_label("What x holds after this step (so far 1)").fill(guess)
        page.click("#check")
        verdict = page.text_content("#verdict")
        assert words in verdict
        assert "add" not in verdict


def test_a_leaf_takes_nan_and_infinities_as_the_page_prints_them(open_page: Any) -> None:
    x = Value(math.nan, "x")
    page = open_page(mgview.stepper(named(x * 2.0, "y")))
    page.fill("#slider", "1")
    for text, shown in [("inf", "inf"), ("−inf", "−inf"), ("-inf", "−inf"), ("nan", "nan")]:
        page.fill("#leaf-0", text)
        page.keyboard.press("Tab")
        assert page.input_value("#leaf-0") == shown
        assert page.text_content("#leaf-note") == ""
        assert page.locator(".mgv-data").nth(1).text_content() == shown


def test_an_upstream_of_zero_hands_on_zero_and_claims_no_false_product(open_page: Any) -> None:
    x = Value(0.0, "x")
    page = open_page(mgview.stepper(named(ops.sqrt(x) * 0.0, "y")))
    page.fill("#slider", "5")
    assert "Upstream is 0, so 0 is handed on" in explanation(page)
    assert "inf" not in page.locator("#explanation .product").all_inner_texts()


def test_a_prediction_names_the_likely_mistake_and_shows_the_total_so_far(open_page: Any) -> None:
    x = Value(3.0, "x")
    y = Value(5.0, "y")
    page = open_page(mgview.stepper(named(x * y + x, "out")))
    page.check("#predicting")
    page.fill("#slider", "5")
    field = page.get_by_label("∂out/∂x after this step (so far 1)")
    other = page.get_by_label("∂out/∂y after this step")
    for guess, words in [
        ("-6", "the size is right, the sign is not"),
        ("5", "add it to the 1 that is there"),
        ("4", "the factors are swapped"),
    ]:
        page.fill("#slider", "4")
        page.fill("#slider", "5")
        field.fill(guess)
        other.fill("3")
        page.click("#check")
        assert words in page.text_content("#verdict"), guess
    field.fill("6")
    page.click("#check")
    assert page.text_content("#verdict") == "Right: x has 6. Right: y has 3."


def test_the_table_gives_nothing_away(open_page: Any, seed_graph: Any) -> None:
    page = open_page(mgview.stepper(seed_graph()))
    page.click("text=All numbers")

    def rows() -> list[list[str]]:
        return [row.split() for row in page.locator("#rows tr").all_inner_texts()]

    assert all(row[-1] == "?" for row in rows())
    assert [row[2] for row in rows() if row[1] == "mul"] == ["?", "?"]
    page.check("#predicting")
    page.fill("#slider", "7")
    assert {row[0]: row[3] for row in rows()}["a"] == "?"
    page.click("#reveal")
    assert {row[0]: row[3] for row in rows()}["a"] == "6"


# Pictures


def ends(root: ET.Element, target: int) -> dict[str, float]:
    """Where the edges into a node end: height by source."""
    found = {}
    for path in root.iter(f"{SVG}path"):
        if path.get("data-to") == f"n{target}":
            points = re.findall(r"([MCH])([^A-Za-z]*)", path.get("d", "").split("m-6")[0])
            heights = [float(text.split()[-1]) for command, text in points if command != "H"]
            found[str(path.get("data-from"))] = heights[-1]
    return found


def test_first_operands_enter_above_second_ones_and_are_numbered() -> None:
    rng = random.Random(11)
    kinds = [ops.sub, ops.div, ops.pow, ops.gt, ops.add, ops.mul]
    seen = 0
    for _ in range(12):
        values = [Value(rng.uniform(0.5, 2.0), f"x{i}") for i in range(4)]
        while len(values) < 14:
            values.append(rng.choice(kinds)(rng.choice(values), abs(rng.choice(values)) + 0.5))
        out = ops.sum(*values[-6:])
        drawing = mgview.draw(out)
        root = root_of(drawing)
        for node in drawing.scene.nodes:
            if node.op in {"sub", "div", "pow", "gt"} and len(set(node.operands)) == 2:
                height = ends(root, node.index)
                if len(height) < 2:  # an edge too long to be drawn is a name at its target
                    continue
                first, second = (height[f"n{operand}"] for operand in node.operands)
                assert first < second, f"{node.op}: the first operand must enter above"
                seen += 1
    assert seen > 20
    a, b = Value(1.0, "a"), Value(2.0, "b")

    def marks(value: Value) -> list[str | None]:
        texts = root_of(mgview.draw(value)).iter(f"{SVG}text")
        return [t.text for t in texts if t.get("class") == "mgv-place"]

    assert marks(a - b) == ["1", "2"]
    assert marks(ops.select(a, b, a)) == ["1,3", "2"]
    assert marks(a + b) == []
    assert '[headlabel="2"' in mgview.dot.to_dot(mgview.draw(a - b).scene)


def test_a_folded_box_says_that_its_constants_differ() -> None:
    out = ops.sum(*(Value(float(i)) * (i + 14.0) for i in range(187)))
    titles = [box.title for box in mgview.draw(out).picture().boxes]
    assert "187 × (· × 14…200)" in titles
    same = ops.sum(*(Value(float(i)) * 14.0 for i in range(187)))
    assert "187 × (· × 14)" in [box.title for box in mgview.draw(same).picture().boxes]


def test_an_output_in_a_folded_box_keeps_frame_and_label() -> None:
    ys = [named(ops.tanh(Value(float(i))), f"y{i}") for i in range(150)]
    drawing = mgview.draw(ys)
    boxes = [box for box in drawing.picture().boxes if box.is_output]
    assert "outputs y0, y1, y2 and 6 more" in boxes[0].subtitle
    assert sum(3 + int(re.findall(r"and (\d+) more", box.subtitle)[0]) for box in boxes) == 150
    css = (mgview.svg.style()).splitlines()
    thick = next(i for i, line in enumerate(css) if ".mgv-output>.mgv-frame" in line)
    assert all(i < thick for i, line in enumerate(css) if ".mgv-group .mgv-frame" in line)


def test_nan_infinity_and_negative_zero_are_marked_in_every_format(tmp_path: Any) -> None:
    odd = {"n": math.nan, "i": -math.inf, "z": -0.0}
    leaves = [Value(x, label) for label, x in odd.items()]
    out = ops.sum(*leaves, Value(1.0, "one"))
    for leaf in leaves:
        leaf.grad = leaf.data
    drawing = mgview.draw(out)
    root = root_of(drawing)
    strange = [t.text for t in root.iter(f"{SVG}text") if "mgv-strange" in t.get("class", "")]
    assert strange == ["nan", "nan", "−inf", "−inf", "−0.0", "−0.0", "nan"]
    chips = [p for p in root.iter(f"{SVG}path") if "mgv-grad mgv-odd" in p.get("class", "")]
    assert len(chips) == 3
    dot = drawing.save(tmp_path / "g.dot").read_text("utf-8")
    assert dot.count('fontcolor="#a21caf"') == 4
    rules = [line for line in mgview.svg.style().splitlines() if "#a21caf" in line]
    assert rules
    assert all(re.match(r"\.mgv \.mgv-(w?odd|data\.mgv-strange)\{", rule) for rule in rules)
    group = ops.sum(*(Value(x) for x in [*[0.5] * 250, math.nan, math.inf, -0.0]))
    (box,) = [b for b in mgview.draw(group).picture().boxes if b.kind == "group"]
    assert "1 with nan, 1 with inf, 1 with −0.0" in box.subtitle


def test_a_number_has_one_colour_from_the_first_step_to_the_last(
    open_page: Any, seed_graph: Any
) -> None:
    root = seed_graph()
    page = open_page(mgview.stepper(root))
    root.backward()
    drawn = mgview.draw(root).svg()
    seen: dict[str, set[str]] = {}
    for step in range(last(page) + 1):
        page.fill("#slider", str(step))
        for text, opacity, kind in page.eval_on_selector_all(
            "#frame .mgv-box",
            """boxes => boxes.map(b => [b.querySelector('.mgv-gradient').textContent,
               b.querySelector('.mgv-grad').getAttribute('fill-opacity'),
               b.querySelector('.mgv-grad').getAttribute('class')])""",
        ):
            seen.setdefault(text, set()).add(f"{opacity} {kind if opacity != '0.000' else ''}")
    assert all(len(colours) == 1 for colours in seen.values()), seen
    for text in ("6.0000", "−4.0000", "1.0000"):
        (colour,) = seen[text]
        assert f'fill-opacity="{colour.split()[0]}"' in drawn


def test_strange_numbers_have_their_colour_in_the_page(open_page: Any) -> None:
    x = Value(math.inf, "x")
    page = open_page(mgview.stepper(named(ops.tanh(x) * -0.0, "out")))
    page.click("#last")
    odd = "rgb(162, 28, 175)"
    for box in ("n0", "n3"):
        shown = page.locator(f'[data-box="{box}"] .mgv-data')
        assert shown.evaluate("e => getComputedStyle(e).fill") == odd
    assert "−0.0" in page.text_content('[data-box="n3"] .mgv-data')

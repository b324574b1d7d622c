"""The backpropagation page, driven in a real browser as a reader would."""

from typing import Any

import pytest

import mgview
from mgcore import Op, Value, ops
from mgcore.order import topological_order

PHONE = {"width": 390, "height": 844}


def title(page: Any) -> str:
    return str(page.text_content("#what"))


def explanation(page: Any) -> str:
    return str(page.inner_text("#explanation"))


def numbers(page: Any, index: int) -> tuple[str, str]:
    """Data and gradient in the box of a node, as shown."""
    box = page.locator(f'[data-box="n{index}"]')
    return box.locator(".mgv-data").text_content(), box.locator(".mgv-gradient").text_content()


def place(root: Value, label: str) -> int:
    return [node.label for node in topological_order(root)].index(label)


@pytest.fixture
def open_seed(open_page: Any, seed_graph: Any) -> Any:
    def open_(**how: Any) -> tuple[Any, Value]:
        root = seed_graph()
        return open_page(mgview.stepper(root), **how), root

    return open_


STEPS = [
    "Ready",
    "Forward 1 of 3: e",
    "Forward 2 of 3: d",
    "Forward 3 of 3: L",
    "Backward begins at L",
    "Backward 1 of 3: through L",
    "Backward 2 of 3: through d",
    "Backward 3 of 3: through e",
    "Done",
]


def test_next_goes_through_every_step_and_back_returns(open_seed: Any) -> None:
    page, _ = open_seed()
    seen = [title(page)]
    while page.is_enabled("#next"):
        page.click("#next")
        seen.append(title(page))
    assert seen == STEPS
    page.click("#back")
    assert title(page) == STEPS[-2]


def test_first_and_last_jump_and_the_ends_disable_their_buttons(open_seed: Any) -> None:
    page, _ = open_seed()
    assert page.is_disabled("#first")
    assert page.is_disabled("#back")
    page.click("#last")
    assert title(page) == "Done"
    assert page.is_disabled("#next")
    page.click("#first")
    assert title(page) == "Ready"
    assert page.text_content("#count") == "Step 0 of 8"


def test_keys_move_as_the_buttons_do(open_seed: Any) -> None:
    page, _ = open_seed()
    for key, expected in [
        ("ArrowRight", STEPS[1]),
        ("ArrowRight", STEPS[2]),
        ("ArrowLeft", STEPS[1]),
        ("End", STEPS[8]),
        ("Home", STEPS[0]),
    ]:
        page.keyboard.press(key)
        assert title(page) == expected


def test_the_slider_moves_by_keyboard_and_by_value(open_seed: Any) -> None:
    page, _ = open_seed()
    page.fill("#slider", "5")
    assert title(page) == STEPS[5]
    page.focus("#slider")
    page.keyboard.press("ArrowRight")
    assert title(page) == STEPS[6]
    assert page.get_attribute("#slider", "aria-valuetext") == STEPS[6]


@pytest.mark.parametrize(
    "start", [lambda page: page.click("#play"), lambda page: page.keyboard.press(" ")]
)
def test_play_runs_to_the_end_and_stops(open_seed: Any, start: Any) -> None:
    page, _ = open_seed(clock=True)
    start(page)
    assert page.text_content("#play") == "Pause"
    page.clock.run_for(1_200)
    assert title(page) == STEPS[1]
    page.clock.run_for(20_000)
    assert title(page) == "Done"
    assert page.text_content("#play") == "Play"


def test_space_pauses_what_it_started(open_seed: Any) -> None:
    page, _ = open_seed(clock=True)
    page.keyboard.press(" ")
    page.clock.run_for(2_300)
    page.keyboard.press(" ")
    page.clock.run_for(5_000)
    assert title(page) == STEPS[2]


def test_keys_stay_with_a_field_that_is_being_typed_into(open_seed: Any) -> None:
    page, root = open_seed()
    page.focus(f"#leaf-{place(root, 'a')}")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("End")
    assert title(page) == "Ready"


def test_forward_shows_values_only_once_they_are_computed(open_seed: Any) -> None:
    page, root = open_seed()
    e, d = place(root, "e"), place(root, "d")
    assert numbers(page, e)[0] == "?"
    page.click("#next")
    assert numbers(page, e)[0] == "−6.0000"
    assert numbers(page, d)[0] == "?"
    assert "e = a × b" in explanation(page)
    assert "= 2 × (−3) = −6" in explanation(page)


def test_a_backward_step_shows_upstream_times_local_and_the_result(open_seed: Any) -> None:
    page, root = open_seed()
    page.fill("#slider", "7")
    text = explanation(page)
    assert "Upstream gradient: ∂L/∂e = −2" in text
    assert "local derivative ∂e/∂a = b = −3" in text
    assert "(−2) × (−3) = 6" in text
    assert "gradient of a: 6" in text
    assert numbers(page, place(root, "a")) == ("2.0000", "6.0000")
    assert "is-current" in page.get_attribute(f'[data-box="n{place(root, "e")}"]', "class")


def test_contributions_add_up_at_shared_nodes(open_page: Any) -> None:
    a = Value(3.0, label="a")
    b = a + a
    b.label = "b"
    page = open_page(mgview.stepper(b))
    page.fill("#slider", "3")
    text = explanation(page)
    assert "a is used 2 times, so contributions add up: 0 + 1 = 1" in text
    assert "1 + 1 = 2" in text
    assert numbers(page, 0) == ("3.0000", "2.0000")


def test_clicking_a_node_goes_to_its_step(open_seed: Any) -> None:
    page, root = open_seed()
    page.click(f'[data-box="n{place(root, "d")}"]')
    assert title(page) == STEPS[2]
    page.click("#last")
    page.click(f'[data-box="n{place(root, "d")}"]')
    assert title(page) == STEPS[6]


def start_prediction(open_seed: Any) -> tuple[Any, Value]:
    page, root = open_seed()
    page.check("#predicting")
    page.fill("#slider", "7")
    return page, root


def test_prediction_hides_the_gradients_until_they_are_checked(open_seed: Any) -> None:
    page, root = start_prediction(open_seed)
    a = place(root, "a")
    assert numbers(page, a)[1] == "?"
    assert "(−3)" not in explanation(page)
    page.get_by_label("∂L/∂a after this step").fill("6")
    page.get_by_label("∂L/∂b after this step").fill("-4")
    page.click("#check")
    assert page.text_content("#verdict") == "Right: a has 6. Right: b has −4."
    assert page.text_content("#tally") == "2 of 2 predictions right so far."
    assert numbers(page, a)[1] == "6.0000"
    assert "(−2) × (−3) = 6" in explanation(page)


def test_a_wrong_prediction_has_a_second_try_and_then_is_told_the_truth(open_seed: Any) -> None:
    page, root = start_prediction(open_seed)
    page.get_by_label("∂L/∂a after this step").fill("-6")
    page.get_by_label("∂L/∂b after this step").fill("-4")
    page.keyboard.press("Enter")
    sign = "the size is right, the sign is not"
    said = f"a is not −6: {sign}. b is right. Try once more, or reveal."
    assert page.text_content("#verdict") == said
    assert page.is_visible("#predict"), "there is a second try"
    assert numbers(page, place(root, "a"))[1] == "?"
    page.keyboard.press("Enter")
    assert page.text_content("#verdict") == "Wrong: a has 6, not −6. Right: b has −4."
    assert page.text_content("#tally") == "1 of 2 predictions right so far."


@pytest.mark.parametrize(
    ("guess", "verdict"),
    [("6.03", "Right: a"), ("5.97", "Right: a"), ("6.04", "a is not 6.04. b is right")],
)
def test_half_a_percent_is_the_tolerance(open_seed: Any, guess: str, verdict: str) -> None:
    page, _ = start_prediction(open_seed)
    page.get_by_label("∂L/∂a after this step").fill(guess)
    page.get_by_label("∂L/∂b after this step").fill("−4,0")
    page.click("#check")
    assert str(page.text_content("#verdict")).startswith(verdict)


def test_a_prediction_that_is_no_number_is_asked_again(open_seed: Any) -> None:
    page, _ = start_prediction(open_seed)
    page.get_by_label("∂L/∂a after this step").fill("six")
    page.click("#check")
    assert page.text_content("#verdict") == "Type a number for a, such as −2, 0.25 or 1/4."
    assert page.is_visible("#predict")


def test_reveal_shows_without_counting(open_seed: Any) -> None:
    page, root = start_prediction(open_seed)
    page.click("#reveal")
    assert numbers(page, place(root, "a"))[1] == "6.0000"
    assert page.text_content("#tally") == ""
    assert page.is_hidden("#predict")


def test_playing_waits_for_a_prediction(open_seed: Any) -> None:
    page, _ = open_seed(clock=True)
    page.check("#predicting")
    page.fill("#slider", "4")
    page.click("#play")
    page.clock.run_for(10_000)
    assert title(page) == STEPS[5]
    assert page.text_content("#play") == "Paused: your turn"
    page.click("#reveal")
    assert page.text_content("#play") == "Pause"
    page.clock.run_for(1_200)
    assert title(page) == STEPS[6]


def test_editing_a_leaf_computes_everything_again(open_seed: Any) -> None:
    page, root = open_seed()
    page.fill(f"#leaf-{place(root, 'a')}", "4.5")
    page.keyboard.press("Tab")
    page.click("#last")
    assert numbers(page, place(root, "L"))[0] == "7.0000"
    assert numbers(page, place(root, "b"))[1] == "−9.0000"
    assert "∂L/∂f = −3.5" in explanation(page)
    page.click("#restore")
    assert numbers(page, place(root, "L"))[0] == "−8.0000"
    assert page.input_value(f"#leaf-{place(root, 'a')}") == "2"


@pytest.mark.parametrize("text", ["", "two", "1e999", "2 3"])
def test_a_leaf_takes_nothing_but_a_number(open_seed: Any, text: str) -> None:
    page, root = open_seed()
    field = f"#leaf-{place(root, 'a')}"
    page.fill(field, text)
    page.keyboard.press("Tab")
    assert (
        page.text_content("#leaf-note") == f"“{text}” is no number that a leaf can hold. a stays 2."
    )
    assert page.input_value(field) == "2"


def test_a_number_outside_an_ops_domain_is_refused(open_page: Any) -> None:
    x = Value(2.0, label="x")
    y = ops.log(x) * 3.0
    y.label = "y"
    page = open_page(mgview.stepper(y))
    page.fill("#leaf-0", "-1")
    page.keyboard.press("Tab")
    assert (
        page.text_content("#leaf-note") == "With that number v1 = log(…) is not defined. x stays 2."
    )
    page.click("#last")
    assert "∂y/∂x = 1.5" in explanation(page)


def wrong_gradients(page: Any) -> list[str]:
    return [str(item) for item in page.locator("#mistake li").all_inner_texts()]


def test_wrong_order_leaves_zeros_behind(open_seed: Any) -> None:
    page, root = open_seed()
    page.check('input[value="order"]')
    assert set(wrong_gradients(page)) == {
        "a: 0, should be 6", "b: 0, should be −4", "c: 0, should be −2", "e: 0, should be −2",
    }  # fmt: skip
    assert "before its own gradient has arrived" in page.inner_text("#mistake")
    page.click("#last")
    wrong = page.get_attribute(f'[data-box="n{place(root, "a")}"]', "class")
    assert "is-wrong" in wrong
    assert "4 gradients are wrong" in explanation(page)


def test_overwriting_loses_all_but_the_last_contribution(open_page: Any) -> None:
    a = Value(3.0, label="a")
    out = a * a + a
    out.label = "out"
    page = open_page(mgview.stepper(out))
    page.check('input[value="overwrite"]')
    # out = a*a + a: the sum hands a 1 first, then a*a hands it 3 and 3, each overwriting
    assert wrong_gradients(page) == ["a: 3, should be 7"]
    page.fill("#slider", str(int(page.get_attribute("#slider", "max")) - 1))
    assert "Overwritten: 3 is lost, a now holds 3" in explanation(page)


def test_gradients_that_are_not_zeroed_double(open_seed: Any) -> None:
    page, _ = open_seed()
    page.check('input[value="unzeroed"]')
    assert set(wrong_gradients(page)) == {
        "a: 12, should be 6", "b: −8, should be −4", "c: −4, should be −2", "f: 8, should be 4",
    }  # fmt: skip
    page.fill("#slider", "4")
    assert "nobody set them to zero" in explanation(page)
    page.check('input[value="none"]')
    assert page.inner_text("#mistake") == "Everything is done right."


def test_a_breakage_without_effect_says_so(open_seed: Any) -> None:
    page, _ = open_seed()
    page.check('input[value="overwrite"]')
    assert "no node is used twice" in page.inner_text("#mistake")
    assert wrong_gradients(page) == []


def test_the_table_holds_all_numbers(open_seed: Any) -> None:
    page, _ = open_seed()
    page.click("text=All numbers")
    page.click("#last")
    rows = page.locator("#rows tr").all_inner_texts()
    assert [row.split() for row in rows] == [
        ["a", "leaf", "2", "6"],
        ["b", "leaf", "−3", "−4"],
        ["e", "mul", "−6", "−2"],
        ["c", "leaf", "10", "−2"],
        ["d", "add", "4", "−2"],
        ["f", "leaf", "−2", "4"],
        ["L", "mul", "−8", "1"],
    ]


def test_an_op_from_elsewhere_is_recorded_and_switches_editing_off(open_page: Any) -> None:
    softsign = Op(
        "softsign",
        forward=lambda x: x / (1.0 + abs(x)),
        partials=(lambda out, x: (1.0 + abs(x)) ** -2,),
        doc="x / (1 + |x|)",
    )
    x = Value(3.0, label="x")
    out = softsign(x) * 2.0
    out.label = "out"
    page = open_page(mgview.stepper(out))
    assert "Editing is off: this page does not compute softsign" in page.inner_text("#leaf-off")
    assert page.is_disabled("#leaf-0")
    assert page.is_disabled("#restore")
    assert page.is_hidden("#leaf-how")
    page.click("#next")
    assert "recorded by Python" in explanation(page)
    assert "x / (1 + |x|)" in explanation(page)
    page.fill("#slider", "5")
    assert "local derivative ∂v1/∂x = 0.0625, recorded by Python" in explanation(page)
    page.click("#last")
    assert "∂out/∂x = 0.125" in explanation(page)


EVIL = '<script>window.hacked=1</script><img src=x onerror="window.hacked=1">"\'&'


def test_labels_are_text_and_never_markup(open_page: Any) -> None:
    x = Value(1.5, label=EVIL)
    out = ops.tanh(x)
    out.label = "</script><b>bold</b>"
    page = open_page(mgview.stepper(out, title=f"{EVIL}"))
    page.click("#last")
    assert page.evaluate("window.hacked") is None
    assert page.locator("main img").count() == 0
    assert page.locator("main b").count() == 0
    whole = page.locator('#explanation [data-node="0"]').first.get_attribute("title")
    assert whole == EVIL
    assert page.text_content("h1") == EVIL
    assert page.title() == EVIL
    shown = page.text_content('[data-box="n0"] .mgv-label')
    assert str(shown).startswith("<script>")
    assert EVIL in page.text_content('[data-box="n0"] title')


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [{"width": 1280, "height": 800}, PHONE], ids=["desktop", "phone"])
def test_axe_finds_nothing_wrong(open_seed: Any, violations: Any, scheme: str, size: Any) -> None:
    page, _ = open_seed(scheme=scheme, size=size)
    assert page.evaluate("document.documentElement.dataset.theme") == scheme
    assert violations(page) == []
    page.fill("#slider", "6")
    page.check('input[value="order"]')
    page.click("text=All numbers")
    assert violations(page) == []
    page.check("#predicting")
    page.get_by_label("What e holds after this step").fill("7")
    page.get_by_label("What c holds after this step").fill("x")
    page.click("#check")
    page.fill("#leaf-0", "much")
    page.keyboard.press("Tab")
    assert violations(page) == []


def test_a_phone_scrolls_down_but_never_sideways(open_seed: Any) -> None:
    page, _ = open_seed(size=PHONE)
    for step in range(9):
        page.fill("#slider", str(step))
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert page.locator("#next").bounding_box()["height"] >= 40


def test_the_theme_button_switches_colours(open_seed: Any) -> None:
    page, _ = open_seed()
    paper = "getComputedStyle(document.documentElement).backgroundColor"
    light = page.evaluate(paper)
    page.click("#theme")
    assert page.evaluate(paper) != light
    assert page.text_content("#theme") == "Light colours"
    page.click("#theme")
    assert page.evaluate(paper) == light


def test_every_control_is_reached_by_the_tab_key(open_seed: Any) -> None:
    page, _ = open_seed()
    page.click("#next")
    page.evaluate("document.activeElement.blur()")
    reached = set()
    for _ in range(40):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.id || document.activeElement.name"))
    wanted = {"first", "back", "play", "next", "last", "slider", "predicting", "theme", "restore",
              "breakage", "frame", "zoom-in", "zoom-out", "zoom-fit", "leaf-0"}  # fmt: skip
    assert wanted <= reached


def test_zoom_buttons_change_the_size_of_the_drawing(open_seed: Any) -> None:
    page, _ = open_seed()
    width = "parseFloat(document.querySelector('#frame svg').getAttribute('width'))"
    before = page.evaluate(width)
    page.click("#zoom-in")
    assert page.evaluate(width) > before
    page.click("#zoom-out")
    page.click("#zoom-out")
    assert page.evaluate(width) < before
    page.click("#zoom-fit")
    assert page.evaluate(width) <= page.evaluate("document.getElementById('frame').clientWidth")


def test_a_graph_of_five_thousand_nodes_opens_and_steps(open_page: Any, random_graph: Any) -> None:
    root = random_graph(5_000, seed=5)
    order = topological_order(root)
    assert len(order) > 4_900
    root.backward()
    page = open_page(mgview.stepper(root))
    assert title(page) == "Ready"
    page.keyboard.press("End")
    assert title(page) == "Done"
    page.keyboard.press("ArrowLeft")
    leaf = next(node for node in order if node.op is None)
    page.click("text=All numbers")
    page.keyboard.press("End")
    shown = page.locator("#rows tr", has_text=leaf.label).first.inner_text().split()
    assert float(shown[-1].replace("−", "-")) == pytest.approx(leaf.grad, rel=1e-5)
    attached = page.locator("#frame .mgv-box").count()
    assert 0 < attached < len(order)

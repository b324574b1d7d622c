"""Every example runs as a script, prints what it teaches, and gets the numbers right."""

import math
import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"


def main_of(name: str) -> Callable[..., Any]:
    main: Callable[..., Any] = runpy.run_path(str(EXAMPLES / f"{name}.py"))["main"]
    return main


@pytest.mark.parametrize(
    ("name", "taught"),
    [
        ("numerical_slope", "slope at 3: (f(3 + h) - f(3)) / h = 14.003000"),
        ("many_inputs", "nudge a by 0.0001: d = 3.9997, slope -3.0000"),
        ("expression", "dL/da =   6.0   nudged by 1e-06: 6.000000"),
        ("chain_rule", "de/da = -3, times dL/de = -2, gives dL/da = 6"),
        ("topological_order", "operands first: x u v y"),
        ("backward", "backward twice: dy/dx = 8.0"),
        ("neuron", "o = tanh(n) = 0.7071"),
        ("gradient_descent", "step 50: loss"),
    ],
)
def test_an_example_prints_what_it_teaches(
    name: str, taught: str, capsys: pytest.CaptureFixture[str]
) -> None:
    runpy.run_path(str(EXAMPLES / f"{name}.py"), run_name="__main__")
    assert taught in capsys.readouterr().out


def test_every_example_is_in_the_reading_order() -> None:
    listed = (EXAMPLES / "README.md").read_text()
    for path in EXAMPLES.glob("*.py"):
        assert f"`{path.name}`" in listed


def test_the_numerical_slope_approaches_the_derivative_by_rule() -> None:
    slopes = main_of("numerical_slope")()
    errors = [abs(slope - 14.0) for slope in slopes]
    assert errors == sorted(errors, reverse=True)
    assert slopes[2] == pytest.approx(14.003, abs=1e-9)


def test_nudging_each_of_many_inputs_gives_their_slopes() -> None:
    assert main_of("many_inputs")() == pytest.approx([-3.0, 2.0, 1.0])


def test_the_expression_has_the_known_gradients() -> None:
    assert main_of("expression")() == {"a": 6.0, "b": -4.0, "c": -2.0, "f": 4.0}


def test_the_chain_rule_by_hand_reaches_every_node() -> None:
    expected = {"L": 1.0, "d": -2.0, "f": 4.0, "e": -2.0, "c": -2.0, "a": 6.0, "b": -4.0}
    assert main_of("chain_rule")() == expected


def test_the_order_has_operands_first(capsys: pytest.CaptureFixture[str]) -> None:
    assert main_of("topological_order")() == ["x", "u", "v", "y"]
    assert "dy/dx = 135, by hand 135" in capsys.readouterr().out


def test_backward_gives_what_the_example_says() -> None:
    found = main_of("backward")()
    assert found.pop("deep") == pytest.approx(1.0 + 100_000 * 1e-5)
    assert found == {"a + a": 2.0, "twice": 8.0, "zeroed": 4.0, "second derivative": 12.0}


def test_the_neuron_agrees_by_hand_taken_apart_and_from_mgnn() -> None:
    found = main_of("neuron")()
    for name in ("o", "taken apart", "neuron"):
        assert found[name] == pytest.approx(math.sqrt(0.5))
    gradients = [found[name] for name in ("x1", "w1", "x2", "w2", "neuron w1")]
    assert gradients == pytest.approx([-1.5, 1.0, 0.5, 0.0, 1.0])


def test_gradient_descent_lowers_the_loss() -> None:
    losses = main_of("gradient_descent")()
    assert len(losses) == 50
    assert losses[-1] < 0.01 < losses[0]


def test_the_micrograd_script_learns_the_moons(capsys: pytest.CaptureFixture[str]) -> None:
    losses, accuracy = main_of("moons")(steps=15)
    assert accuracy >= 0.9
    assert min(losses) < losses[0] / 3
    assert "number of parameters 337" in capsys.readouterr().out


@pytest.mark.parametrize("backend", ["eager", "compiled"])
def test_the_demo_reaches_its_accuracy_and_leaves_a_picture(
    backend: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    picture = tmp_path / "sub" / "moons.png"
    accuracy, path = main_of("demo_moons")(
        ["--backend", backend, "--epochs", "25", "--out", str(picture)]
    )
    assert accuracy >= 0.95
    assert path == picture
    assert picture.read_bytes().startswith(b"\x89PNG")
    told = capsys.readouterr()
    assert f"picture  {picture}" in told.out
    assert backend in told.out
    assert "25/25" in told.err  # the progress bar


def test_microgpt_has_the_same_losses_in_all_its_stages() -> None:
    gpt = runpy.run_path(str(EXAMPLES / "microgpt.py"))
    documents = [gpt["tokens_of"](name) for name in gpt["names"](5, seed=7)]
    model = gpt["Compiled"](len(documents))
    model.prepare()
    compiled = [model.train([tokens]) for tokens in documents]
    for number in (gpt["Number"], gpt["Value"]):
        _, losses = gpt["train_eagerly"](number, documents)
        assert compiled == pytest.approx(losses, rel=1e-9)
    drawn = gpt["sample"](model.scores(), 2, seed=1)
    assert all(name.isalpha() for name in drawn)

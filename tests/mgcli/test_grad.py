import json
import math
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import Result

Mg = Callable[..., Result]


def gradients(result: Result) -> dict[str, dict[str, Any]]:
    return {row["name"]: row for row in json.loads(result.stdout)["gradients"]}


def test_value_gradients_numerical_ones_and_differences_stand_side_by_side(run: Mg) -> None:
    result = run("grad", "a*b + tanh(c)", "a=2", "b=-3", "c=10")
    assert result.exit_code == 0
    first, _, header, *rows = result.stdout.splitlines()
    assert first == f"a*b + tanh(c) = {-6 + math.tanh(10)!r}"
    assert header.split() == ["at", "gradient", "numerical", "difference"]
    table = {row.split()[0]: [float(x) for x in row.split()[1:]] for row in rows}
    slopes = {"a": -3.0, "b": 2.0, "c": 1 - math.tanh(10) ** 2}
    for name, (at, gradient, numerical, difference) in table.items():
        assert at == {"a": 2, "b": -3, "c": 10}[name]
        assert gradient == pytest.approx(slopes[name], rel=1e-6)
        assert numerical == pytest.approx(slopes[name], abs=1e-8)
        assert difference < 1e-8


def test_json_has_full_precision(run: Mg) -> None:
    result = run("grad", "exp(x) / y", "x=1", "y=3", "--json")
    rows = gradients(result)
    assert json.loads(result.stdout)["value"] == pytest.approx(math.e / 3, rel=1e-15)
    assert rows["x"]["gradient"] == pytest.approx(math.e / 3, rel=1e-14)
    assert rows["y"]["gradient"] == pytest.approx(-math.e / 9, rel=1e-14)
    assert rows["y"]["numerical"] == pytest.approx(-math.e / 9, rel=1e-8)


def test_an_expression_may_begin_with_a_minus(run: Mg) -> None:
    assert gradients(run("grad", "-a*b", "a=2", "b=3", "--json"))["a"]["gradient"] == -3.0


def test_near_a_border_of_the_domain_the_nudge_is_smaller(run: Mg) -> None:
    row = gradients(run("grad", "log(x)", "x=1e-9", "--json"))["x"]
    assert row["gradient"] == pytest.approx(1e9)
    assert row["numerical"] == pytest.approx(1e9, rel=1e-6)


def test_at_a_border_of_the_domain_there_is_no_numerical_derivative(run: Mg) -> None:
    result = run("grad", "x**1.5", "x=0", "--json")
    assert gradients(result)["x"]["numerical"] is None
    assert "border of the domain" in run("grad", "x**1.5", "x=0").stderr


def test_an_overflow_beside_the_point_is_called_one(run: Mg) -> None:
    result = run("grad", "x*x", "x=1.3407807929942596e154")
    assert "too large for a float64" in result.stderr
    assert "border" not in result.stderr


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("x**2", "too large"),
        ("x*x", "too large"),
        ("dot(x, x)", "too large"),
        ("x/1e-200", "large"),
    ],
)
def test_an_overflow_is_an_error_in_every_op(run: Mg, expression: str, text: str) -> None:
    result = run("grad", expression, "x=1e200")
    assert result.exit_code == 2
    assert text in result.stderr


def test_a_kink_is_named_where_the_two_disagree(run: Mg) -> None:
    result = run("grad", "relu(x)", "x=0")
    assert result.exit_code == 0
    assert "disagree in x" in result.stderr
    assert "kink" in result.stderr


def test_unused_variables_are_named(run: Mg) -> None:
    result = run("grad", "a*2", "a=1", "d=2", "e=3")
    assert result.exit_code == 0
    assert "d, e are not in the expression" in result.stderr


def test_numbers_alone_have_a_value_and_no_derivatives(run: Mg) -> None:
    assert run("grad", "2**10").stdout == "2**10 = 1024.0\nno variables, so no derivatives\n"


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["a*b", "a=2"], "column 3: the variable 'b' has no value; add b=NUMBER"),
        (["weight*2", "wieght=2"], "did you mean wieght?"),
        (["tahn(a)", "a=2"], "column 1: no op is called 'tahn'; did you mean tanh?"),
        (["a", "2"], "'2' gives no variable a value"),
        (["sqrt(a)", "a=0"], "derivative of sqrt"),
        (["--jsn", "a"], "No such option '--jsn'"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(run: Mg, args: list[str], words: str) -> None:
    result = run("grad", *args)
    assert result.exit_code == 2
    assert len(result.stderr.splitlines()) == 1
    assert words in result.stderr

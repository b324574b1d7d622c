from typing import Any

import pytest


def test_the_chain_rule_is_written_out_for_every_variable(run: Any) -> None:
    done = run("explain", "a*b + tanh(a)", "a=2", "b=-3")
    assert done.exit_code == 0, done.output
    assert "result = a*b + tanh(a) = -5.03" in done.output
    assert "dresult/da = -2.92935" in done.output
    assert "dresult/db = 2" in done.output
    assert "select(lt(abs(v2), 0.5), 1 - v2*v2, exp(-2*abs(a))*(1 + a" in done.output


def test_wrt_chooses_the_variable(run: Any) -> None:
    done = run("explain", "a*b", "a=2", "b=-3", "--wrt", "b")
    assert "dresult/db = 2" in done.output
    assert "dresult/da" not in done.output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["a*b", "a=1", "b=2", "--wrt", "c"], "is no variable of the expression"),
        (["1 + 2"], "nothing to explain"),
        (["a.b", "a=1"], "column"),
    ],
)
def test_what_cannot_be_explained_is_told_in_one_line(
    run: Any, arguments: list[str], said: str
) -> None:
    done = run("explain", *arguments)
    assert done.exit_code == 2
    assert said in done.output

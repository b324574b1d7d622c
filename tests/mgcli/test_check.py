import json
from collections.abc import Iterator
from typing import Any

import pytest

from mgcore import Op, register, unregister
from mgcore.testing import CHECKS


@pytest.fixture
def crooked() -> Iterator[Op]:
    op = Op("crooked", lambda x: x * x, (lambda out, x: 3.0 * x,))
    register(op)
    yield op
    unregister("crooked")


def test_one_op_gives_its_table(run: Any) -> None:
    done = run("check", "tanh", "--check", "modes", "--check", "borders")
    assert done.exit_code == 0, done.output
    assert "worst error" in done.output
    assert "1 of 2 checks ran: 1 passed, 0 failed; skipped borders" in done.output


def test_several_ops_give_a_line_each_and_a_sum(run: Any) -> None:
    done = run("check", "tanh", "exp", "--check", "purity")
    assert "tanh: 1 of 1 checks ran" in done.output
    assert "2 ops, 2 checks: every op passes" in done.output


def test_a_failure_ends_with_1_and_tells_how_to_see_it_again(run: Any, crooked: Op) -> None:
    done = run("check", "crooked", "--check", "partials", "--check", "purity")
    assert done.exit_code == 1
    assert "crooked.partials[0](crooked(1.0), 1.0)  # 2.0 is right" in done.output


def test_a_run_that_skipped_everything_is_an_error(run: Any) -> None:
    done = run("check", "tanh", "--check", "borders")
    assert done.exit_code == 2
    assert "every check was skipped" in done.output


def test_json_is_for_programs(run: Any, crooked: Op) -> None:
    done = run("check", "crooked", "--check", "partials", "--json")
    (report,) = json.loads(done.output)
    assert report["op"] == "crooked"
    assert report["passed"] is False
    assert report["checks"][0]["operands"] == [1.0]


def test_list_shows_every_check_with_what_it_does(run: Any) -> None:
    done = run("check", "--list")
    assert all(name in done.output for name in CHECKS)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(["tahn"], "did you mean tanh"), (["tanh", "--check", "partial"], "did you mean partials")],
)
def test_what_is_mistyped_is_answered_with_near_matches(
    run: Any, arguments: list[str], said: str
) -> None:
    done = run("check", *arguments)
    assert done.exit_code == 2
    assert said in done.output

"""The pytest plugin, in runs of pytest of its own."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def run_pytest(tmp_path: Path) -> Run:
    """Run pytest in a folder of its own: ``run_pytest("--mg-ops", "tanh")``."""

    def run(*arguments: str, **files: str) -> subprocess.CompletedProcess[str]:
        for name, text in files.items():
            (tmp_path / f"{name}.py").write_text(text)
        command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments]
        return subprocess.run(
            command,
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": ""},
            capture_output=True,
            text=True,
            check=False,
        )

    return run


def test_mg_ops_makes_one_test_per_op_and_check_without_any_being_written(run_pytest: Run) -> None:
    done = run_pytest("--mg-ops", "tanh", "--mg-ops", "relu", "--collect-only", "-q")
    from mgcore.testing import CHECKS

    for op in ("tanh", "relu"):
        for check in CHECKS:
            assert f"mg-ops::{op}[{check}]" in done.stdout


def test_seed_and_samples_are_printed_and_skips_tell_their_reason(run_pytest: Run) -> None:
    done = run_pytest("--mg-ops", "tanh", "--mg-seed", "3", "-rs", "-k", "borders or modes")
    assert "--mg-samples 50 --mg-seed 3" in done.stdout
    assert "the domain is the whole real line" in done.stdout
    assert "1 passed, 1 skipped" in done.stdout
    assert done.returncode == 0


def test_a_failure_is_shown_with_operands_numbers_and_snippet(run_pytest: Run) -> None:
    done = run_pytest("--mg-ops", "crooked", "-k", "partials", conftest=CROOKED, pytest_unused="")
    assert done.returncode == 1
    assert "crooked fails partials" in done.stdout
    assert "crooked.partials[0](" in done.stdout
    assert "Traceback" not in done.stdout


CROOKED = """
from mgcore import Op, register
register(Op("crooked", lambda x: x * x, (lambda out, x: 3.0 * x,)), replace=True)
"""


def test_expected_failures_carry_reasons_and_are_strict(run_pytest: Run, tmp_path: Path) -> None:
    (tmp_path / "pytest.ini").write_text(
        "[pytest]\nmg_expected_failures =\n"
        "    crooked[partials]: the factor is an example\n"
        "    crooked[purity]: it is pure, so this is wrong\n"
    )
    done = run_pytest("--mg-ops", "crooked", "-rx", "-k", "partials or purity", conftest=CROOKED)
    assert "the factor is an example" in done.stdout
    assert "[XPASS(strict)] it is pure" in done.stdout
    assert "1 failed" in done.stdout
    assert "1 xfailed" in done.stdout


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("crooked[partials]:", "give a reason"),
        ("crooked[partial]: why", "did you mean partials"),
        ("other[partials]: why", "no such op is examined"),
    ],
)
def test_an_expected_failure_that_makes_no_sense_stops_the_run(
    run_pytest: Run, tmp_path: Path, line: str, said: str
) -> None:
    (tmp_path / "pytest.ini").write_text(f"[pytest]\nmg_expected_failures =\n    {line}\n")
    done = run_pytest("--mg-ops", "crooked", conftest=CROOKED)
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert said in done.stderr


def test_an_unknown_name_stops_the_run_with_near_matches(run_pytest: Run) -> None:
    done = run_pytest("--mg-ops", "tahn")
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert "did you mean tanh" in done.stderr


def test_the_decorator_makes_strict_expected_failures_and_the_fixture_asserts(
    run_pytest: Run,
) -> None:
    done = run_pytest("-rx", test_ops=DECORATED)
    assert "on purpose" in done.stdout
    assert "4 passed, 1 xfailed" in done.stdout


DECORATED = """
from mgcore import Op
from mgcore.testing import parametrize_with_checks
crooked = Op("crooked", lambda x: x * x, (lambda out, x: 3.0 * x,))

@parametrize_with_checks(
    ["tanh", crooked], checks=["purity", "partials"],
    expected={"crooked[partials]": "on purpose"},
)
def test_op(op, check):
    check(op)

def test_one(mg_assert_op):
    try:
        mg_assert_op(crooked, checks=["partials"])
    except AssertionError:
        mg_assert_op("tanh", checks=["partials"])
"""


def test_who_does_not_use_it_imports_nothing_of_mgcore(run_pytest: Run) -> None:
    done = run_pytest("-q", test_plain=PLAIN)
    assert "1 passed" in done.stdout, done.stdout


PLAIN = """
import sys

def test_nothing_of_mgcore_is_loaded_but_the_plugin():
    assert "pytest_mgcore" in sys.modules
    assert not [m for m in sys.modules if m.split(".")[0] == "mgcore" or m == "pytest_mgcore.items"]
"""

import subprocess
import sys
from collections.abc import Callable

import click
import pytest
from click.testing import Result

from mgcli.commands import TABLE
from mgcli.main import mg

Mg = Callable[..., Result]
Process = Callable[..., "subprocess.CompletedProcess[str]"]


def test_help_lists_every_command_and_imports_none() -> None:
    code = (
        "import sys; from mgcli.main import mg\n"
        "try: mg.main(['--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'rich', 'numpy', 'pandas', 'sklearn', 'matplotlib', 'mgnn', 'mgview'}\n"
        "print(sorted(m for m in sys.modules if m.startswith('mgcli.commands.') or m in heavy))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    *text, imported = done.stdout.strip().splitlines()
    assert imported == "[]"
    for name, row in TABLE.items():
        assert any(line.split() == [name, *row.summary.split()] for line in text)


@pytest.mark.parametrize("name", TABLE)
def test_every_command_of_the_table_is_there_with_help_and_debug(run: Mg, name: str) -> None:
    result = run(name, "--help")
    assert result.exit_code == 0
    assert f"Usage: mg {name}" in result.stdout
    assert "--debug" in result.stdout


def test_no_command_shows_the_help(run: Mg) -> None:
    assert "Commands:" in run().output


def test_the_version_is_the_packages(run: Mg) -> None:
    from importlib.metadata import version

    assert run("--version").stdout == f"mg {version('mgcore')}\n"


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["gradd"], "there is no command 'gradd'; did you mean grad?"),
        (["grad"], "Missing argument 'EXPRESSION' (see mg grad --help)"),
        (["ops", "--jsno"], "--jsno"),
        (["--nosuch"], "No such option"),
        (["grad", "a.b"], "column 2: the attribute .b is refused"),
    ],
)
def test_a_users_error_is_one_line_and_exit_code_2(run: Mg, args: list[str], words: str) -> None:
    result = run(*args)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert len(result.stderr.splitlines()) == 1
    assert result.stderr.startswith("error: ")
    assert words in result.stderr


@pytest.mark.parametrize("args", [["--debug", "grad", "a.b"], ["grad", "a.b", "--debug"]])
def test_debug_shows_the_traceback_before_or_after_the_command(
    run_process: Process, args: list[str]
) -> None:
    done = run_process(*args)
    assert done.returncode == 1
    assert "Traceback (most recent call last)" in done.stderr
    assert "ExpressionError: column 2" in done.stderr


def failing(error: BaseException) -> click.Command:
    def fail() -> None:
        raise error

    return click.Command("fail", callback=fail)


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (KeyError("x"), 1, "unexpected KeyError: 'x' (this is a fault of mg"),
        (FileNotFoundError(2, "No such file or directory", "x.csv"), 2, "x.csv: No such file"),
        (KeyboardInterrupt(), 130, "stopped"),
    ],
)
def test_other_errors_are_one_line_with_a_code_of_their_own(
    run: Mg, monkeypatch: pytest.MonkeyPatch, error: BaseException, code: int, words: str
) -> None:
    monkeypatch.setattr(mg, "get_command", lambda ctx, name: failing(error))
    result = run("ops")
    assert result.exit_code == code
    assert len(result.stderr.splitlines()) == 1
    assert words in result.stderr


def test_a_reader_that_closes_the_pipe_is_no_error() -> None:
    code = (
        "import os, subprocess, sys\n"
        "mg = [sys.executable, '-c', 'from mgcli.main import main; main()', 'ops']\n"
        "r, w = os.pipe(); os.close(r)\n"
        "done = subprocess.run(mg, stdout=w, stderr=subprocess.PIPE, text=True)\n"
        "print(done.returncode, repr(done.stderr))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "0 ''\n"


def test_without_what_the_command_needs_it_says_what_to_install() -> None:
    code = "import sys; sys.modules['click'] = None; from mgcli import start; start()"
    done = subprocess.run(
        [sys.executable, "-c", code, "ops"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stderr == (
        "mg: the package click is not installed, and the command needs it; "
        "pip install 'mgcore[cli]' brings it\n"
    )

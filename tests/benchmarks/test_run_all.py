"""The page of benchmarks: measured row by row, kept in between, put together at the end."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import mgcompile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FOLDER = Path(mgcompile.__file__).parents[1] / "benchmarks"
ROW = """\
from harness import main
import json, pathlib
count = pathlib.Path(__file__).with_suffix(".count")
count.write_text(count.read_text() + "x" if count.exists() else "x")
print(json.dumps({outcome!r}))
"""


@pytest.fixture
def run_all(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Any]:
    monkeypatch.syspath_prepend(str(FOLDER))
    module = importlib.import_module("run_all")
    monkeypatch.setattr(module, "HERE", tmp_path)
    monkeypatch.setattr(module, "KEPT", tmp_path / "build")
    monkeypatch.setattr(module, "PAGE", tmp_path / "page.md")
    (tmp_path / "harness.py").write_text("main = None\n")
    yield module
    del sys.modules["run_all"]


@pytest.fixture
def measure(run_all: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    def call(*arguments: str) -> int:
        monkeypatch.setattr(sys, "argv", ["run_all.py", *arguments])
        with pytest.raises(SystemExit) as ended:
            run_all.main()
        return ended.value.code

    return call


def write_row(folder: Path, name: str, machine: str = "a machine") -> None:
    outcome = {"table": f"## Title of {name}\n\n| {name} |\n", "machine": machine}
    (folder / f"{name}.py").write_text(ROW.format(outcome=outcome))


def runs(folder: Path, name: str) -> int:
    return len((folder / f"{name}.count").read_text())


def test_the_page_has_every_row_and_the_machine(tmp_path, measure):
    for name in ("one", "two"):
        write_row(tmp_path, name)
    assert measure() == 0
    page = (tmp_path / "page.md").read_text()
    assert page.index("Machine: a machine.") < page.index("| one |") < page.index("| two |")
    assert page.count("Machine:") == 1


def test_a_row_can_be_measured_alone_once_all_others_are_known(tmp_path, measure):
    for name in ("one", "two"):
        write_row(tmp_path, name)
    assert "not measured yet: two" in str(measure("one"))
    assert not (tmp_path / "page.md").exists()
    assert measure("two") == measure("two") == 0
    assert (runs(tmp_path, "one"), runs(tmp_path, "two")) == (1, 2)
    assert "| one |" in (tmp_path / "page.md").read_text()


def test_resume_goes_on_where_a_run_was_interrupted(tmp_path, measure):
    for name in ("one", "two", "three"):
        write_row(tmp_path, name)
    measure("three")
    assert measure("--resume") == 0
    assert [runs(tmp_path, name) for name in ("one", "two", "three")] == [1, 1, 1]


def test_a_row_of_another_machine_says_so(tmp_path, measure):
    for name, machine in (("one", "a"), ("two", "b"), ("three", "b")):
        write_row(tmp_path, name, machine)
    assert measure() == 0
    page = (tmp_path / "page.md").read_text()
    assert "Machine: b.\n" in page.partition("##")[0]
    assert "## Title of one\n\nMachine: a.\n\n| one |" in page


def test_a_row_that_fails_is_named_with_its_error(tmp_path, measure):
    write_row(tmp_path, "good")
    (tmp_path / "bad.py").write_text("from harness import main\nraise ValueError('no such peer')\n")
    assert measure() == 1
    page = (tmp_path / "page.md").read_text()
    assert "failed: `ValueError: no such peer`" in page
    assert "| good |" in page


def test_a_name_that_no_row_has_is_refused(tmp_path, measure, capsys):
    write_row(tmp_path, "one")
    assert measure("onne") == 2
    assert "no row is called onne" in capsys.readouterr().err


def test_what_is_kept_is_read_as_it_was(run_all, tmp_path):
    outcome = run_all.Outcome("## A\n", "b")
    outcome.save(tmp_path / "deep" / "a.json")
    assert run_all.Outcome.load(tmp_path / "deep" / "a.json") == outcome
    assert json.loads((tmp_path / "deep" / "a.json").read_text())["machine"] == "b"

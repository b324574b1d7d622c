"""The script that times two versions against each other."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "compare_versions.py"


@pytest.fixture
def compare(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Import the script, whose harness sets what every process that it starts is to find."""
    before = dict(os.environ)
    monkeypatch.syspath_prepend(str(SCRIPT.parent))
    yield importlib.import_module("compare_versions")
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture
def line(compare: Any) -> Callable[..., list[str]]:
    """Return the cells of the line that two versions get."""
    from harness import Contestant, Row

    row, contestant = Row("gmm", "us a call", 1e-6, [], []), Contestant("mgcore, gradient", list)
    return lambda *found: cells(compare.line("gmm", row, contestant, found))


def cells(text: str) -> list[str]:
    return [cell.strip() for cell in text.strip().strip("|").split("|")]


@pytest.mark.skipif(os.name == "nt", reason="the environments' interpreters have other names there")
def test_a_version_against_itself_has_both_times_and_their_ratios() -> None:
    command = [sys.executable, SCRIPT, sys.executable, sys.executable, "--only", "eager_binary"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300)
    row = cells(done.stdout.splitlines()[-1])
    assert row[0] == "eager_binary: run"
    ready, call = [float(row[k]) for k in (1, 2, 3)], [float(row[k].split()[0]) for k in (4, 5, 6)]
    assert ready[2] == pytest.approx(ready[1] / ready[0], rel=0.05)
    assert call[2] == pytest.approx(call[1] / call[0], rel=0.01)


def test_bytecode_is_there_before_anything_is_timed(compare: Any, tmp_path: Path) -> None:
    compare.keep_bytecode((sys.executable,), str(tmp_path))
    found = {each.name.partition(".")[0] for each in tmp_path.rglob("*.pyc")}
    assert {"api", "value", "jit"} <= found


def test_the_ratio_is_the_new_time_over_the_old(compare: Any, line: Any) -> None:
    old = compare.Fastest(ready=2.0, call=4e-6, outcome=np.ones(2))
    new = compare.Fastest(ready=1.0, call=6e-6, outcome=np.ones(2))
    expected = ["gmm: gradient", "2.000", "1.000", "0.500", "4 us a call", "6 us a call", "1.500"]
    assert line(old, new) == expected


def test_versions_whose_results_differ_are_named(compare: Any, line: Any) -> None:
    found = [compare.Fastest(1.0, 1e-6, outcome=np.full(2, x)) for x in (1.0, 2.0)]
    assert "results differ: result 0 differs by 1" in line(*found)[0]


def test_what_a_version_cannot_do_is_named(compare: Any, line: Any) -> None:
    found = (compare.Fastest(problem="failed: no scan"), compare.Fastest(1.0, 1e-6))
    assert line(*found)[1] == "old: failed: no scan"


def test_every_workload_has_a_contestant_of_ours(compare: Any) -> None:
    for name in compare.WORKLOADS:
        _, row = compare.workload(name)
        assert list(compare.ours(row)), name

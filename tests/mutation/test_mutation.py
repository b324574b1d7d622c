"""The check of compiled programs notices a broken compiler: a fast part of docs/verification.md."""

from __future__ import annotations

from pathlib import Path

import pytest
from mutation.mutants import MUTANTS
from mutation.run import applied, outcome

from mgcompile.errors import MiscompiledError
from mgcompile.runtime import proof

FAST = (
    "a constant is folded to something else",
    "subtraction is taken for addition when sums are flattened",
    "a product's second factor is read twice",
    "equal nodes are told by their op and first operand",
    "a column of a data set is taken for another one",
    "select takes the other one",
    "momentum is forgotten",
    "multiplying by 1 makes 1",
    "Adam's second moment is of the gradient itself",
)


def named(name):
    return next(mutant for mutant in MUTANTS if mutant.name == name)


@pytest.mark.parametrize("name", FAST)
def test_a_broken_compiler_is_refused(name, monkeypatch):
    monkeypatch.setattr(proof, "_SECONDS", 0.0)
    mutant = named(name)
    assert outcome(mutant, mutant.graphs).kind == "refused"
    assert outcome(None, mutant.graphs[:1]).kind == "handed out"


@pytest.mark.parametrize(
    "name",
    [
        "a scatter's adjoint is read at its first elements",
        "a column of a data set is taken for another one",
    ],
)
def test_the_script_of_a_report_shows_the_fault_and_only_there(name, monkeypatch):
    monkeypatch.setattr(proof, "_SECONDS", 1.0)
    mutant = named(name)
    script = outcome(mutant, mutant.graphs).script
    with applied(mutant), pytest.raises(MiscompiledError):
        exec(script, {})  # noqa: S102 - what the error says to run
    exec(script, {})  # noqa: S102 - as above


@pytest.mark.parametrize("mutant", MUTANTS, ids=[mutant.name for mutant in MUTANTS])
def test_every_mutant_still_has_its_place_in_the_source(mutant):
    with applied(mutant):
        pass


def test_the_table_in_docs_lists_every_mutant_and_notices_enough():
    page = (Path(__file__).parents[2] / "docs/verification.md").read_text(encoding="utf-8")
    rows = [line for line in page.splitlines() if line.startswith("| ") and "`mgcompile" in line]
    assert [row.split(" | ")[0].removeprefix("| ") for row in rows] == [m.name for m in MUTANTS]
    noticed = [row for row in rows if "handed out" not in row]
    assert len(noticed) >= 28

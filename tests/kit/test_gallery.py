"""The kit rejects every broken op of the gallery and no good one, as the table in docs says."""

import re
from pathlib import Path

import pytest
from gallery.broken import BROKEN, KINDS, Broken
from gallery.good import GROUPS

from mgcore import Op
from mgcore.testing import check_op

PAGE = Path(__file__).parents[2] / "docs/checks.md"
GOOD = [op for found in GROUPS.values() for op in found]


def rows() -> dict[str, list[str]]:
    """Return the cells of the two tables by the kind in the first."""
    made = PAGE.read_text().partition("## What it tells apart")[2]
    cells = [line.strip("|").split(" | ") for line in made.splitlines() if line.startswith("| ")]
    return {row[0].strip(): row[1:] for row in cells}


def test_there_are_sixty_of_each_and_all_have_names_of_their_own() -> None:
    assert len(BROKEN) >= 60
    assert len(GOOD) >= 60
    assert len({each.op.name for each in BROKEN}) == len(BROKEN)
    assert len({op.name for op in GOOD}) == len(GOOD)


@pytest.mark.parametrize("each", BROKEN, ids=lambda each: each.op.name)
def test_a_broken_op_is_rejected_by_the_checks_that_the_table_names(each: Broken) -> None:
    report = check_op(each.op, reference=each.reference)
    assert not report.passed
    assert all(
        "could not be run" not in c.reason or "Miscompiled" in c.reason for c in report.failures
    )
    named, checks = rows()[each.kind][:2]
    assert f"`{each.op.name}`" in named
    assert {check.name for check in report.failures} <= set(re.findall(r"`(\w+)`", checks))


@pytest.mark.parametrize(
    ("kind", "op"), [pytest.param(k, op, id=op.name) for k, found in GROUPS.items() for op in found]
)
def test_a_good_op_is_accepted_and_fragile_where_the_table_says(kind: str, op: Op) -> None:
    report = check_op(op)
    assert report.passed, report
    sound, weak = rows()[kind][:2]
    fragile = [check.name for check in report.fragile]
    if fragile:
        assert f"`{op.name}` ({', '.join(fragile)})" in weak
    else:
        assert f"`{op.name}`" in sound.split(", ")
    for check in report.fragile:
        assert check.operands is not None
        assert check.reason


def test_the_table_lists_every_op_and_nothing_else() -> None:
    listed = " ".join(cell for cells in rows().values() for cell in cells)
    assert "**" not in listed, "an op that is not told right"
    assert set(KINDS) | set(GROUPS) <= set(rows())

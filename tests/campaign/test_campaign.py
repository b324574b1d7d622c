"""The campaign in the suite: all graphs that ever failed, and new ones from the commit's hash.

A longer run from a new seed: ``make campaign SECONDS=600``. How much of it is part of the suite:
``MGCORE_CAMPAIGN=120 pytest tests/campaign``.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from campaign import known, truth
from campaign.run import campaign

import mgcore

SECONDS = float(os.environ.get("MGCORE_CAMPAIGN", "20"))


def the_commit():
    """Return a number that differs from commit to commit, 0 where there is no repository."""
    folder = Path(__file__).parent
    command = [shutil.which("git") or "git", "rev-parse", "HEAD"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return int(done.stdout.strip()[:8] or "0", 16)


def entries():
    for entry in known.kept():
        mark = [pytest.mark.xfail(reason=entry.known)] if entry.known else []
        yield pytest.param(entry, marks=mark, id=f"{entry.name}, {entry.mode}, {entry.case}")


@pytest.mark.parametrize("entry", list(entries()))
def test_a_graph_that_failed_once_is_right(entry):
    found = entry.failures()
    assert not found, found[0].text()


def test_new_graphs_are_right():
    report = campaign(the_commit(), SECONDS)
    assert report.graphs > 0
    assert not report.failures, report.text()


def test_every_shipped_op_has_its_truth():
    shipped = {row.name for row in mgcore.plugins() if row.distribution == "mgcore"}
    assert shipped <= {*truth.rules, "logsumexp"}

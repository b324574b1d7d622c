"""The campaign in the suite: all graphs that ever failed, and new ones from the commit's hash.

A longer run from a new seed: ``make campaign SECONDS=600``. How much of it is part of the suite:
``MGCORE_CAMPAIGN=120 pytest tests/campaign``.
"""

from __future__ import annotations

import json
import math
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from campaign import kinds, known, truth
from campaign.graphs import Graph, Maker
from campaign.judge import failures, tolerance
from campaign.reduction import reduced
from campaign.run import campaign

import mgcore
from mgcore import ops

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


def test_every_shipped_op_is_drawn_and_has_its_truth():
    shipped = {row.name for row in mgcore.plugins() if row.distribution == "mgcore"}
    drawn = set()
    for kind in (None, "by_their_references", "special", "taken"):
        drawn |= set().union(*(kinds.make(seed, kind).ops for seed in range(1500)))
    assert {*shipped, "cond"} - drawn <= {"isnan", "copysign"}
    assert drawn <= {*truth.rules, "logsumexp"}


@pytest.fixture
def wrong_sine():
    """A sine whose slope is off by a part in 10**11."""
    right = ops.sin.partials
    object.__setattr__(ops.sin, "partials", (lambda out, x: ops.cos(x) * (1.0 + 1e-11),))
    yield
    object.__setattr__(ops.sin, "partials", right)


@pytest.mark.usefixtures("wrong_sine")
@pytest.mark.parametrize("mode", ["eager", "eager second", "eager chained", "numpy"])
def test_a_fault_that_is_planted_is_found_and_reduced_to_the_op(mode):
    made = (kinds.make(seed) for seed in range(1000))
    # The slope of a cosine is a sine too.
    small_ones = (g for g in made if g.ops & {"sin", "cos"} == {"sin"} and len(g.nodes) < 100)
    found = next(f for g in small_ones for f in failures(g, [mode], g.seed))
    small = reduced(found, seconds=60)
    assert small.graph.ops == {"sin"}
    assert small.kind == "wrong"


@pytest.mark.usefixtures("wrong_sine")
def test_the_script_of_a_failure_shows_it(capsys):
    maker = Maker()
    (failure,) = failures(maker.graph(maker.op("sin", maker.x(0.5))), ["eager"])
    exec(failure.text(), {})  # noqa: S102 - it is what a reader would run
    shown = float(capsys.readouterr().out.strip("[]\n"))
    assert shown == pytest.approx(math.cos(0.5), rel=1e-10)
    assert shown != pytest.approx(math.cos(0.5), rel=1e-12)


@pytest.mark.parametrize("kind", sorted(kinds.KINDS))
def test_a_graph_is_the_same_from_its_seed_and_from_what_is_kept_of_it(kind):
    graph = kinds.make(5, kind)
    assert graph == kinds.make(5, kind)
    assert Graph.from_dict(json.loads(graph.to_json())) == graph
    assert {graph.nodes[i].op for i in graph.leaves} <= {"x", "w"}


def test_what_rounding_may_do_grows_with_cancellation():
    for big in (1.0, 1e8):
        maker = Maker()
        x = maker.x(0.1)
        t = truth.evaluate(maker.graph((x * big + 0.3) - x * big))
        limit = tolerance(t.v[0], "float64")[0]
        rounding = math.ulp(0.1 * big)
        assert rounding < limit < 1000 * rounding
        assert abs((0.1 * big + 0.3 - 0.1 * big) - 0.3) < limit

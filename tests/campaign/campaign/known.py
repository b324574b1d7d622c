"""Graphs that failed once, kept as graphs; and faults that wait to be mended.

`failed.jsonl` holds one graph a line, with the mode and case it failed in. One with "known" still
fails: it is a strict expected failure, and while it fails the campaign counts failures of its kind
apart instead of reporting them anew. Who mends the fault takes "known" out of the line.
"""

from __future__ import annotations

import json
from pathlib import Path

import attrs

from campaign import truth
from campaign.graphs import Graph
from campaign.judge import failures

__all__ = ["STORE", "Kept", "active", "explained", "kept", "line"]

STORE = Path(__file__).parents[1] / "failed.jsonl"


@attrs.frozen
class Kept:
    """One line of the store."""

    name: str
    mode: str
    case: str
    choice: int
    graph: Graph
    known: str = ""

    def failures(self):
        """Run it; nothing of what is known counts as rounding."""
        before = set(truth.LENIENT)
        truth.LENIENT.clear()
        try:
            return failures(self.graph, [self.mode], self.choice, only=self.case)
        finally:
            truth.LENIENT.update(before)


def kept():
    """Return all lines of the store."""
    found = []
    for text in STORE.read_text().splitlines():
        d = json.loads(text)
        graph = Graph.from_dict(d.pop("graph"))
        found.append(Kept(graph=graph, **d))
    return found


def line(name, failure, known=""):
    """Return the line that keeps a failure."""
    head = {"name": name, "mode": failure.mode, "case": failure.what, "choice": failure.choice}
    if known:
        head["known"] = known
    return json.dumps(head | {"graph": json.loads(failure.graph.to_json())})


def _not_there(failure):
    return failure.kind in ("not finite", "refused")


MATCHES = {
    "power of a negative number, second order": lambda f: "pow" in f.graph.ops and _not_there(f),
    "upstream of zero": lambda f: _not_there(f) and not f.mode.startswith("eager"),
    "equal tables of different shapes": lambda f: (
        f.mode != "numpy" and f.kind == "wrong" and f.graph.kind in ("pairs", "permuted_reads")
    ),
    "sum before its bias used elsewhere": lambda f: str(f.found).startswith("KeyError"),
    "reference over constants": lambda f: (
        f.mode == "numpy" and f.graph.kind in ("stencil", "recurrence", "ode")
    ),
    "overflow of a power": lambda f: "pow" in f.graph.ops and f.kind in ("finite", "wrong"),
    "logsumexp of the reference": lambda f: f.mode == "numpy" and "logsumexp" in f.graph.ops,
}
"""What a failure of each known fault looks like: no more than it has to be."""

ACCURACY = ("tanh slope", "gelu slope", "logsumexp slope")
"""Known faults of accuracy: they count as rounding in the truth."""


def active():
    """Return the names of the known faults that are still there, and make the truth heed them."""
    found = []
    for entry in kept():
        if entry.known and entry.failures():
            found.append(entry.name)
            if entry.name in ACCURACY:
                truth.LENIENT.add(entry.name)
    return found


def explained(failure, names):
    """Return the known fault that explains a failure, or None."""
    for name in names:
        if name in MATCHES and MATCHES[name](failure):
            return name
    return None

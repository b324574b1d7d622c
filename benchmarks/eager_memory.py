"""What a node of the eager engine weighs, beside micrograd.

Two graphs of binary operations are recorded and walked back, one twice the other; what the second
takes more, divided by the nodes that it has more, is the weight of a node with its gradient. Two
measures: `tracemalloc` (what was allocated and is alive) and the peak resident set of the process.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tracemalloc
from typing import Any

from harness import OURS, machine

GOAL = 200.0
SMALL, LARGE = 100_000, 200_000


def graph(Value: Any, nodes: int) -> Any:
    """Return the root of `nodes` (and one) binary operations: products, added up pair by pair."""
    x, y = Value(0.5), Value(0.25)
    level = [x * y for _ in range(nodes // 2)]
    while len(level) > 1:
        level += [x * y] * (len(level) % 2)
        level = [a + b for a, b in zip(level[::2], level[1::2], strict=True)]
    return level[0]


def value_class(name: str) -> Any:
    if name == OURS:
        from mgcore import Value
    else:
        from micrograd.engine import Value
    return Value


def weigh(name: str, nodes: int, measure: str) -> float:
    """Return the bytes that are taken while a graph and its gradients are alive."""
    Value = value_class(name)
    (graph(Value, 10)).backward()  # loads the ops
    if measure == "tracemalloc":
        tracemalloc.start()
    root = graph(Value, nodes)
    root.backward()
    if measure == "tracemalloc":
        return float(tracemalloc.get_traced_memory()[0])
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024.0


def per_node(name: str, measure: str) -> float:
    """Weigh two graphs in fresh processes; return the bytes per additional node."""
    taken = []
    for nodes in (SMALL, LARGE):
        command = [sys.executable, __file__, "--weigh", name, str(nodes), measure]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        taken.append(float(done.stdout))
    return (taken[1] - taken[0]) / (LARGE - SMALL)


def table() -> str:
    lines = [
        "## Eager: memory of a node with its gradient",
        "",
        "| contestant | bytes a node, tracemalloc | bytes a node, peak resident set |",
        "|---|---|---|",
    ]
    figures = {}
    for name in (OURS, "micrograd"):
        figures[name] = per_node(name, "tracemalloc"), per_node(name, "rss")
        lines.append(f"| {name} | {figures[name][0]:.0f} | {figures[name][1]:.0f} |")
    ours = figures[OURS][0]
    verdict = "met" if ours <= GOAL else "**missed**"
    lines += [
        "",
        "| goal | figure | verdict |",
        "|---|---|---|",
        f"| at most {GOAL:.0f} bytes a node | {ours:.0f} (tracemalloc) | {verdict} |",
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    if "--weigh" in sys.argv:
        print(weigh(sys.argv[2], int(sys.argv[3]), sys.argv[4]))
    elif "--json" in sys.argv:
        print(json.dumps({"table": table(), "machine": machine()}))
    else:
        print(f"{machine()}\n\n{table()}")

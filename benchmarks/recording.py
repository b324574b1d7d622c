"""Recording alone: a million nodes on Values; 306,000 on Values and on symbols.

Values hold their numbers when they are recorded, symbols stand on a flat list; that either becomes
the arrays of a graph is not part of it. That it is dropped again is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness import Contestant, Row, against, at_most, main

if TYPE_CHECKING:
    from collections.abc import Callable

NODES, INPUTS, NEURONS = 1_000_000, 784, 195
VALUES, SYMBOLS = "mgcore, neurons on Values", "mgcore, neurons on symbols"
MILLION = "mgcore, a million nodes"


def neurons(x: Any, w: Any) -> Any:
    """Return the sum of neurons that share their weights, in binary ops."""
    total = x[0] * 0.5
    for k in range(NEURONS):
        out = x[k] * 0.5
        for a, b in zip(x, w, strict=True):
            out = out + a * b
        total = total + out
    return total


def million() -> float:
    from mgcore import Value

    x = out = Value(1.0)
    for _ in range(NODES // 2):
        out = out * x + x
    return out.data


def on_values() -> None:
    from mgcore import Value

    x, w = ([Value(0.1) for _ in range(INPUTS)] for _ in range(2))
    neurons(x, w)


def on_symbols() -> None:
    from mgcompile.graph.tape import Tape
    from mgcompile.graph.tape_scan import record_scan

    tape = Tape([], 2 * INPUTS, record_scan)
    neurons(tape.inputs[:INPUTS], tape.inputs[INPUTS:])
    tape.records.clear()


def paused(work: Callable[[], Any]) -> Callable[[], Any]:
    """Return the same work inside `collector_paused`, as compile and trace do theirs."""

    def run() -> None:
        from mgcore import collector_paused

        with collector_paused():
            work()

    return run


def row() -> Row:
    def contestant(name: str, work: Callable[[], Any]) -> Contestant:
        return Contestant(name, lambda: work, repeat=False, kind=name)

    return Row(
        title="Recording: 10^6 nodes; a function of 306,000 nodes on symbols",
        unit="ms",
        seconds=1e-3,
        contestants=[
            contestant(MILLION, paused(million)),
            contestant(f"{MILLION}, collector at work", million),
            contestant(VALUES, paused(on_values)),
            contestant(f"{VALUES}, collector at work", on_values),
            contestant(SYMBOLS, paused(on_symbols)),
        ],
        goals=[
            at_most("10^6 nodes in at most 3 s", 3000.0, MILLION),
            against(
                "symbols at least 4 times faster than Values as a script records them",
                f"{VALUES}, collector at work",
                0.25,
                SYMBOLS,
            ),
            against(
                "symbols at least 4 times faster than Values, the collector paused for both",
                VALUES,
                0.25,
                SYMBOLS,
            ),
        ],
        rounds=5,
    )


if __name__ == "__main__":
    main(row)

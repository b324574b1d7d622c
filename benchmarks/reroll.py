"""Capture and re-roll: a 784-128-10 net recorded in binary adds and multiplies, 306,000 nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness import Contestant, Row, at_most, main

if TYPE_CHECKING:
    from collections.abc import Callable

WIDTHS = (784, 128, 10)


def record() -> tuple[Any, list[Any], list[Any]]:
    """Record the net neuron by neuron; return its output, inputs and parameters."""
    from mgcore import Value, ops

    h = inputs = [Value(0.1, f"x{i}") for i in range(WIDTHS[0])]
    params: list[Any] = []
    for width in WIDTHS[1:]:
        outs = []
        for j in range(width):
            w, b = [Value(0.01 * ((7 * j + i) % 11 - 5)) for i in range(len(h))], Value(0.1)
            params += [*w, b]
            total = b
            for wi, xi in zip(w, h, strict=True):
                total = total + wi * xi
            outs.append(ops.tanh(total))
        h = outs
    output = h[0] * h[0]
    for out in h[1:]:
        output = output + out * out
    return output, inputs, params


def ours() -> Callable[[], Any]:
    from mgcompile.graph.capture import capture
    from mgcompile.graph.pipeline import canonicalize
    from mgcompile.reroll.pipeline import reroll
    from mgcore.gc_pause import collector_paused

    output, inputs, params = record()

    def stages() -> tuple[int, ...]:
        with collector_paused():
            graph = canonicalize(capture([output], inputs, params))
            program = reroll(graph, len(inputs), len(params))
        products = [s.shape + s.reduced for s in program.statements if len(s.reduced) == 1]
        return tuple(n for product in products if len(product) == 2 for n in product)

    found = stages()
    if found != (128, 784, 10, 128):
        message = f"the layers were not found: {found}"
        raise AssertionError(message)
    return stages


def row() -> Row:
    return Row(
        title="Capture and re-roll: 784-128-10 from 306,000 nodes in binary ops",
        unit="ms",
        seconds=1e-3,
        contestants=[Contestant("mgcore", ours, "mgcore", repeat=False)],
        goals=[at_most("at most 80 ms after recording", 80.0)],
        rounds=7,
    )


if __name__ == "__main__":
    main(row)

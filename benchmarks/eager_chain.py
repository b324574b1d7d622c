"""A chain of 600 binary operations and its gradient, beside micrograd and the least an engine does.

The barest engine keeps the local derivatives of + and * in slots as it records, and knows nothing
else: no other op, no number on either side, no check, no message, no second derivative. What it
takes is below what Python lets any engine take that calls a rule for each node.
"""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING, Any

from harness import Contestant, Row, against, main

if TYPE_CHECKING:
    from collections.abc import Callable

LENGTH = 600
BAREST = "barest engine"


def gradient(Value: Any) -> Callable[[], Any]:
    """Return the work, with the collector off, as it is where a graph is small or it is paused."""

    def step() -> tuple[float, float]:
        x = Value(0.5)
        out = Value(1.0)
        for _ in range(LENGTH // 2):
            out = out * x + x
        out.backward()
        return out.data, x.grad

    def run() -> tuple[float, float]:
        gc.disable()
        try:
            return step()
        finally:
            gc.enable()

    return run


def ours() -> Callable[[], Any]:
    from mgcore import Value

    return gradient(Value)


def micrograd() -> Callable[[], Any]:
    import sys

    from micrograd.engine import Value

    sys.setrecursionlimit(100 * LENGTH)  # it orders a graph by recursion
    return gradient(Value)


class Bare:
    """A number with its operands and the derivatives to them."""

    __slots__ = ("data", "grad", "operands", "slopes")

    def __init__(self, data: float, operands: Any = (), slopes: Any = ()) -> None:
        self.data, self.grad, self.operands, self.slopes = data, 0.0, operands, slopes

    def __add__(self, other: Bare) -> Bare:
        return Bare(self.data + other.data, (self, other), (1.0, 1.0))

    def __mul__(self, other: Bare) -> Bare:
        return Bare(self.data * other.data, (self, other), (other.data, self.data))

    def backward(self) -> None:  # noqa: D102 - as micrograd's
        order: list[Bare] = []
        seen: set[Bare] = set()
        stack: list[Bare | None] = [self]
        while stack:
            node = stack.pop()
            if node is None:
                order.append(stack.pop())  # type: ignore[arg-type]  # a None stands on a node
            elif node not in seen:
                seen.add(node)
                stack += (node, None)
                stack += node.operands
        self.grad = 1.0
        for node in reversed(order):
            for operand, slope in zip(node.operands, node.slopes, strict=True):
                operand.grad += slope * node.grad


def row() -> Row:
    return Row(
        title=f"Eager: a chain of {LENGTH} binary operations and its gradient, collector off",
        unit="us a call",
        seconds=1e-6,
        contestants=[
            Contestant("mgcore", ours, "mgcore"),
            Contestant("micrograd", micrograd, "micrograd"),
            Contestant(BAREST, lambda: gradient(Bare), note="+ and * alone, no check"),
        ],
        goals=[
            against("2 times faster than micrograd", "micrograd", 1 / 2),
            against("the barest engine 2 times faster than micrograd", "micrograd", 1 / 2, BAREST),
        ],
    )


if __name__ == "__main__":
    main(row)

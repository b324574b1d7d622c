"""Find the first number that is not finite, where it was made."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from math import isfinite
from typing import TYPE_CHECKING

from mgcore.errors import NonFiniteError
from mgcore.explain.provenance import path_down, path_from, path_text
from mgcore.places import user_line
from mgcore.seam import watcher

if TYPE_CHECKING:
    from mgcore.value import Value

__all__ = ["Watcher", "detect_anomaly"]


class Watcher:
    """Remember where each node was recorded, and stop at the first that is not finite."""

    refuses = True

    def __init__(self) -> None:
        # The node is kept beside its line, so that no later node can take its identity.
        self._recorded_at: dict[int, tuple[Value, str]] = {}
        self._roots: tuple[Value, ...] = ()

    def recorded(self, node: "Value") -> None:
        """Note where the user's program recorded `node`; raise if it is not finite."""
        where = user_line(sys._getframe(1))  # noqa: SLF001 - the documented way to a caller's line
        self._recorded_at[id(node)] = (node, where)
        if not isfinite(node.data):
            raise NonFiniteError(
                f"{_describe(node)} is {node.data!r}, the first result that is not finite; "
                f"recorded at {where}. Look at its operands: {_operands(node)}"
            )

    def started(self, *roots: "Value") -> None:
        """Note what is about to be differentiated."""
        self._roots = roots

    def contributed(
        self, node: "Value", i: int, upstream: float, partial: float, total: float
    ) -> None:
        """Raise if `total`, the gradient of operand `i` of `node`, has become infinite or NaN."""
        if not isfinite(total):
            raise NonFiniteError(
                f"the gradient of operand {i}{_label(node.operands[i])} of {_describe(node)} "
                f"became {total!r}, the first gradient that is not finite: upstream {upstream!r} "
                f"x local derivative {partial!r}; recorded at {self.where(node)}. Operands: "
                f"{_operands(node)}{self.surroundings(node, i)}"
            )

    def pushed(self, node: "Value", tangent: float) -> None:
        """Raise if `tangent`, what forward mode found for `node`, is infinite or NaN."""
        if not isfinite(tangent):
            raise NonFiniteError(
                f"the tangent of {_describe(node)} became {tangent!r}, the first that is not "
                f"finite; recorded at {self.where(node)}. Operands: {_operands(node)}"
            )

    def surroundings(self, node: "Value", i: int) -> str:
        """Return the path from the output to `node`, and on from operand `i` to a parameter."""
        steps = next(filter(None, (path_from(root, node) for root in self._roots)), [])
        text = f". From the output: {path_text(steps)} -> {_describe(node)}" if steps else ""
        below, leaf = path_down(node.operands[i])
        if leaf is None:
            return text
        name = repr(leaf.label) if leaf.label else "a leaf without label"
        through = f" through {path_text(below)}" if below else ""
        return f"{text}. It reaches the parameter {name}{through}"

    def where(self, node: "Value") -> str:
        """Return the user's line that recorded `node`, if it was recorded under the watch."""
        known = self._recorded_at.get(id(node))
        return known[1] if known else "an unknown line (recorded outside detect_anomaly)"


@contextmanager
def detect_anomaly() -> Iterator[Watcher]:
    """Raise at the first node or gradient that becomes infinite or NaN inside the block.

    Raises:
        NonFiniteError: naming the op, its operands' labels and values, and the line of the user's
            program that recorded the node; for a gradient also its factors, the path from the
            output, and the path on to a parameter.
        DomainError: where a local derivative is not defined, with the same paths.

    Costs some microseconds per node; outside the block nothing is checked.

    """
    watch = Watcher()
    token = watcher.set(watch)
    try:
        yield watch
    finally:
        watcher.reset(token)


def _describe(node: "Value") -> str:
    name = node.op.name if node.op is not None else "a leaf"
    return f"{name}{_label(node)}"


def _label(node: "Value") -> str:
    return f" {node.label!r}" if node.label else ""


def _operands(node: "Value") -> str:
    shown = [f"operand {i}{_label(x)} = {x.data!r}" for i, x in enumerate(node.operands)]
    return ", ".join(shown if len(shown) <= 8 else [*shown[:7], f"... ({len(shown)} in all)"])

"""The one seam between the engine and what watches it: an observer in a ContextVar.

The engine knows nothing of who watches. It asks `watcher` once per node that it records and once
per sweep, and tells the observer, if there is one, what has happened; the observer may raise.
"""

from contextvars import ContextVar
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from mgcore.value import Value

__all__ = ["Observer", "refusing", "watcher"]


class Observer(Protocol):
    """What is told of recording and of differentiating, while it stands in `watcher`.

    Attributes:
        refuses: whether meanwhile a rule without a finite result raises, instead of giving infinity
            or NaN.

    """

    refuses: bool

    def recorded(self, node: "Value") -> None:
        """Look at a node that has just been recorded."""

    def started(self, *roots: "Value") -> None:
        """Note what is about to be differentiated."""

    def contributed(
        self, node: "Value", i: int, upstream: float, partial: float, total: float
    ) -> None:
        """Look at `total`, the gradient of operand `i` of `node`, which has just changed."""

    def pushed(self, node: "Value", tangent: float) -> None:
        """Look at `tangent`, what forward mode found for `node`."""

    def surroundings(self, node: "Value", i: int) -> str:
        """Return what else is known of where operand `i` of `node` stands, for a message."""


watcher: ContextVar[Observer | None] = ContextVar("mgcore.watcher", default=None)


def refusing() -> bool:
    """Tell whether what is not finite is an error now."""
    watch = watcher.get()
    return watch is not None and watch.refuses

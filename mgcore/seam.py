"""The one seam between the engine and what stands above it: a library of ops, and an observer.

The engine knows nothing of plugins: whoever has ops provides a `Library`, and the engine asks it
for an op by name. It knows nothing of who watches either: it asks `watcher` once per node that it
records and once per sweep, and tells the observer, if there is one, what has happened; the observer
may raise. (Copying and pickling are hung in from above too, by `transport` and through copyreg.)
"""

from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from mgcore.op import Op
    from mgcore.value import Value

__all__ = ["Library", "Observer", "library", "provide", "refusing", "watcher"]


class Library(Protocol):
    """What the engine asks for ops."""

    def load(self, name: str) -> "Op":
        """Return the op `name`, or raise an error with the near matches."""

    def names(self) -> list[str]:
        """Return the names of all ops."""

    def offer_to(self, listener: "Callable[[Iterable[str]], None]") -> None:
        """Call `listener` with the names of all ops, and of those to come."""

    def describe(self, op: "Op") -> str:
        """Return what ``help`` says of an op."""

    def backward_observer(self) -> Any:
        """Return what is called after every step of a backward pass, None if there is nothing."""


_provided: list[Library] = []


def provide(found: Library) -> None:
    """Let the engine ask `found` for ops."""
    _provided[:] = [found]


def library() -> Library:
    """Return what was provided last."""
    return _provided[0]


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

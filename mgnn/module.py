"""Module: anything with parameters."""

from collections.abc import Iterator
from typing import Any

from mgcore import Constant, Value

__all__ = ["Module"]


class Module:
    """Find parameters in attributes: Values, Modules, and lists, tuples and dicts of these.

    Parameters come in the order in which attributes were set; one that is met twice (shared
    weights) counts once; a Constant is none. A subclass may give its own list by overriding
    `parameters`.
    """

    def parameters(self) -> list[Value]:
        """Return the parameters, each once."""
        return [p for _, p in self.named_parameters()]

    def named_parameters(self) -> list[tuple[str, Value]]:
        """Return (name, parameter) pairs, named by the way there: "layers.0.neurons.3.w.1"."""
        found: dict[Value, str] = {}
        for name, parameter in _parameters_in(self, ""):
            found.setdefault(parameter, name)
        return [(name, parameter) for parameter, name in found.items()]

    def zero_grad(self) -> None:
        """Set the gradient of every parameter to 0."""
        for p in self.parameters():
            p.grad = 0.0


def _parameters_in(thing: Any, path: str) -> Iterator[tuple[str, Value]]:
    # Recursion over modules inside modules, a few deep; never over a graph.
    if isinstance(thing, Value):
        if not isinstance(thing, Constant):
            yield path, thing
        return
    parts: Any = ()
    if isinstance(thing, Module):
        parts = vars(thing).items()
    elif isinstance(thing, dict):
        parts = thing.items()
    elif isinstance(thing, list | tuple):
        parts = enumerate(thing)
    for key, part in parts:
        yield from _parameters_in(part, f"{path}.{key}" if path else str(key))

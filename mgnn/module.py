"""Module: anything with parameters."""

from collections.abc import Iterator, Mapping
from math import isfinite
from typing import Any

from mgcore import Constant, Value
from mgnn.errors import StateError
from mgnn.settings import real_of

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

    def predict(self, X: Any, *, backend: str = "auto", batch_size: int = 65536) -> Any:
        """Return what the module gives for each row of X: see `mgnn.predict`."""
        from mgnn.prediction import predict  # a neuron needs none of it

        return predict(self, X, backend=backend, batch_size=batch_size)

    def __getstate__(self) -> dict[str, Any]:
        """Return the attributes without what was compiled, which a copy compiles for itself."""
        return {name: part for name, part in vars(self).items() if name != "_predictor"}

    def state_dict(self) -> dict[str, float]:
        """Return the numbers of all parameters by name, a copy."""
        return {name: p.data for name, p in self.named_parameters()}

    def load_state_dict(self, state: Mapping[str, float]) -> None:
        """Set all parameters to the numbers that `state_dict` gave, of this model or a like one.

        Raises:
            StateError: naming parameters that `state` lacks, has too much, or has no finite number
                for; nothing is changed then.

        """
        named = dict(self.named_parameters())
        for what, names in (
            ("lacks", [name for name in named if name not in state]),
            ("has unknown", [name for name in state if name not in named]),
        ):
            if names:
                shown = ", ".join(map(repr, names[:3])) + ", ..." * (len(names) > 3)
                raise StateError(
                    f"the state {what} {len(names)} parameter{'s' * (len(names) != 1)}: {shown}; "
                    "it has to come from a model of the same layers"
                )
        numbers = {name: real_of(state[name]) for name in named}
        for name, number in numbers.items():
            if not isinstance(number, float) or not isfinite(number):
                raise StateError(f"the state has {number!r} for {name!r}, no finite number")
        for name, p in named.items():
            p.data = numbers[name]

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

"""Make the ops real methods of Value while a large graph is walked, for Python 3.11 alone.

``x.tanh`` is found by ``Value.__getattr__``, which also answers a slip with the near matches. But
Python 3.11 reads every attribute of a class that has ``__getattr__`` at half the speed; 3.12 does
not. So there a walk over a large graph does without it, and what other threads call is found in the
class. Only a slip is answered by Python itself meanwhile.
"""

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from types import MethodType
from typing import Any

from mgcore import ops
from mgcore.seam import library
from mgcore.value import Value

__all__ = ["Method", "quick_attributes"]

LARGE = 300  # nodes, from which on taking the method away and giving it back is the smaller cost

_found_by_name: Any = vars(Value)["__getattr__"]


class Method:
    """Find the op in the registry whenever the method is asked for."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def __get__(self, value: object, owner: type) -> Any:
        op = getattr(ops, self.name)
        return op if value is None else MethodType(op, value)


def _make_methods(names: Iterable[str]) -> None:
    for name in names:
        if name not in Value.__dict__:
            setattr(Value, name, Method(name))


@contextmanager
def quick_attributes(count: int = LARGE) -> Iterator[None]:
    """Read the attributes of `count` Values or more within."""
    if sys.version_info >= (3, 12) or count < LARGE:
        yield
        return
    library().offer_to(_make_methods)
    if "__getattr__" in Value.__dict__:
        del Value.__getattr__  # type: ignore[attr-defined]  # checkers see the methods instead
    try:
        yield
    finally:
        Value.__getattr__ = _found_by_name  # type: ignore[attr-defined]  # as it was

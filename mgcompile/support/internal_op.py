"""Ops of the compiler's own: no plugin registers them, and kernels that hold them are pickled."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from mgcore import Op

__all__ = ["InternalOp"]

_MODULES = ("chains", "filled", "quotient", "slopes", "zero_product")


class InternalOp(Op):
    """An op that a pickled program finds again by its name in this package."""

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return _internal_op, (self.name,)


def _internal_op(name: str) -> InternalOp:
    for module in _MODULES:
        for made in vars(import_module(f"mgcompile.support.{module}")).values():
            if isinstance(made, InternalOp) and made.name == name:
                return made
    message = f"the compiler has no op {name!r} of its own: the pickle is of another version"
    raise LookupError(message)

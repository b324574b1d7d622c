"""What the verifier of loop programs raises inside, before it is known where."""

from __future__ import annotations

__all__ = ["FaultError", "require"]


class FaultError(Exception):
    """What is wrong, before it is known where."""


def require(condition: bool, message: str) -> None:
    """Raise a fault unless the condition holds."""
    if not condition:
        raise FaultError(message)

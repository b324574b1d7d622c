"""Doors to the neighbours: one registered op or one kernel, usable there at once.

``mgbridge.torch`` and ``mgbridge.jax`` have `op` and `function`, ``mgbridge.numpy`` has `ufunc`.
Each is imported when it is first named, and with it the library that it is a door to: install it
with the extras ``torch`` and ``jax``.
"""

from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

from mgbridge.errors import (
    BridgeError,
    MissingNeighbourError,
    NotBridgedError,
    TensorError,
)

if TYPE_CHECKING:
    from mgbridge import jax as jax
    from mgbridge import numpy as numpy
    from mgbridge import torch as torch

__all__ = ["BridgeError", "MissingNeighbourError", "NotBridgedError", "TensorError"]

_DOORS = {"jax": "jax", "numpy": "compile", "torch": "torch"}  # and the extra of each


def __getattr__(name: str) -> ModuleType:
    if name not in _DOORS:
        message = f"module 'mgbridge' has no attribute {name!r}"
        raise AttributeError(message)
    try:
        return import_module(f"mgbridge.{name}")
    except ModuleNotFoundError as error:
        message = (
            f"mgbridge.{name} needs {error.name}, which is not installed; "
            f'pip install "mgcore[{_DOORS[name]}]"'
        )
        raise MissingNeighbourError(message, name=error.name) from error


def __dir__() -> list[str]:
    return sorted({*globals(), *_DOORS})

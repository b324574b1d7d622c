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

_DOORS = ("jax", "numpy", "torch")


def __getattr__(name: str) -> ModuleType:
    if name not in _DOORS:
        message = f"module 'mgbridge' has no attribute {name!r}"
        raise AttributeError(message)
    return import_module(f"mgbridge.{name}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_DOORS})

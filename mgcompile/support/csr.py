"""Runs: numbers that belong to several nodes, groups or instructions, one after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Numbers = NDArray[np.int64]

__all__ = ["places_within", "starts"]


def starts(width: Numbers) -> Numbers:
    """Return where runs of these lengths begin, and where the last one ends.

    Args:
        width: Shape (m,); the result has shape (m + 1,).
    """
    start = np.zeros(len(width) + 1, dtype=np.int64)
    np.cumsum(width, out=start[1:])
    return start


def places_within(width: Numbers) -> Numbers:
    """Return the places 0, 1, ... within each run of these lengths, one run after the other.

    Args:
        width: Shape (m,); the result has shape (width.sum(),).
    """
    start = starts(width)
    return np.arange(start[-1]) - np.repeat(start[:-1], width)

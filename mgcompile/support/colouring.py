"""Colour the columns of a sparse matrix, so that columns of one colour share no row.

Curtis, Powell and Reid (1974): a sum of such columns holds every entry of each. Greedily, fullest
columns first; how few colours there can be is what the fullest row has.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["column_colours"]


def column_colours(pattern: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return a colour, 0 and up, for every column; an empty column has colour 0.

    Args:
        pattern: Where entries may differ from 0, shape (rows, columns).
    """
    rows, columns = pattern.shape
    colours = np.zeros(columns, dtype=np.int64)
    taken = np.zeros((0, rows), dtype=bool)
    fullness = pattern.sum(axis=0)
    for column in np.argsort(-fullness, kind="stable").tolist():
        if not fullness[column]:
            break
        entries = pattern[:, column]
        free = np.flatnonzero(~taken[:, entries].any(axis=1))
        if not len(free):
            taken = np.vstack([taken, np.zeros((1, rows), dtype=bool)])
        colour = int(free[0]) if len(free) else len(taken) - 1
        taken[colour] |= entries
        colours[column] = colour
    return colours

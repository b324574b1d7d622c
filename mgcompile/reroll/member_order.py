"""Find an order of a group's members in which all their operands move by fixed strides.

The order that users ask for may be another: queries, keys and values are products with the same
inputs, but attention reads them in turn. In the order of what they read they are one matrix product
without a table.
"""

from __future__ import annotations

from itertools import permutations
from typing import TYPE_CHECKING

import numpy as np

from mgcompile.graph.ir import CONST
from mgcompile.program.infer_maps import common_axes, fit_map
from mgcompile.program.ir import Affine

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mgcompile.reroll.value_map import ValueMap

    Numbers = NDArray[np.int64]

__all__ = ["steady_order"]

_FEWEST = 8
"""Members of a group below which a table costs nothing."""

_MOST_COLUMNS = 3


def steady_order(value_map: ValueMap, table: Numbers) -> Numbers | None:
    """Return an order of the members that needs no table, if they need one as they are.

    Args:
        value_map: Where nodes are.
        table: Operands of the members, shape (m, width).
    """
    columns = _columns(value_map, table)
    if len(table) < _FEWEST or not 2 <= len(columns) <= _MOST_COLUMNS or _is_steady(columns):
        return None
    for keys in permutations(columns):
        order = np.lexsort(keys[::-1])
        if _is_steady([column[order] for column in columns]):
            return order
    return None


def _columns(value_map: ValueMap, table: Numbers) -> list[Numbers]:
    """Return where in its array each operand is that is a first one of its array; distinct ones.

    Of too many columns some are left out.
    """
    arrays = value_map.array[table]
    if np.any(arrays != arrays[:1]):
        return []
    found: list[Numbers] = []
    changes = np.flatnonzero(np.diff(arrays[0], prepend=arrays[0, :1] - 1))
    half = table.shape[-1] // 2
    for slot in sorted({*changes.tolist(), half}):
        column = value_map.element[table[:, slot]]
        constant = value_map.code[table[0, slot]] == CONST
        if not constant and not any(np.array_equal(column, other) for other in found):
            found.append(column)
        if len(found) > _MOST_COLUMNS:
            break
    return found


def _is_steady(columns: list[Numbers]) -> bool:
    axes = common_axes(columns, len(columns[0]))
    return all(isinstance(fit_map(column.reshape(axes)), Affine) for column in columns)

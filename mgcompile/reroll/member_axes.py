"""Find axes for the members of a group, along which what they read moves by fixed strides."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mgcompile.graph.ir import CONST
from mgcompile.program.index_maps import dense_strides
from mgcompile.program.infer_maps import common_axes, fit_map
from mgcompile.program.ir import Access, Affine

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from mgcompile.program.builder import Builder
    from mgcompile.reroll.value_map import ValueMap

    Numbers = NDArray[np.int64]

__all__ = ["Members", "best_axes"]

_MOST_AXES = 4


class Members:
    """Reads of the members of groups in one block of a program.

    Args:
        value_map: Where nodes are.
        builder: Where statements go.
        count: Iterations of the loop around, 0 for none. Then nodes come as arrays whose first axis
            is the iteration.
        local: The first array that is of the loop's own.
    """

    def __init__(
        self, value_map: ValueMap, builder: Builder, count: int = 0, local: int = 0
    ) -> None:
        self.value_map = value_map
        self.builder = builder
        self.count = count
        self.local = local

    def axes(self, columns: Sequence[Numbers]) -> tuple[int, ...]:
        """Find axes for the members along which as many columns as possible move steadily."""
        lists = []
        for column in columns:
            if self.value_map.code[column.flat[0]] == CONST:
                continue
            elements = self.value_map.element[column]
            # Inside a loop every iteration has to have the same axes; the first one decides.
            lists.append(elements[0] if elements.ndim == 2 else elements)
        return best_axes(lists, int(columns[0].shape[-1]))

    def read(self, nodes: Numbers, shape: tuple[int, ...], more: tuple[int, ...] = ()) -> Access:
        """Return an access to nodes over the members' axes and `more`."""
        if not self.count:
            return self.value_map.access(nodes.reshape(shape + more))
        return self.value_map.access_in_loop(nodes.reshape(self.count, *shape, *more), self.local)

    def dense(self, array: int, shape: tuple[int, ...]) -> Access:
        """Return an access to an array that has one element for each member, in their order."""
        loops = (0,) if self.count else ()
        return Access(array, Affine(0, loops + dense_strides(shape)))


def best_axes(columns: list[Numbers], count: int) -> tuple[int, ...]:
    """Return the axes on which all columns agree, or all but one, or `(count,)`."""
    steady = common_axes(columns, count)
    if len(columns) < 2 or steady != (count,) or _is_steady(columns):
        return steady if len(steady) <= _MOST_AXES else (count,)
    best: tuple[int, ...] = (count,)
    for left_out in range(len(columns)):
        others = columns[:left_out] + columns[left_out + 1 :]
        found = common_axes(others, count)
        if 1 < len(found) <= _MOST_AXES and (best == (count,) or len(found) < len(best)):
            best = found
    return best


def _is_steady(columns: list[Numbers]) -> bool:
    return all(isinstance(fit_map(column), Affine) for column in columns)

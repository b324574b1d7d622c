"""Fill up rows of different lengths, so that what is read moves by fixed strides.

Causal attention multiplies query i with keys 0 to i: rows of 1, 2, 3, ... members, which no strides
go through. Rows of about one length, filled up to the longest of them with what would stand there,
are a block that strides do go through. Nobody reads what fills up; what is computed from the
members is filled up in the same way.
"""

from __future__ import annotations

from itertools import permutations
from typing import TYPE_CHECKING

import attrs
import numpy as np

from mgcompile.graph.ir import CONST, SUM_OVER_SAMPLES
from mgcompile.program.infer_maps import common_axes
from mgcompile.program.ir import extent
from mgcompile.support.op_traits import is_known

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from mgcompile.reroll.value_map import ValueMap
    from mgcore import Op

    Numbers = NDArray[np.int64]

__all__ = ["MOST_ROOM", "Block", "RaggedRows", "may_fill_up"]

MOST_ROOM = 2
"""Places of a block, as a multiple of its members."""

_FEWEST = 16
"""Members of a group below which a table costs nothing."""

_MOST_COLUMNS = 3

_PARTS = 4
"""Blocks that rows are put into by their lengths, at most: with more there is less to fill up."""

_SHORTEST = 4
"""Lengths that share a block, at least: elements that fit into a vector."""

_BLOCK_PLACES = 24
"""Places that a block has to save: code for it is compiled, and begun in a call."""


@attrs.frozen(slots=True, eq=False)
class _Place:
    """Where members stand in a block: which, in which places, and the extents, rows last."""

    members: Numbers
    places: Numbers
    shape: tuple[int, ...]


@attrs.frozen(slots=True, eq=False)
class Block:
    """Members of a group, and operands of all that is in the block; shape (places, width)."""

    place: _Place
    table: Numbers


@attrs.define(slots=True, eq=False)
class RaggedRows:
    """Find the blocks of groups, one group after the other.

    Args:
        value_map: Where nodes are.
    """

    value_map: ValueMap
    _shapes: dict[int, tuple[int, ...]] = attrs.field(factory=dict, init=False)
    _first: dict[int, int] = attrs.field(factory=dict, init=False)

    def put(self, nodes: Numbers, block: Block, array: int) -> None:
        """Say that `array` holds a block of a group, whose members are `nodes`."""
        self.value_map.put_at(nodes[block.place.members], array, block.place.places)
        self._shapes[array] = block.place.shape

    def blocks(self, table: Numbers) -> list[Block]:
        """Return the blocks of a group, if these let every operand be read by fixed strides.

        Args:
            table: Operands of the members, shape (m, width).
        """
        moving = np.flatnonzero(self.value_map.code[table[0]] != CONST)
        constant = np.delete(table, moving, axis=1)
        if len(table) < _FEWEST or not len(moving) or np.any(constant != constant[:1]):
            return []
        for places in self._candidates(table[:, moving]):
            found = [self._filled(table, moving, place) for place in places]
            blocks = [block for block in found if block is not None]
            if len(blocks) == len(places):
                return blocks
        return []

    def _candidates(self, table: Numbers) -> Iterator[list[_Place]]:
        """Propose where members stand in blocks: where what they read does, or by their rows."""
        arrays, elements = self.value_map.array[table], self.value_map.element[table]
        for array, element in zip(arrays.T, elements.T, strict=True):
            shapes = {source: self._shapes.get(source) for source in np.unique(array).tolist()}
            if not any(shapes.values()):
                continue
            places = []
            for source, shape in shapes.items():
                members = np.flatnonzero(array == source)
                if shape is not None and len(np.unique(element[members])) == len(members):
                    places.append(_Place(members, element[members], shape))
            if len(places) == len(shapes):
                yield places
            return
        columns = _distinct(elements)
        if 2 <= len(columns) <= _MOST_COLUMNS and np.all(arrays == arrays[:1]):
            for keys in permutations(columns):
                if places := _in_rows(keys):
                    yield places

    def _filled(self, table: Numbers, moving: Numbers, place: _Place) -> Block | None:
        """Return a block with what would be read in its empty places; None without strides."""
        size = extent(place.shape)
        if size > MOST_ROOM * len(place.places):
            return None
        points = np.stack(np.unravel_index(place.places, place.shape), axis=1)
        around = np.stack(np.unravel_index(np.arange(size), place.shape), axis=1)
        whole = np.repeat(table[:1], size, axis=0)
        for slot in moving.tolist():
            nodes = table[place.members, slot]
            array = int(self.value_map.array[nodes[0]])
            strides = _strides(points, self.value_map.element[nodes])
            if strides is None or np.any(self.value_map.array[nodes] != array):
                return None
            read = around @ strides[1:] + strides[0]
            if read.min() < 0 or read.max() >= self.value_map.builder.arrays[array].size:
                return None
            whole[:, slot] = self._nodes(array) + read
        return Block(place, whole)

    def _nodes(self, array: int) -> int:
        """Return the first of the nodes that stand for the elements of an array."""
        if array not in self._first:
            size = self.value_map.builder.arrays[array].size
            self._first[array] = self.value_map.virtual(array, size)
        return self._first[array]


def may_fill_up(op: Op) -> bool:
    """Tell whether an op may be applied to what fills up rows: no rule in Python that may fail."""
    return is_known(op) and op is not SUM_OVER_SAMPLES


def _distinct(elements: Numbers) -> list[Numbers]:
    """Return the columns that differ by more than a number; of too many some are left out."""
    found: list[Numbers] = []
    for column in elements.T:
        ahead = column - column[0]
        if not any(np.array_equal(ahead, other - other[0]) for other in found):
            found.append(column)
        if len(found) > _MOST_COLUMNS:
            break
    return found


def _in_rows(keys: tuple[Numbers, ...]) -> list[_Place]:
    """Return where members stand that go on in rows by one step, in blocks of rows alike long."""
    order = np.lexsort(keys[::-1])
    columns = np.stack([key[order] for key in keys], axis=1)
    ahead = np.diff(columns, axis=0)
    steps, count = np.unique(ahead, axis=0, return_counts=True)
    goes_on = np.all(ahead == steps[np.argmax(count)], axis=1)
    begin = np.concatenate([[0], np.flatnonzero(~goes_on) + 1])
    length = np.diff(np.append(begin, len(order)))
    if len(begin) == len(order):
        return []
    quantum = _shared_lengths(length)
    places = []
    for kind in np.unique((length - 1) // quantum).tolist():
        rows = np.flatnonzero((length - 1) // quantum == kind)
        axes = common_axes(list(columns[begin[rows]].T), len(rows))
        longest = int(length[rows].max())
        row = np.repeat(np.arange(len(rows)), length[rows])
        within = np.arange(len(row)) - np.repeat(
            np.cumsum(length[rows]) - length[rows], length[rows]
        )
        members = order[begin[rows][row] + within]
        places.append(_Place(members, row * longest + within, (*axes, longest)))
    return places


def _shared_lengths(length: Numbers) -> int:
    """Return how many lengths share a block, so that there are few blocks and few places."""
    most = int(length.max())

    def cost(quantum: int) -> tuple[bool, int]:
        kind = (length - 1) // quantum
        blocks = [length[kind == each] for each in np.unique(kind)]
        places = [len(rows) * int(rows.max()) for rows in blocks]
        wasted = any(p > MOST_ROOM * rows.sum() for p, rows in zip(places, blocks, strict=True))
        return wasted, sum(places) + _BLOCK_PLACES * len(blocks)

    return min((max(_SHORTEST, -(-most // parts)) for parts in range(_PARTS, 0, -1)), key=cost)


def _strides(points: Numbers, elements: Numbers) -> Numbers | None:
    """Return an offset and strides that lead to elements from the points of a block, if any do."""
    known = np.concatenate([np.ones((len(points), 1), dtype=np.int64), points], axis=1)
    found: Numbers = np.rint(np.linalg.lstsq(known, elements, rcond=None)[0]).astype(np.int64)
    return found if np.array_equal(known @ found, elements) else None

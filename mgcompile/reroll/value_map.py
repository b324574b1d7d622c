"""Where each node of a graph is kept in the program that is being written."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mgcompile.graph.ir import CONST, INPUT, PARAM
from mgcompile.program.infer_maps import fit_map
from mgcompile.program.ir import CONSTS, INPUTS, PARAMS, Access, IndexMap

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mgcompile.graph.ir import Graph
    from mgcompile.program.builder import Builder

    Numbers = NDArray[np.int64]

__all__ = ["ValueMap"]

NOWHERE = -1


class ValueMap:
    """The array and the element of every node placed so far; leaves are placed from the start.

    A constant has no place: it is written into CONSTS where it is read, so that constants that are
    data become a table in the order in which it is read.
    """

    def __init__(self, graph: Graph, builder: Builder) -> None:
        self.code = graph.code
        self.value = graph.value
        self.builder = builder
        self.array = np.full(len(graph.code), NOWHERE, dtype=np.int64)
        self.array[graph.code == PARAM] = PARAMS
        self.array[graph.code == INPUT] = INPUTS
        self.array[graph.code == CONST] = CONSTS
        self.element = graph.index.copy()

    def virtual(self, array: int, size: int) -> int:
        """Return the first of `size` new node numbers that stand for the elements of `array`."""
        first = len(self.code)
        self.code = np.concatenate([self.code, np.zeros(size, dtype=np.int64)])
        self.value = np.concatenate([self.value, np.zeros(size)])
        self.array = np.concatenate([self.array, np.full(size, array)])
        self.element = np.concatenate([self.element, np.arange(size)])
        return first

    def put(self, nodes: Numbers, array: int, repeated: int = 1, offset: int = 0) -> None:
        """Say that `array` holds `nodes` from `offset` on, row-major in the order given.

        `repeated` is the number of equal blocks of nodes that have their own copy of the array
        each: the iterations of a loop.
        """
        flat = nodes.ravel()
        self.array[flat] = array
        self.element[flat] = offset + np.arange(len(flat)) % (len(flat) // repeated)

    def put_at(self, nodes: Numbers, array: int, elements: Numbers) -> None:
        """Say that `array` holds `nodes` as these of its elements."""
        self.array[nodes] = array
        self.element[nodes] = elements

    def access(self, nodes: Numbers) -> Access:
        """Return an access that reads `nodes`, an array over the domain, all kept in one array."""
        array = int(self.array[nodes.flat[0]])
        if np.any(self.array[nodes] != array):
            return self._assembled(nodes)
        if array == CONSTS:
            return self.constants(self.value[nodes])
        return Access(array, fit_map(self.element[nodes]))

    def access_in_loop(self, nodes: Numbers, local: int) -> Access:
        """Return an access from inside of a loop, whose iterations are the first axis of `nodes`.

        Args:
            nodes: What is read, an array over the loop and the domain.
            local: The first array of the loop's own; arrays before it were made outside.
        """
        arrays = self.array[nodes]
        if np.all(arrays == arrays.flat[0]):
            return self.access(nodes)
        if np.all(arrays < local):
            with self.builder.before_loop():
                return self._assembled(nodes)
        table = nodes.reshape(len(nodes), -1)
        result = self.row_in_loop([table])
        places = np.arange(table.shape[1]).reshape(nodes.shape[1:])
        return Access(result, fit_map(np.broadcast_to(places, nodes.shape)))

    def row_in_loop(self, pieces: list[Numbers]) -> int:
        """Return an array of the loop's body that holds in each iteration a row of nodes.

        Args:
            pieces: One after the other in the row; shapes (count, m).
        """
        size, parts = 0, []
        for piece in pieces:
            if piece.shape[1]:
                parts += self._collected_each_time(self._steady(piece), size)
            size += piece.shape[1]
        return self.builder.scatter(size, parts)

    def _steady(self, table: Numbers) -> Numbers:
        """Return a table whose columns are each kept in one array, whatever the iteration."""
        varying = np.any(self.array[table] != self.array[table[:1]], axis=0)
        if not np.any(varying):
            return table
        distinct, which = np.unique(table[:, varying], return_inverse=True)
        with self.builder.before_loop():
            array = self._collected(distinct)
        first = self.virtual(array, len(distinct))
        found = table.copy()
        found[:, varying] = first + which.reshape(len(table), -1)
        return found

    def _collected_each_time(
        self, table: Numbers, offset: int
    ) -> list[tuple[tuple[int, ...], Access, IndexMap]]:
        """Return the parts of a scatter that collects in each iteration a row of `table`.

        The nodes of a column are in the same array in all iterations.
        """
        parts: list[tuple[tuple[int, ...], Access, IndexMap]] = []
        arrays = self.array[table[0]]
        for array in np.unique(arrays).tolist():
            chosen = np.flatnonzero(arrays == array)
            own = table[:, chosen]
            if array == CONSTS:
                source = self.constants(self.value[own])
            else:
                source = Access(array, fit_map(self.element[own]))
            target = fit_map(np.broadcast_to(offset + chosen, own.shape))
            parts.append(((len(chosen),), source, target))
        return parts

    def _assembled(self, nodes: Numbers) -> Access:
        """Return an access to a new array made of nodes that are kept in several."""
        distinct, which = np.unique(nodes, return_inverse=True)
        return Access(self._collected(distinct), fit_map(which.reshape(nodes.shape)))

    def _collected(self, nodes: Numbers) -> int:
        """Return a new array that holds these nodes in their order."""
        parts = [
            ((len(chosen),), access, fit_map(chosen)) for access, chosen in self.elements(nodes)
        ]
        return self.builder.scatter(len(nodes), parts)

    def constants(self, values: NDArray[np.float64]) -> Access:
        """Return an access to constants with these values, kept once along axes they do not see."""
        kept = values
        for axis in range(values.ndim):
            first = np.take(kept, [0], axis=axis)
            same = first.view(np.int64) == kept.view(np.int64)
            if np.all(same):
                kept = first
        if kept.size == 1:
            offset = self.builder.constant(float(kept.flat[0]))
        else:
            offset = self.builder.constants(np.ascontiguousarray(kept).ravel())
        numbers = offset + np.arange(kept.size).reshape(kept.shape)
        return Access(CONSTS, fit_map(np.broadcast_to(numbers, values.shape)))

    def in_step(self, table: Numbers) -> bool:
        """Tell whether members of a group read each operand from one array, by fixed strides."""
        arrays, elements = self.array[table], self.element[table]
        steady = np.all(arrays == arrays[:1])
        steps = np.diff(elements, axis=0)
        fixed = (steps == steps[:1]) | (arrays[1:] == CONSTS)
        return bool(steady and np.all(fixed))

    def elements(self, nodes: Numbers) -> list[tuple[Access, Numbers]]:
        """Return accesses over one axis to nodes in any arrays, and which nodes each reads.

        Args:
            nodes: Distinct node numbers, shape (m,).

        Returns:
            For each array read, the access and the positions in `nodes` it stands for.
        """
        found = []
        arrays = self.array[nodes]
        for array in np.unique(arrays).tolist():
            chosen = np.flatnonzero(arrays == array)
            if array == CONSTS:
                values = self.value[nodes[chosen]]
                offset = self.builder.constants(values)
                index: IndexMap = fit_map(offset + np.arange(len(chosen)))
            else:
                elements = self.element[nodes[chosen]]
                order = np.argsort(elements, kind="stable")
                chosen, elements = chosen[order], elements[order]
                index = fit_map(elements)
            found.append((Access(array, index), chosen))
        return found

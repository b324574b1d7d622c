"""How the arrays of a program are called and read in C."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import numpy as np

from mgcompile.backends.c.text import number
from mgcompile.program.ir import CONSTS, INPUTS, PARAMS, SAMPLES, Affine

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mgcompile.program.ir import Access, IndexMap, Program

    Place = int | str

__all__ = ["Layout", "Names", "Tables"]


@attrs.frozen(slots=True)
class Layout:
    """The names that a caller sees.

    Args:
        prefix: Of everything that has external linkage.
        inputs: Of the inputs; None: they have numbers.
        params: Of the members of the struct of parameters; None: it is one array `at`.
    """

    prefix: str
    inputs: tuple[str, ...] | None
    params: tuple[str, ...] | None


@attrs.define(slots=True, eq=False)
class Tables:
    """The static tables of a file: constants that are read by number, and index tables."""

    texts: list[str] = attrs.field(factory=list)
    _known: dict[bytes, str] = attrs.field(factory=dict)

    def of_numbers(self, values: NDArray[np.float64]) -> str:
        """Return the name of a table of doubles."""
        return self._table("constants", "double", values, [number(x) for x in values.tolist()])

    def of_places(self, table: NDArray[np.int64]) -> str:
        """Return the name of a table of element numbers, flat."""
        flat = table.ravel()
        return self._table("places", "long", flat, [str(x) for x in flat.tolist()])

    def _table(self, stem: str, kind: str, values: NDArray[np.generic], texts: list[str]) -> str:
        key = stem.encode() + values.tobytes()
        if key not in self._known:
            self._known[key] = f"{stem}_{len(self._known)}"
            rows = [", ".join(texts[i : i + 8]) for i in range(0, len(texts), 8)]
            listed = ",\n    ".join(rows)
            self.texts.append(
                f"static const {kind} {self._known[key]}[{len(texts)}] = {{\n    {listed}\n}};"
            )
        return self._known[key]


@attrs.define(slots=True, eq=False)
class Names:
    """The names within one function.

    Args:
        program: What the function computes.
        layout: What its caller sees.
        tables: Gets the tables that are read.
    """

    program: Program
    layout: Layout
    tables: Tables
    read: set[int] = attrs.field(factory=set)
    params_by_number: bool = False
    _names: dict[int, str] = attrs.field(factory=dict)

    def call(self, array: int, stem: str) -> str:
        """Return the name of a new array."""
        self._names[array] = f"{stem}_{array}"
        return self._names[array]

    def rename(self, array: int, name: str) -> None:
        """Let an array stand under another name from now on."""
        self._names[array] = name

    def element(self, array: int, place: Place) -> str:
        """Return one element of an array: `place` is its number, or an expression of that."""
        self.read.add(array)
        if array == CONSTS:
            values = self.program.consts
            if isinstance(place, int):
                return number(float(values[place]))
            return f"{self.tables.of_numbers(values)}[{place}]"
        if array == SAMPLES:
            return "samples"
        if array == PARAMS:
            return self._param(place)
        if array == INPUTS:
            if isinstance(place, int) and self.layout.inputs is not None:
                return f"x[{self.layout.prefix}_IN_{self.layout.inputs[place]}]"
            return f"x[{place}]"
        name = self._names[array]
        return name if self.program.arrays[array].size == 1 else f"{name}[{place}]"

    def _param(self, place: Place) -> str:
        if self.layout.params is None:
            return f"p->at[{place}]"
        if isinstance(place, int):
            return f"p->{self.layout.params[place]}"
        self.params_by_number = True
        return f"params[{place}]"

    def access(self, access: Access, point: Sequence[Place], extents: Sequence[int]) -> str:
        """Return what an access reads at a point of its domain."""
        return self.element(access.array, self.place(access.index, point, extents))

    def place(self, index: IndexMap, point: Sequence[Place], extents: Sequence[int]) -> Place:
        """Return the element number that a map gives at a point, as simple as it can be said."""
        fixed = index.offset if isinstance(index, Affine) else 0
        terms: list[str] = []
        point = [0 if n == 1 else at for at, n in zip(point, extents, strict=True)]
        if not isinstance(index, Affine):
            looked_up = self._looked_up(index.table, point)
            if isinstance(looked_up, int):
                fixed += looked_up
            else:
                terms.append(looked_up)
        for at, stride in zip(point, index.strides, strict=True):
            if isinstance(at, int):
                fixed += at * stride
            elif stride:
                terms.append(at if stride == 1 else f"{at} * {stride}")
        if not terms:
            return fixed
        text = " + ".join(terms)
        return text if not fixed else f"{text} {'+' if fixed > 0 else '-'} {abs(fixed)}"

    def _looked_up(self, table: NDArray[np.int64], point: Sequence[Place]) -> Place:
        """Return what an index table holds for a point; an axis of length 1 stands for all."""
        at = tuple(0 if rows == 1 else k for k, rows in zip(point, table.shape, strict=True))
        plain = tuple(k for k in at if isinstance(k, int))
        if len(plain) == len(at):
            return int(table[plain])
        table = table[tuple(k if isinstance(k, int) else slice(None) for k in at)]
        names = [k for k in at if isinstance(k, str)]
        terms = []
        for axis, name in enumerate(names):
            step = int(np.prod(table.shape[axis + 1 :]))
            terms.append(name if step == 1 else f"{name} * {step}")
        return f"{self.tables.of_places(table)}[{' + '.join(terms)}]"

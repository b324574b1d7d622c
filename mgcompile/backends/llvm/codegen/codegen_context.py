"""Know what the code of one function refers to, and how an index map becomes an address."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

import numpy as np
from attrs import define, evolve, field, frozen

from mgcompile.backends.llvm.ir.vector_type import Kind, kind_of
from mgcompile.program.index_maps import dense_strides
from mgcompile.program.ir import INPUTS, Affine
from mgcompile.schedule.lanes import path_of

if TYPE_CHECKING:
    from mgcompile.backends.llvm.ir.function_builder import Index, Writer
    from mgcompile.backends.llvm.ir.module_builder import Library
    from mgcompile.backends.llvm.tapevm.opcodes import Opcodes
    from mgcompile.program.ir import Access, Bundle, IndexMap, Program
    from mgcompile.schedule.decisions import Tile
    from mgcompile.schedule.ir import LoopProgram

__all__ = ["MEMORY_SPACES", "Address", "CodegenContext", "Tables"]

MEMORY_SPACES = (
    "inputs",
    "tile",
    "store",
    "block",
    "own",
    "shared",
    "sums",
    "partial",
    "params",
    "consts",
    "samples",
    "tables",
)
"""Every area is a register of its name: ``%tile``. `partial` is a chunk's part of the `sums`."""


@define
class Tables:
    """Collect the index tables of a program in one array of i32; equal tables are kept once."""

    parts: list[np.ndarray[tuple[int, ...], np.dtype[np.int32]]] = field(factory=list)
    size: int = 0
    _known: dict[bytes, int] = field(factory=dict)
    _starts: list[int] = field(factory=list)

    def add(self, table: np.ndarray[tuple[int, ...], np.dtype[np.int64]]) -> int:
        """Return the element number at which a table begins."""
        flat = np.ascontiguousarray(table, dtype=np.int32).ravel()
        key = flat.tobytes()
        if key not in self._known:
            self._known[key] = self.size
            self._starts.append(self.size)
            self.parts.append(flat)
            self.size += len(flat)
        return self._known[key]

    def at(self, number: int) -> int:
        """Return an element of the array of all tables."""
        part = bisect_right(self._starts, number) - 1
        return int(self.parts[part][number - self._starts[part]])

    def array(self) -> np.ndarray[tuple[int, ...], np.dtype[np.int32]]:
        """Return all tables one after the other."""
        return np.concatenate([np.zeros(0, np.int32), *self.parts])


@frozen
class CodegenContext:
    """Where a function stands: the loop program, and the iterations of the loops around.

    Products and sums that make the arrays `exact` are not fused.
    """

    loops: LoopProgram
    tables: Tables
    library: Library
    opcodes: Opcodes
    exact: frozenset[int] = frozenset()
    iterations: tuple[Index, ...] = ()

    @property
    def program(self) -> Program:
        """The program that is written."""
        return self.loops.program

    @property
    def tile(self) -> Tile:
        """The sizes that all code is made for."""
        return self.loops.chosen_tile

    @property
    def vector(self) -> Kind:
        """The kind of a full register."""
        return kind_of(self.loops.dtype, self.loops.width)

    @property
    def scalar(self) -> Kind:
        """The kind of one number."""
        return kind_of(self.loops.dtype, 1)

    def inside(self, iteration: Index) -> CodegenContext:
        """Return the context within one more loop."""
        return evolve(self, iterations=(*self.iterations, iteration))

    @property
    def one_sample(self) -> bool:
        """Whether a tile is one sample, so that elements are in the lanes."""
        return self.tile.samples == 1

    @property
    def filled_up_to(self) -> int:
        """Return what the number of vectors that a tile fills is a multiple of.

        The machine for tapes works on pairs.
        """
        return 2 if self.loops.interpreted else 1

    def batched(self, array: int) -> bool:
        """Tell whether an array has a copy for every sample of a tile."""
        if self.one_sample:
            return False
        if array in self.loops.destinations:
            array = self.loops.destinations[array].array
        return self.loops.places[array].batched

    def samples_in_lanes(self, bundle: Bundle) -> bool:
        """Tell whether a bundle makes, or adds up over the batch, a vector of samples at a time."""
        return self.loops.samples_in_lanes(bundle)

    def unit(self, array: int) -> int:
        """Return the distance in bytes from one element of an array to the next."""
        return self.tile.bytes * (self.tile.samples if self.batched(array) else 1)

    def start(self, writer: Writer, array: int, base: str = "") -> str:
        """Return a pointer to the first element of an array, for the first sample of the tile.

        `base` is the area when it is not the array's own.
        """
        place = self.loops.places[array]
        return writer.offset(f"%{base or place.space}", place.offset * self.unit(array))

    def address_of_input(self, writer: Writer, number: Index) -> str:
        """Return a pointer to where the address of an input's column stands."""
        copies = self.program.n_inputs * self.unit(INPUTS)
        return writer.offset(writer.offset("%inputs", copies), writer.mul(number, 8))

    def alignment(self, array: int) -> int:
        """Return what the addresses of an array's vectors are multiples of, in bytes."""
        if array == INPUTS and self.loops.in_place:
            return self.tile.bytes
        return self.tile.bytes * self.tile.width

    def address(self, writer: Writer, access: Access) -> Address:
        """Return an address on what an access reads, with the loops around entered."""
        address = self.target(writer, access.array, access.index)
        for axis, iteration in enumerate(self.iterations):
            address.enter(axis, iteration)
        return address

    def target(self, writer: Writer, array: int, index: IndexMap, base: str = "") -> Address:
        """Return an address on the elements of an array that a map names."""
        unit = self.unit(array)
        pointer = self.start(writer, array, base)
        indirect = array == INPUTS and self.loops.in_place
        if indirect:
            pointer, unit = self.address_of_input(writer, 0), 8
        if isinstance(index, Affine):
            pointer = writer.offset(pointer, index.offset * unit)
            address = Address(writer, self.tables, pointer, unit, index.strides, indirect=indirect)
        else:
            steps, entry = path_of(index).steps, self.tables.add(index.table)
            address = Address(
                writer, self.tables, pointer, unit, index.strides, steps, entry, indirect
            )
        address.resolve()
        return address

    def result(self, writer: Writer, array: int, shape: tuple[int, ...], base: str = "") -> Address:
        """Return an address on what a bundle makes: its own array, or part of another."""
        target = self.loops.destinations.get(array)
        if target is not None:
            return self.target(writer, target.array, target.index, base)
        strides = (0,) * len(self.iterations) + dense_strides(shape)
        return self.target(writer, array, Affine(0, strides), base)


@define
class Address:
    """A pointer that becomes exact axis by axis, so that each part is computed in its own loop.

    Attributes:
        writer: the function.
        tables: those of the program.
        pointer: what is known of the address.
        unit: bytes from one element to the next.
        strides: elements to move on along each axis.
        steps: table entries to move on along each axis; empty without a table.
        entry: the number of the table's entry, as far as it is fixed, while that is known now, or
            else a pointer to it; None without a table, and once it is read.
        entered: the axes that are fixed.
        indirect: whether the address is where the element's own one stands.
    """

    writer: Writer
    tables: Tables
    pointer: str
    unit: int
    strides: tuple[int, ...]
    steps: tuple[int, ...] = ()
    entry: int | str | None = None
    indirect: bool = False
    entered: set[int] = field(factory=set)

    def moves(self, axis: int) -> bool:
        """Tell whether the address depends on an axis."""
        return bool(self.strides[axis] or (self.steps and self.steps[axis]))

    def fork(self) -> Address:
        """Return an independent copy."""
        return Address(
            self.writer, self.tables, self.pointer, self.unit, self.strides, self.steps,
            self.entry, self.indirect, set(self.entered),
        )  # fmt: skip

    def enter(self, axis: int, index: Index, plus: int = 0) -> None:
        """Fix an axis at `index + plus`."""
        write = self.writer
        if not self.moves(axis):
            return
        self.entered.add(axis)
        if self.strides[axis]:
            step = self.strides[axis] * self.unit
            self.pointer = write.offset(self.pointer, write.mul(index, step))
            self.pointer = write.offset(self.pointer, plus * step)
        if self.steps and self.steps[axis]:
            self._move_entry(self.steps[axis], index, plus)
        self.resolve()

    def _move_entry(self, step: int, index: Index, plus: int) -> None:
        write, entry = self.writer, self.entry
        if isinstance(entry, int) and isinstance(index, int):
            self.entry = entry + step * (index + plus)
            return
        pointer = write.offset("%tables", entry * 4) if isinstance(entry, int) else entry
        assert pointer is not None  # noqa: S101 - a table that has been read moves along no axis
        pointer = write.offset(pointer, write.mul(index, step * 4))
        self.entry = write.offset(pointer, plus * step * 4)

    def resolve(self) -> None:
        """Read the table, and an indirect address, once all axes that they depend on are fixed."""
        write = self.writer
        if self.entry is not None and not self._waits_for(self.steps):
            if isinstance(self.entry, int):
                element: Index = self.tables.at(self.entry)
            else:
                short = write.load("i32", self.entry, 4)
                element = write.value(f"sext i32 {short} to i64")
            self.pointer = write.offset(self.pointer, write.mul(element, self.unit))
            self.entry = None
        if self.indirect and self.entry is None and not self._waits_for(self.strides):
            self.pointer = write.load("ptr", self.pointer, 8)
            self.indirect = False

    def _waits_for(self, steps: tuple[int, ...]) -> bool:
        return any(step and axis not in self.entered for axis, step in enumerate(steps))

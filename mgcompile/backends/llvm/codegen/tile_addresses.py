"""Keep track of the addresses that the members of a register tile read and write."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen

if TYPE_CHECKING:
    from mgcompile.backends.llvm.codegen.codegen_context import Address
    from mgcompile.backends.llvm.ir.function_builder import Index, Writer

__all__ = ["Copy", "Spread"]

Copy = tuple[int, ...]
"""How far a member of a block is from its first point, along each axis of the shape."""


@frozen
class Spread:
    """The addresses that serve a block: one for each step along the axes that they move along."""

    addresses: dict[Copy, Address]
    axes: frozenset[int] = frozenset()

    def at(self, copy: Copy) -> Address:
        """Return the address that serves a member of the block."""
        return self.addresses[tuple(k if axis in self.axes else 0 for axis, k in enumerate(copy))]

    def enter(self, loops: int, axis: int, step: int, index: Index) -> Spread:
        """Fix an axis of the shape: `index`, and the `step - 1` points after it."""
        entered: dict[Copy, Address] = {}
        axes = self.axes
        for copy, address in self.addresses.items():
            moves = address.moves(loops + axis)
            axes |= {axis} if moves else set()
            for plus in range(step if moves else 1):
                one = address.fork()
                one.enter(loops + axis, index, plus)
                entered[(*copy[:axis], plus, *copy[axis + 1 :])] = one
        return Spread(entered, axes)

    def fix(self, axis: int, index: Index, plus: int) -> Spread:
        """Fix a reduced axis, counted from the first loop, at `index + plus`."""
        forks = {copy: address.fork() for copy, address in self.addresses.items()}
        for address in forks.values():
            address.enter(axis, index, plus)
        return Spread(forks, self.axes)

    def shifted(self, writer: Writer, distance: Index) -> Spread:
        """Return the addresses moved along the samples by a number of bytes."""
        forks = {copy: address.fork() for copy, address in self.addresses.items()}
        for address in forks.values():
            address.pointer = writer.offset(address.pointer, distance)
        return Spread(forks, self.axes)

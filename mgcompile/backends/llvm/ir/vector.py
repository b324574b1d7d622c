"""A register with operators: what a formula over a block is written in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen

if TYPE_CHECKING:
    from mgcompile.backends.llvm.ir.vector_builder import Block
    from mgcompile.backends.llvm.ir.vector_type import Kind

__all__ = ["Vec"]


@frozen(eq=False)
class Vec:
    """Name a register or constant of a block. Operators append instructions to that block.

    Attributes:
        block: where operators append.
        name: the register's name or the constant's text.
        kind: the type.
        value: the number in every lane of a constant; None for a register.
    """

    block: Block
    name: str
    kind: Kind
    value: float | None = None

    def __add__(self, other: Vec | float) -> Vec:
        return self.block.arithmetic("add", self, other)

    def __radd__(self, other: float) -> Vec:
        return self.block.arithmetic("add", self, other)

    def __sub__(self, other: Vec | float) -> Vec:
        return self.block.arithmetic("sub", self, other)

    def __rsub__(self, other: float) -> Vec:
        return self.block.arithmetic("sub", self.block.constant(other, self.kind), self)

    def __mul__(self, other: Vec | float) -> Vec:
        return self.block.arithmetic("mul", self, other)

    def __rmul__(self, other: float) -> Vec:
        return self.block.arithmetic("mul", self, other)

    def __truediv__(self, other: Vec | float) -> Vec:
        return self.block.arithmetic("div", self, other)

    def __rtruediv__(self, other: float) -> Vec:
        return self.block.arithmetic("div", self.block.constant(other, self.kind), self)

    def __neg__(self) -> Vec:
        return self.block.negative(self)

    def __lt__(self, other: Vec | float) -> Vec:
        return self.block.compare("olt", "slt", self, other)

    def __le__(self, other: Vec | float) -> Vec:
        return self.block.compare("ole", "sle", self, other)

    def __gt__(self, other: Vec | float) -> Vec:
        return self.block.compare("ogt", "sgt", self, other)

    def __ge__(self, other: Vec | float) -> Vec:
        return self.block.compare("oge", "sge", self, other)

    def same(self, other: Vec | float) -> Vec:
        """Return where both are equal (``==`` is left to Python's identity)."""
        return self.block.compare("oeq", "eq", self, other)

    def is_nan(self) -> Vec:
        """Return where the operand is not a number."""
        return self.block.compare("uno", "", self, self)

    def __and__(self, other: Vec | int) -> Vec:
        return self.block.integer("and", self, other)

    def __or__(self, other: Vec | int) -> Vec:
        return self.block.integer("or", self, other)

    def __xor__(self, other: Vec | int) -> Vec:
        return self.block.integer("xor", self, other)

    def __lshift__(self, other: Vec | int) -> Vec:
        return self.block.integer("shl", self, other)

    def __rshift__(self, other: Vec | int) -> Vec:
        return self.block.integer("lshr", self, other)

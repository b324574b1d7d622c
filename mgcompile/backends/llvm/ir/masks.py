"""Remember how masks were made: to invert them, and to take them apart, without more instructions.

A mask of several registers is one of its own on some processors, put together and taken apart bit
by bit; comparing register by register in the first place costs nothing.
"""

from __future__ import annotations

from functools import partial, reduce
from typing import TYPE_CHECKING

from attrs import field, frozen

from mgcompile.backends.llvm.ir.lanes import registers

if TYPE_CHECKING:
    from mgcompile.backends.llvm.ir.vector import Vec
    from mgcompile.backends.llvm.ir.vector_builder import Block

__all__ = ["Masks"]

_OPPOSITE = {
    "fcmp olt": "fcmp uge",
    "fcmp ole": "fcmp ugt",
    "fcmp ogt": "fcmp ule",
    "fcmp oge": "fcmp ult",
    "fcmp oeq": "fcmp une",
    "fcmp uno": "fcmp ord",
    "icmp slt": "icmp sge",
    "icmp sle": "icmp sgt",
    "icmp sgt": "icmp sle",
    "icmp sge": "icmp slt",
    "icmp eq": "icmp ne",
    "and": "or",
}
_OPPOSITE |= {there: here for here, there in _OPPOSITE.items()}
_EXTREME = {"icmp sle": "smax", "icmp slt": "smax", "icmp sge": "smin", "icmp sgt": "smin"}


@frozen
class Masks:
    """Hold by name what made the masks of a block: an instruction's word and its operands."""

    _made: dict[str, tuple[str, Vec, Vec]] = field(factory=dict)

    def made(self, block: Block, word: str, a: Vec, b: Vec) -> Vec:
        """Append a comparison, or an operation on masks."""
        mask = block.append(f"{word} {a.kind} {a.name}, {b.name}", a.kind.mask)
        self._made[mask.name] = word, a, b
        return mask

    def inverse(self, mask: Vec) -> Vec:
        """Append the lanes where a mask is not set, by the opposite comparisons if it can be."""
        block = mask.block
        word, a, b = self._made.get(mask.name, ("", mask, mask))
        if word not in _OPPOSITE:
            return mask ^ block.constant(-1, mask.kind)
        if word in ("and", "or"):
            a, b = self.inverse(a), self.inverse(b)
        return self.made(block, _OPPOSITE[word], a, b)

    def narrow(self, mask: Vec) -> list[Vec]:
        """Append masks of a register each, all of whose lanes are set if all of `mask` are."""
        word, a, b = self._made.get(mask.name, ("", mask, mask))
        if word == "and":
            return self.narrow(a) + self.narrow(b)
        if word not in _EXTREME or b.value is None:
            return self._by_register(mask)
        # Comparisons of integers: the largest, or least, is compared, as this is cheaper.
        block = mask.block
        extreme = reduce(partial(block.intrinsic, _EXTREME[word]), registers(a))
        return [self.made(block, word, extreme, block.constant(b.value, extreme.kind))]

    def _by_register(self, mask: Vec) -> list[Vec]:
        """Append a mask once more, as those of the registers that were compared."""
        if mask.name not in self._made:
            return registers(mask)
        word, a, b = self._made[mask.name]
        part = registers if a.kind.bits > 1 else self._by_register
        return [self.made(mask.block, word, *pair) for pair in zip(part(a), part(b), strict=True)]

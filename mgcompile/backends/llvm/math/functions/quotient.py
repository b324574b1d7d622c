"""A quotient by way of a reciprocal; where that is infinite, the division itself."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from mgcompile.backends.llvm.ir.module_builder import Function

if TYPE_CHECKING:
    from mgcompile.backends.llvm.ir.vector import Vec
    from mgcompile.backends.llvm.ir.vector_builder import Block

__all__ = ["QUOTIENT_OF"]


def _quotient(block: Block, x: Vec, y: Vec, reciprocal: Vec) -> Vec:
    usual, endless = x * reciprocal, block.absolute(reciprocal).same(math.inf)
    return block.rarely(endless, lambda: [block.select(endless, x / y, usual)], [usual])[0]


QUOTIENT_OF = Function("quotient_of", _quotient, arity=3, brief=True)

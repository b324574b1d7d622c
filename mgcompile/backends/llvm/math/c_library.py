"""Call functions of the C library that Python itself runs on: what has no code of its own here."""

from __future__ import annotations

import ctypes
import sys
from functools import cache
from typing import TYPE_CHECKING

from mgcompile.backends.llvm.ir.module_builder import Import
from mgcompile.backends.llvm.math.calls import scalar_calls

if TYPE_CHECKING:
    from mgcompile.backends.llvm.ir.vector import Vec
    from mgcompile.backends.llvm.ir.vector_builder import Block

__all__ = ["c_call"]


def c_call(block: Block, name: str, *operands: Vec) -> Vec:
    """Append calls of a function of C99's math.h, lane by lane in double precision.

    Args:
        block: takes the instructions.
        name: the function, which takes doubles and gives one.
        operands: what it takes.

    Returns:
        The result, rounded to the operands' type.
    """
    symbol = f"c.{name}"
    block.library.imports[symbol] = Import(_address(name))
    return block.call(scalar_calls(symbol, len(operands)), *operands)


@cache
def _address(name: str) -> int:
    library = ctypes.CDLL("ucrtbase" if sys.platform == "win32" else None)
    return ctypes.cast(getattr(library, name), ctypes.c_void_p).value or 0

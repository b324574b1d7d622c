"""Name the words of a door: what a kernel's function for CPython is told of the calls it takes.

=======  =========================================================================================
word     content
=======  =========================================================================================
CONTEXT  address of the block of `mgcompile.backends.llvm.abi.context`
BELOW    number of samples up to which it takes no call
SPAN     how many numbers of samples above that it takes
CODE     address of the function that gets calls of other numbers; 0: they go the long way
OWNER    what that function gets as `self`
=======  =========================================================================================

Several doors may share a block: the function of each does the same, for other numbers of samples.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mgcompile.backends.llvm.ir.function_builder import Index, Writer

__all__ = ["WORDS", "word"]

WORDS = ("CONTEXT", "BELOW", "SPAN", "CODE", "OWNER")


def word(writer: Writer, name: str, kind: str = "i64") -> Index:
    """Return a word of the door in ``%door``: an i64, or with `kind="ptr"` an address."""
    return writer.load(kind, writer.offset("%door", 8 * WORDS.index(name)), 8)

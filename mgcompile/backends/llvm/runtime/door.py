"""A function for CPython that takes calls of some numbers of samples."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from attrs import field, frozen

from mgcompile.backends.llvm.abi.door import WORDS
from mgcompile.backends.llvm.runtime.cpython import call_target, python_function

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mgcompile.backends.interface import Executable, Shortcut
    from mgcompile.backends.llvm.runtime.workspace import Arena

__all__ = ["LlvmDoor"]


@frozen(eq=False)
class LlvmDoor:
    """The function, and the words through which its code is told which calls it takes.

    Attributes:
        words: see `mgcompile.backends.llvm.abi.door`.
        shortcut: the function.
    """

    words: NDArray[np.int64]
    shortcut: Shortcut
    _others: list[Any] = field(repr=False)

    @classmethod
    def make(cls, code: int, arena: Arena, below: int, most: int, *keep: object) -> LlvmDoor:
        """Open the code to calls of more than `below` samples, and at most `most`.

        Args:
            code: its address.
            arena: what it works in.
            below: see above.
            most: see above.
            keep: what has to live as long as the function.
        """
        words = np.zeros(len(WORDS), dtype=np.int64)
        words[:3] = arena.address, below, max(most - below, 0)
        others: list[Any] = []
        return cls(words, python_function(code, words, arena, *keep, others), others)

    def lead_to(self, other: Executable) -> None:
        """Give calls of other numbers of samples to the shortcut of another executable."""
        shortcut = getattr(other, "shortcut", None)
        if shortcut is None:
            return
        self._others.append(shortcut)  # it lives as long as this one
        code, owner = call_target(shortcut)
        self.words[WORDS.index("OWNER")] = owner
        self.words[WORDS.index("CODE")] = code  # from now on the other word is read

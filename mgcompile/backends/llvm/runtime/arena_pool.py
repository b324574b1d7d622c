"""Some arenas for code that is called from threads of others, which borrow one for each call.

A pool is a run of 64-bit words: the address of the code, the number of arenas, then for each of
them whether it is in use, its context, scratch, columns and outputs.
"""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING, Any

import numpy as np
from attrs import frozen

from mgcompile.backends.llvm.abi.context import SLOTS
from mgcompile.backends.llvm.codegen.run_function import RUN
from mgcompile.backends.llvm.lower import lower
from mgcompile.backends.llvm.math.custom_ops import calls_back
from mgcompile.backends.llvm.runtime import object_cache
from mgcompile.backends.llvm.runtime.jit import Library
from mgcompile.backends.llvm.runtime.workspace import Arena, prepared_constants

if TYPE_CHECKING:
    from mgcompile.program.ir import Program

__all__ = ["Pool", "borrow", "keep_forever", "load_word", "move_word", "run_once"]

_ARENAS = 8
"""Threads that can be at work at once; more wait for their turn."""

_ENTRY = 5
"""Words that describe an arena."""


@frozen
class Pool:
    """The code of an elementwise program, and arenas to run it in.

    Args:
        address: Of the words.
        arenas: For whoever fills in what is the same in every call.
        keep: What has to live as long as the pool is used.
    """

    address: int
    arenas: tuple[Arena, ...]
    keep: tuple[Any, ...]

    @classmethod
    def of(cls, program: Program, dtype: str, cache: str | None) -> Pool | None:
        """Compile a program; None if Python has to run a rule of it, or it needs room to grow."""
        lowered = lower(program, dtype)
        if calls_back(lowered.imports) or lowered.loops.sizes["store"]:
            return None
        code = object_cache.compiled(lowered.text, cache)
        library = Library.load(code, lowered.entries, lowered.imports)
        constants = prepared_constants(lowered)
        arenas = tuple(Arena.make(lowered, constants, 1) for _ in range(_ARENAS))
        words = [library.addresses[RUN], _ARENAS]
        for arena in arenas:
            places = (ctypes.addressof(arena.columns), ctypes.addressof(arena.outputs))
            words += [0, arena.address, arena.scratch[0], *places]
        described = np.array(words, dtype=np.int64)
        return cls(described.ctypes.data, arenas, (library, described))


def keep_forever(*objects: Any) -> None:
    """Let objects live as long as the process, for code that nobody can tell is not needed."""
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(list(objects)))


def borrow(before: str) -> list[str]:
    """Write a wait for an arena of the pool at ``%data``, after the block `before`.

    Then ``%entry.at``, ``%context``, ``%scratch``, ``%columns`` and ``%outputs`` are known; whoever
    has done stores 0 at the first.
    """
    return [
        "%run = load ptr, ptr %data, align 8",
        "%arenas.at = getelementptr i8, ptr %data, i64 8",
        "%arenas = load i64, ptr %arenas.at, align 8",
        "br label %look",
        "look:",
        f"%turn = phi i64 [ 0, %{before} ], [ %later, %look ]",
        "%number = urem i64 %turn, %arenas",
        f"%far = mul i64 %number, {8 * _ENTRY}",
        "%far16 = add i64 %far, 16",
        "%entry.at = getelementptr i8, ptr %data, i64 %far16",
        "%tried = cmpxchg ptr %entry.at, i64 0, i64 1 acquire monotonic",
        "%free = extractvalue { i64, i1 } %tried, 1",
        "%later = add i64 %turn, 1",
        "br i1 %free, label %found, label %look",
        "found:",
        *load_word("%entry.at", 8, "%context"),
        *load_word("%entry.at", 16, "%scratch"),
        *load_word("%entry.at", 24, "%columns"),
        *load_word("%entry.at", 32, "%outputs"),
        f"%count = getelementptr i8, ptr %context, i64 {8 * SLOTS.index('COUNT')}",
        f"%tickets = getelementptr i8, ptr %context, i64 {8 * SLOTS.index('TICKETS')}",
    ]


def run_once() -> list[str]:
    """Write a run of the program in the arena that was borrowed."""
    return [
        "store i64 0, ptr %tickets, align 8",
        "call void %run(ptr %context, ptr %scratch, i64 0, i64 1)",
    ]


def load_word(base: str, offset: int, name: str) -> list[str]:
    """Write a load of an address."""
    return [
        f"{name}.at = getelementptr i8, ptr {base}, i64 {offset}",
        f"{name} = load ptr, ptr {name}.at, align 8",
    ]


def move_word(source: str, at: int, target: str, to: int, name: str) -> list[str]:
    """Write a copy of a word, which is ``%NAME.v`` from then on."""
    return [
        f"%{name}.from = getelementptr i8, ptr {source}, i64 {at}",
        f"%{name}.v = load i64, ptr %{name}.from, align 8",
        f"%{name}.to = getelementptr i8, ptr {target}, i64 {to}",
        f"store i64 %{name}.v, ptr %{name}.to, align 8",
    ]

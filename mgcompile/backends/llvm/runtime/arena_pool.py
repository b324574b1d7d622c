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
from mgcompile.backends.llvm.runtime.jit import LoadedCode
from mgcompile.backends.llvm.runtime.workspace import Arena, prepared_constants

if TYPE_CHECKING:
    from mgcompile.backends.llvm.ir.function_builder import Writer
    from mgcompile.program.ir import Program

__all__ = [
    "Borrowed",
    "Pool",
    "borrow",
    "give_back",
    "keep_forever",
    "move_word",
    "run_once",
    "set_count",
    "word",
]

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
        library = LoadedCode.load(code, lowered.entries, lowered.imports)
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


@frozen
class Borrowed:
    """Registers of an arena that code has borrowed: where its entry is, and what that says."""

    run: str
    entry: str
    context: str
    scratch: str
    columns: str
    outputs: str


def borrow(writer: Writer, pool: str) -> Borrowed:
    """Append a wait for an arena of a pool, which is to be given back."""
    run, arenas = writer.load("ptr", pool, 8), writer.load("i64", writer.offset(pool, 8), 8)
    with writer.repeat(("i64", "0")) as turn:
        number = writer.value(f"urem i64 {turn.values[0]}, {arenas}")
        entry = writer.offset(pool, writer.add(writer.mul(number, 8 * _ENTRY), 16))
        tried = writer.value(f"cmpxchg ptr {entry}, i64 0, i64 1 acquire monotonic")
        writer.leave_loop(turn, writer.value(f"extractvalue {{ i64, i1 }} {tried}, 1"))
        turn.following = [writer.value(f"add i64 {turn.values[0]}, 1")]
    return Borrowed(run, entry, *(word(writer, entry, 8 * k) for k in range(1, _ENTRY)))


def give_back(writer: Writer, arena: Borrowed) -> None:
    """Append that the next one may have the arena."""
    writer.do(f"store atomic i64 0, ptr {arena.entry} release, align 8")


def set_count(writer: Writer, arena: Borrowed, count: str) -> None:
    """Append for how many samples the program is run."""
    writer.store("i64", count, writer.offset(arena.context, 8 * SLOTS.index("COUNT")), 8)


def run_once(writer: Writer, arena: Borrowed) -> None:
    """Append a run of the program in an arena."""
    writer.store("i64", "0", writer.offset(arena.context, 8 * SLOTS.index("TICKETS")), 8)
    writer.do(f"call void {arena.run}(ptr {arena.context}, ptr {arena.scratch}, i64 0, i64 1)")


def word(writer: Writer, base: str, offset: int, kind: str = "ptr") -> str:
    """Append the load of a word, by default an address."""
    return writer.load(kind, writer.offset(base, offset), 8)


def move_word(writer: Writer, source: str, at: int, target: str, to: int) -> str:
    """Append the copy of a word, and return it."""
    found = word(writer, source, at, "i64")
    writer.store("i64", found, writer.offset(target, to), 8)
    return found

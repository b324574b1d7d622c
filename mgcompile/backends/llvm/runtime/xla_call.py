"""Make a handler of XLA's foreign function interface of an elementwise program.

XLA hands a handler a frame with the addresses and shapes of arrays, from any thread and without the
GIL. The handler written here borrows an arena, fills in where the arrays are, and runs the program.
The layout of the frame is that of ``xla/ffi/api/c_api.h``, whose binary interface XLA keeps.
"""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING, Any

import numpy as np

from mgcompile.backends.llvm.ir.function_builder import Writer
from mgcompile.backends.llvm.ir.module_builder import Library
from mgcompile.backends.llvm.ir.target import host_target
from mgcompile.backends.llvm.runtime import object_cache
from mgcompile.backends.llvm.runtime.arena_pool import (
    Pool,
    borrow,
    give_back,
    keep_forever,
    move_word,
    run_once,
    set_count,
    word,
)
from mgcompile.backends.llvm.runtime.jit import LoadedCode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mgcompile.program.ir import Program

__all__ = ["make_handler"]

_HANDLER, _STATE = "mg_xla", "mg_xla_pool"

_VERSION = (0, 1)
"""Of the interface that is written to."""

_EXTENSION, _ARGUMENTS, _RESULTS = 8, 72, 112
"""Where a frame has its extension, its arguments and its results."""

_TYPE, _METADATA, _MAJOR, _MINOR = 8, 24, 24, 28
"""Where an extension has its type and the metadata, and these the version."""

_DATA, _RANK, _EXTENTS = 24, 32, 40
"""Where an array has its address, number of axes, and shape."""


def make_handler(
    program: Program, constants: Sequence[float], dtype: str, cache: str | None
) -> Any | None:
    """Return a handler that runs an elementwise program.

    Args:
        program: A program of one output, without parameters.
        constants: What its last inputs are in every call; the others are XLA's arguments, of one
            shape. The result is one array, with an axis more if the output has several elements.
        dtype: "float64" or "float32".
        cache: Folder of compiled objects.

    Returns:
        A C function, which lives as long as the process; None if a rule has to be run by Python.
    """
    pool = Pool.of(program, dtype, cache)
    if pool is None:
        return None
    given, size = program.n_inputs - len(constants), np.dtype(dtype).itemsize
    width = program.arrays[program.output(program.outputs[0].name)].size
    numbers = np.array(constants, dtype)
    for arena in pool.arenas:
        for place in range(given):
            arena.columns[2 * place + 1] = size
        for place in range(len(numbers)):
            arena.columns[2 * (given + place)] = numbers.ctypes.data + place * size
            arena.columns[2 * (given + place) + 1] = 0
        arena.outputs[1], arena.outputs[2] = width * size, size
    code = object_cache.compiled(_handler_text(given), cache)
    library = LoadedCode.load(code, [_HANDLER, _STATE])
    ctypes.c_int64.from_address(library.addresses[_STATE]).value = pool.address
    handler = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p)(library.addresses[_HANDLER])
    keep_forever(pool, numbers, library, handler)
    return handler


def _handler_text(count: int) -> str:
    """Return the module of the handler of `count` arguments."""
    module = Library(host_target())
    module.declare(f"@{_STATE}", f"@{_STATE} = global i64 0")
    writer = Writer(module, _HANDLER, ["ptr %frame"], "ptr", internal=False)
    _answer_questions(writer, word(writer, "%frame", _EXTENSION))
    arguments, results = (word(writer, "%frame", at) for at in (_ARGUMENTS, _RESULTS))
    samples = _extent(writer, word(writer, arguments, 0))
    with writer.when(writer.value(f"icmp sgt i64 {samples}, 0")):
        arena = borrow(writer, writer.load("ptr", f"@{_STATE}", 8))
        for k in range(count):
            buffer = word(writer, arguments, 8 * k)
            move_word(writer, buffer, _DATA, arena.columns, 16 * k)
        move_word(writer, word(writer, results, 0), _DATA, arena.outputs, 0)
        set_count(writer, arena, samples)
        run_once(writer, arena)
        give_back(writer, arena)
    writer.do("ret ptr null")
    return f"{writer.text()}\n\n{module.text()}"


def _answer_questions(writer: Writer, extension: str) -> None:
    """Append the answer to a call that asks for the version of the interface alone."""
    with writer.when(writer.value(f"icmp ne ptr {extension}, null")):
        kind = writer.load("i32", writer.offset(extension, _TYPE), 4)
        with writer.when(writer.value(f"icmp eq i32 {kind}, 1")):
            metadata = word(writer, extension, _METADATA)
            for at, number in zip((_MAJOR, _MINOR), _VERSION, strict=True):
                writer.store("i32", str(number), writer.offset(metadata, at), 4)
            writer.leave("ptr null")


def _extent(writer: Writer, buffer: str) -> str:
    """Append the product of a buffer's extents, and return it."""
    rank, extents = word(writer, buffer, _RANK, "i64"), word(writer, buffer, _EXTENTS)
    with writer.loop(rank, carried=[("i64", "1")], maybe_empty=True) as turn:
        extent = writer.load("i64", writer.offset(extents, writer.mul(turn.index, 8)), 8)
        turn.following = [writer.value(f"mul i64 {turn.values[0]}, {extent}")]
    return turn.values[0]

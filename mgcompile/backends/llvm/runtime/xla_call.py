"""Make a handler of XLA's foreign function interface of an elementwise program.

XLA hands a handler a frame with the addresses and shapes of arrays, from any thread and without the
GIL. The handler written here borrows an arena, fills in where the arrays are, and runs the program.
The layout of the frame is that of ``xla/ffi/api/c_api.h``, whose binary interface XLA keeps.
"""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING, Any

import numpy as np

from mgcompile.backends.llvm.runtime import object_cache
from mgcompile.backends.llvm.runtime.arena_pool import (
    Pool,
    borrow,
    keep_forever,
    load_word,
    move_word,
    run_once,
)
from mgcompile.backends.llvm.runtime.jit import Library

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
    library = Library.load(code, [_HANDLER, _STATE])
    ctypes.c_int64.from_address(library.addresses[_STATE]).value = pool.address
    handler = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p)(library.addresses[_HANDLER])
    keep_forever(pool, numbers, library, handler)
    return handler


def _handler_text(count: int) -> str:
    """Return the module of the handler of `count` arguments."""
    fill = []
    for k in range(count):
        fill += load_word("%args", 8 * k, f"%buffer{k}")
        fill += move_word(f"%buffer{k}", _DATA, "%columns", 16 * k, f"a{k}")
    fill += load_word("%rets", 0, "%result")
    fill += move_word("%result", _DATA, "%outputs", 0, "out")
    lines = [
        f"@{_STATE} = global i64 0",
        f"define ptr @{_HANDLER}(ptr %frame) {{",
        "entry:",
        *load_word("%frame", _EXTENSION, "%extension"),
        "%none = icmp eq ptr %extension, null",
        "br i1 %none, label %shape, label %asked",
        "asked:",
        f"%type.at = getelementptr i8, ptr %extension, i64 {_TYPE}",
        "%type = load i32, ptr %type.at, align 4",
        "%about = icmp eq i32 %type, 1",
        "br i1 %about, label %tell, label %shape",
        "tell:",
        *load_word("%extension", _METADATA, "%metadata"),
        f"%major = getelementptr i8, ptr %metadata, i64 {_MAJOR}",
        f"%minor = getelementptr i8, ptr %metadata, i64 {_MINOR}",
        f"store i32 {_VERSION[0]}, ptr %major, align 4",
        f"store i32 {_VERSION[1]}, ptr %minor, align 4",
        "ret ptr null",
        "shape:",
        *load_word("%frame", _ARGUMENTS, "%args"),
        *load_word("%frame", _RESULTS, "%rets"),
        *load_word("%args", 0, "%first"),
        f"%rank.at = getelementptr i8, ptr %first, i64 {_RANK}",
        "%rank = load i64, ptr %rank.at, align 8",
        *load_word("%first", _EXTENTS, "%extents"),
        "br label %multiply",
        "multiply:",
        "%axis = phi i64 [ 0, %shape ], [ %axis.next, %more ]",
        "%n = phi i64 [ 1, %shape ], [ %product, %more ]",
        "%left = icmp slt i64 %axis, %rank",
        "br i1 %left, label %more, label %known",
        "more:",
        "%extent.at = getelementptr i64, ptr %extents, i64 %axis",
        "%extent = load i64, ptr %extent.at, align 8",
        "%product = mul i64 %n, %extent",
        "%axis.next = add i64 %axis, 1",
        "br label %multiply",
        "known:",
        "%empty = icmp sle i64 %n, 0",
        "br i1 %empty, label %done, label %some",
        "some:",
        f"%data = load ptr, ptr @{_STATE}, align 8",
        *borrow("some"),
        *fill,
        "store i64 %n, ptr %count, align 8",
        *run_once(),
        "store atomic i64 0, ptr %entry.at release, align 8",
        "br label %done",
        "done:",
        "ret ptr null",
        "}",
    ]
    return "\n".join(lines) + "\n"

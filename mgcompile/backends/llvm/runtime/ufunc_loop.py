"""Make a NumPy ufunc of elementwise programs: its inner loops are machine code around theirs.

NumPy hands an inner loop the addresses and strides of some columns, without the GIL and from any
thread. The loop written here borrows one of a few arenas, fills in where the columns are, and runs
the program. Where every result is the next operand (``reduce``, ``accumulate``), it runs it for one
element after the other. It leaves the processor's floating-point flags as they were: infinities and
NaN are results, of which nobody is warned.
"""

from __future__ import annotations

import ctypes
import importlib
from typing import TYPE_CHECKING, Any

import numpy as np

from mgcompile.backends.llvm.runtime import object_cache
from mgcompile.backends.llvm.runtime.arena_pool import (
    Pool,
    borrow,
    keep_forever,
    move_word,
    run_once,
)
from mgcompile.backends.llvm.runtime.jit import Library

if TYPE_CHECKING:
    from mgcompile.program.ir import Program

__all__ = ["IDENTITIES", "make_ufunc"]

IDENTITIES = {"0": 0, "1": 1, "none": -1, "none, reorderable": -2}
"""What NumPy's binary interface calls the result of reducing nothing."""

_TYPES = {"float32": 11, "float64": 12}
"""The numbers of dtypes in that interface."""

_LOOP = "mg_ufunc"


def make_ufunc(
    program: Program, name: str, doc: str, identity: str, cache: str | None
) -> np.ufunc | None:
    """Return an elementwise program as a ufunc with loops for float32 and float64.

    Args:
        program: A program of one output, without parameters and without anything that is larger
            than a sample.
        name: Of the ufunc.
        doc: What its help says.
        identity: A key of `IDENTITIES`.
        cache: Folder of compiled objects.

    Returns:
        The ufunc, which NumPy keeps for as long as the process lives as it does its own; None if a
        rule of the program has to be run by Python.
    """
    count = program.n_inputs
    pools = [Pool.of(program, dtype, cache) for dtype in _TYPES]
    if None in pools:
        return None
    loop = Library.load(object_cache.compiled(_loop_text(count), cache), [_LOOP])
    functions = (ctypes.c_void_p * len(_TYPES))(*[loop.addresses[_LOOP]] * len(_TYPES))
    data = (ctypes.c_void_p * len(_TYPES))(*[pool.address for pool in pools if pool])
    types = bytes(number for number in _TYPES.values() for _ in range(count + 1))
    texts = (ctypes.c_char_p(name.encode()), ctypes.c_char_p(doc.encode()))
    held = ctypes.create_string_buffer(types, len(types))
    made: np.ufunc = _new_ufunc()(
        functions, data, held, len(_TYPES), count, 1, IDENTITIES[identity], *texts, 0
    )
    keep_forever(loop, pools, functions, data, texts, held)
    return made


def _new_ufunc() -> Any:
    # PyUFunc_FromFuncAndData, where the macro import_umath of NumPy's headers finds it.
    package = "numpy._core" if np.lib.NumpyVersion(np.__version__) >= "2.0.0" else "numpy.core"
    core = importlib.import_module(f"{package}._multiarray_umath")
    prototype = ctypes.PYFUNCTYPE(ctypes.c_void_p, ctypes.py_object, ctypes.c_char_p)
    pointer_of = prototype(("PyCapsule_GetPointer", ctypes.pythonapi))
    table = pointer_of(core._UFUNC_API, None)  # noqa: SLF001 - what that macro reads
    address = ctypes.c_int64.from_address(table + 8).value
    pointer, number = ctypes.c_void_p, ctypes.c_int
    text = ctypes.c_char_p
    takes = (pointer, pointer, pointer, number, number, number, number, text, text, number)
    return ctypes.PYFUNCTYPE(ctypes.py_object, *takes)(address)


def _loop_text(count: int) -> str:
    """Return the module of the inner loop of `count` operands, as NumPy calls it."""
    fill, step = [], []
    for k in range(count):
        fill += move_word("%args", 8 * k, "%columns", 16 * k, f"a{k}")
        fill += move_word("%steps", 8 * k, "%columns", 16 * k + 8, f"s{k}")
        step += _advance("%columns", 16 * k, f"%s{k}.v", f"n{k}")
    fill += move_word("%args", 8 * count, "%outputs", 0, "out")
    fill += move_word("%steps", 8 * count, "%outputs", 8, "apart")
    step += _advance("%outputs", 0, "%apart.v", "following")
    # A result that is the next first operand has to be there before that is read.
    serial = (
        [
            "%next = add i64 %a0.v, %s0.v",
            "%same = icmp eq i64 %next, %out.v",
            "%even = icmp eq i64 %s0.v, %apart.v",
            "%chained = and i1 %same, %even",
        ]
        if count > 1
        else ["%chained = icmp eq i64 0, 1"]
    )
    lines = [
        "declare i32 @fegetenv(ptr)",
        "declare i32 @fesetenv(ptr)",
        f"define void @{_LOOP}(ptr %args, ptr %dims, ptr %steps, ptr %data) {{",
        "entry:",
        "%flags = alloca [64 x i8], align 16",
        "%got = call i32 @fegetenv(ptr %flags)",
        "%n = load i64, ptr %dims, align 8",
        "%empty = icmp sle i64 %n, 0",
        "br i1 %empty, label %done, label %some",
        "some:",
        *borrow("some"),
        *fill,
        *serial,
        "%many = select i1 %chained, i64 1, i64 %n",
        "%times = select i1 %chained, i64 %n, i64 1",
        "store i64 %many, ptr %count, align 8",
        "br label %work",
        "work:",
        "%i = phi i64 [ 0, %found ], [ %i.next, %work ]",
        *run_once(),
        *step,
        "%i.next = add i64 %i, 1",
        "%again = icmp slt i64 %i.next, %times",
        "br i1 %again, label %work, label %leave",
        "leave:",
        "store atomic i64 0, ptr %entry.at release, align 8",
        "br label %done",
        "done:",
        "%set = call i32 @fesetenv(ptr %flags)",
        "ret void",
        "}",
    ]
    return "\n".join(lines) + "\n"


def _advance(base: str, offset: int, distance: str, name: str) -> list[str]:
    return [
        f"%{name}.p = getelementptr i8, ptr {base}, i64 {offset}",
        f"%{name}.old = load i64, ptr %{name}.p, align 8",
        f"%{name}.new = add i64 %{name}.old, {distance}",
        f"store i64 %{name}.new, ptr %{name}.p, align 8",
    ]

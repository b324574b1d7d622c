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

from mgcompile.backends.llvm.ir.function_builder import Writer
from mgcompile.backends.llvm.ir.module_builder import Library
from mgcompile.backends.llvm.ir.target import host_target
from mgcompile.backends.llvm.runtime import object_cache
from mgcompile.backends.llvm.runtime.arena_pool import (
    Borrowed,
    Pool,
    borrow,
    give_back,
    keep_forever,
    move_word,
    run_once,
    set_count,
)
from mgcompile.backends.llvm.runtime.jit import LoadedCode

if TYPE_CHECKING:
    from mgcompile.program.ir import Program

__all__ = ["IDENTITIES", "make_ufunc"]

IDENTITIES = {"0": 0, "1": 1, "none": -1, "none, reorderable": -2}
"""What NumPy's binary interface calls the result of reducing nothing."""

_TYPES = {"float32": 11, "float64": 12}
"""The numbers of dtypes in that interface."""

_LOOP = "mg_ufunc"
_PASSED = ("args", "dims", "steps", "data")
_GIVEN = ((0, "args"), (1, "steps"))
"""What is told of each operand: which word of a column it is, and where NumPy has it."""


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
    loop = LoadedCode.load(object_cache.compiled(_loop_text(count), cache), [_LOOP])
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
    module = Library(host_target())
    writer = Writer(module, _LOOP, [f"ptr %{name}" for name in _PASSED], internal=False)
    for name in ("fegetenv", "fesetenv"):
        module.declare(f"@{name}", f"declare i32 @{name}(ptr)")
    flags = writer.value("alloca [64 x i8], align 16")
    writer.do(f"call i32 @fegetenv(ptr {flags})")
    samples = writer.load("i64", "%dims", 8)
    with writer.when(writer.value(f"icmp sgt i64 {samples}, 0")):
        _write_runs(writer, borrow(writer, "%data"), count, samples)
    writer.do(f"call i32 @fesetenv(ptr {flags})")
    return f"{writer.text()}\n\n{module.text()}"


def _write_runs(writer: Writer, arena: Borrowed, count: int, samples: str) -> None:
    """Append the run over all samples, or over one after the other, and give the arena back."""
    places = [(arena.columns, 16 * k) for k in range(count)] + [(arena.outputs, 0)]
    words = [
        [move_word(writer, f"%{name}", 8 * k, area, at + 8 * part) for part, name in _GIVEN]
        for k, (area, at) in enumerate(places)
    ]
    (first, step), (result, apart) = words[0], words[-1]
    chained = "false"
    if count > 1:  # a result that is the next first operand has to be there before that is read
        following = writer.value(f"add i64 {first}, {step}")
        same = writer.value(f"icmp eq i64 {following}, {result}")
        even = writer.value(f"icmp eq i64 {step}, {apart}")
        chained = writer.value(f"and i1 {same}, {even}")
    set_count(writer, arena, writer.value(f"select i1 {chained}, i64 1, i64 {samples}"))
    times = writer.value(f"select i1 {chained}, i64 {samples}, i64 1")
    with writer.loop(times):
        run_once(writer, arena)
        for (area, at), (_, distance) in zip(places, words, strict=True):
            pointer = writer.offset(area, at)
            moved = writer.value(f"add i64 {writer.load('i64', pointer, 8)}, {distance}")
            writer.store("i64", moved, pointer, 8)
    give_back(writer, arena)

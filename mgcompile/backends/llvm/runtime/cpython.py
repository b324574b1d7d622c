"""Meet CPython and NumPy in machine code: where objects keep what, which functions there are.

The layout of arrays (``PyArrayObject``) and the numbers of NumPy's functions belong to its binary
interface, which extension modules built long ago rely on. The layout is compared with a living
array all the same before any code does.
"""

from __future__ import annotations

import ctypes
import functools
import importlib
import sysconfig
from typing import TYPE_CHECKING, Any

import numpy as np

from mgcompile.backends.llvm.abi.context import slot

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from mgcompile.backends.llvm.ir.function_builder import Writer

__all__ = [
    "DATA",
    "DESCRIPTION",
    "DIMENSIONS",
    "FLAGS",
    "RANK",
    "STRIDES",
    "TYPE",
    "address_of",
    "call_target",
    "known",
    "python_address",
    "python_addresses",
    "python_call",
    "python_function",
]

_HEAD = object.__basicsize__
TYPE = _HEAD - 8
"""Where every object has its type, in bytes from its beginning."""

DATA, RANK, DIMENSIONS, STRIDES = _HEAD, _HEAD + 8, _HEAD + 16, _HEAD + 24
DESCRIPTION, FLAGS = _HEAD + 40, _HEAD + 48
"""Where an array has its address, number of axes, shape, strides, dtype and flags."""

_FUNCTIONS = {
    "PyEval_SaveThread": ("ptr", ""),
    "PyEval_RestoreThread": ("void", "ptr"),
    "PyFloat_FromDouble": ("ptr", "double"),
    "PyTuple_Pack": ("ptr", "i64, ..."),
    "PyObject_CallNoArgs": ("ptr", "ptr"),
    "PyLong_AsLongLong": ("i64", "ptr"),
    "Py_DecRef": ("void", "ptr"),
    "Py_IncRef": ("void", "ptr"),
}
"""What functions of CPython return and take."""

_TABLE = ("ndarray", "dtype", "None", "True", "PyArray_Empty")
_EMPTY = 184
"""The number of PyArray_Empty among NumPy's functions."""

_FASTCALL = 0x80
"""METH_FASTCALL: arguments come as an array of objects and their number."""


@functools.cache
def known() -> bool:
    """Tell whether this interpreter, and arrays in it, are built as the code expects."""
    if sysconfig.get_config_var("Py_GIL_DISABLED"):
        return False
    array = np.zeros((2, 3), dtype=np.float64)
    start = id(array)

    def word(place: int) -> int:
        return ctypes.c_int64.from_address(start + place).value

    def words(place: int) -> tuple[int, ...]:
        return tuple((ctypes.c_int64 * 2).from_address(word(place)))

    return (
        np.ndarray.__basicsize__ >= FLAGS + 4
        and word(TYPE) == id(np.ndarray)
        and word(DATA) == array.ctypes.data
        and word(RANK) & 0xFFFFFFFF == 2
        and word(DESCRIPTION) == id(array.dtype)
        and word(FLAGS) & 0xFFFFFFFF == array.flags.num
        and words(DIMENSIONS) == array.shape
        and words(STRIDES) == array.strides
    )


def address_of(array: NDArray[Any]) -> int:
    """Return where an array's numbers begin, sooner than `array.ctypes.data` does."""
    if known():
        return ctypes.c_int64.from_address(id(array) + DATA).value
    return array.ctypes.data


@functools.cache
def python_addresses(dtype: str) -> NDArray[np.int64]:
    """Return the table that the slot PYTHON points to, for code that works on a dtype."""
    objects = (np.ndarray, np.dtype(dtype), None, True)
    return np.array([*map(id, objects), _numpy_function(_EMPTY)], dtype=np.int64)


def _numpy_function(number: int) -> int:
    # As the macro import_array of NumPy's headers does it.
    package = "numpy._core" if np.lib.NumpyVersion(np.__version__) >= "2.0.0" else "numpy.core"
    core = importlib.import_module(f"{package}._multiarray_umath")
    prototype = ctypes.PYFUNCTYPE(ctypes.c_void_p, ctypes.py_object, ctypes.c_char_p)
    pointer_of = prototype(("PyCapsule_GetPointer", ctypes.pythonapi))
    table = pointer_of(core._ARRAY_API, None)  # noqa: SLF001 - what that macro reads
    return ctypes.c_int64.from_address(table + 8 * number).value


def python_address(writer: Writer, name: str) -> str:
    """Append the address of what the table has under a name; return it."""
    table = str(slot(writer, "PYTHON", "ptr"))
    return writer.load("ptr", writer.offset(table, 8 * _TABLE.index(name)), 8)


def python_call(writer: Writer, name: str, *arguments: str) -> str:
    """Append a call of a function of CPython; return its result, if it has one."""
    returns, takes = _FUNCTIONS[name]
    writer.library.declare(f"@{name}", f"declare {returns} @{name}({takes})")
    call = f"call {returns} ({takes}) @{name}({', '.join(arguments)})"
    if returns == "void":
        writer.do(call)
        return ""
    return writer.value(call)


def call_target(function: Callable[..., Any]) -> tuple[int, int]:
    """Return the address of the code that `python_function` was given, and of its owner."""
    kept: Any = function.__module__
    return kept[0].function, id(kept[1])


class _MethodDef(ctypes.Structure):
    _fields_ = (
        ("name", ctypes.c_char_p),
        ("function", ctypes.c_void_p),
        ("flags", ctypes.c_int),
        ("doc", ctypes.c_char_p),
    )


def python_function(address: int, owner: object, *keep: object) -> Callable[..., Any]:
    """Make a Python function of machine code.

    Args:
        address: Of a function ``ptr (ptr self, ptr arguments, i64 count)``.
        owner: What it gets as `self`.
        keep: What has to live as long as the function.
    """
    definition = _MethodDef(b"kernel", address, _FASTCALL, None)
    prototype = ctypes.PYFUNCTYPE(
        ctypes.py_object, ctypes.c_void_p, ctypes.py_object, ctypes.py_object
    )
    new = prototype(("PyCFunction_NewEx", ctypes.pythonapi))
    # The third argument becomes `__module__`, which may be anything.
    function: Callable[..., Any] = new(
        ctypes.addressof(definition), owner, (definition, owner, *keep)
    )
    return function

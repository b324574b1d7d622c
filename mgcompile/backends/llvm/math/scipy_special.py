"""Find the machine code of scipy.special's functions, to be called without Python.

scipy.special.cython_special hands out C functions as capsules whose name is the C signature.
"""

from __future__ import annotations

import ctypes
from functools import cache
from typing import TYPE_CHECKING

from mgcompile.backends.llvm.ir.module_builder import Import
from mgcompile.backends.llvm.math.calls import scalar_calls

if TYPE_CHECKING:
    import numpy as np

    from mgcompile.backends.llvm.ir.module_builder import Function, Library

__all__ = ["special_function"]


def special_function(library: Library, ufunc: np.ufunc) -> Function | None:
    """Return a function that calls a scipy.special ufunc's code, or None when it has none.

    Args:
        library: gets the import.
        ufunc: any ufunc.

    Returns:
        A function of any kind of register, computed lane by lane in double precision.
    """
    address = _address(ufunc)
    if address is None:
        return None
    symbol = f"scipy.special.{ufunc.__name__}"
    library.imports[symbol] = Import(address)
    # Cython adds an argument that says whether an overriding method was looked for.
    return scalar_calls(symbol, ufunc.nin, trailing="i32 0")


@cache
def _address(ufunc: np.ufunc) -> int | None:
    import importlib

    try:
        special = importlib.import_module("scipy.special")
        table = importlib.import_module("scipy.special.cython_special").__pyx_capi__
    except ImportError:
        return None
    if getattr(special, ufunc.__name__, None) is not ufunc:
        return None
    name = ufunc.__name__
    numbers = ", ".join(["double"] * ufunc.nin)
    wanted = f"double ({numbers}, int __pyx_skip_dispatch)"
    # A function of several types is there once for each, as __pyx_fuse_0name, __pyx_fuse_1name ...
    for key, capsule in table.items():
        if key != name and not (key.startswith("__pyx_fuse_") and key.endswith(name)):
            continue
        if key != name and key.removeprefix("__pyx_fuse_").lstrip("0123456789_") != name:
            continue
        if _signature(capsule) == wanted.encode():
            return _pointer(capsule)
    return None


def _signature(capsule: object) -> bytes:
    get = ctypes.pythonapi.PyCapsule_GetName
    get.restype, get.argtypes = ctypes.c_char_p, [ctypes.py_object]
    return get(capsule) or b""


def _pointer(capsule: object) -> int:
    get = ctypes.pythonapi.PyCapsule_GetPointer
    get.restype, get.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    return int(get(capsule, _signature(capsule)))

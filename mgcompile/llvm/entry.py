"""Write a kernel's door for CPython: a function that takes NumPy arrays as they are.

Converting arguments through ctypes takes longer than a small kernel runs. The function written here
has the signature of CPython's ``METH_FASTCALL`` and reads address, shape and strides from the
array objects themselves; their layout is part of NumPy's binary interface (``PyArrayObject``).
"""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING, Any

from attrs import define

from mgcompile.llvm.context import slot, slot_address
from mgcompile.llvm.writer import Writer

if TYPE_CHECKING:
    from mgcompile.llvm.frame import Frame

__all__ = ["ENTER", "Entry", "entry_function"]

ENTER = "mg_enter"

_HEAD = object.__basicsize__
_DATA, _DIMENSIONS, _STRIDES = _HEAD, _HEAD + 16, _HEAD + 24
"""Where a PyArrayObject has its address, shape and strides, in bytes from its beginning."""

_FASTCALL = 0x80


def entry_function(frame: Frame, run: str) -> str:
    """Write ``mg_enter(X, params, *results)``: one run in this thread, the GIL released.

    Its ``self`` is the array that holds the context. X is a matrix of the kernel's element type,
    params and the results contiguous arrays or, where batched, matrices.
    """
    arguments = ["ptr %self", "ptr %arguments", "i64 %count"]
    writer = Writer(frame.library, ENTER, arguments, "ptr", internal=False)
    _declare(writer)
    writer.do(f"%context = load ptr, ptr {writer.offset('%self', _DATA)}, align 8")
    matrix = writer.load("ptr", "%arguments", 8)
    shape = writer.load("ptr", writer.offset(matrix, _DIMENSIONS), 8)
    strides = writer.load("ptr", writer.offset(matrix, _STRIDES), 8)
    words = {
        "COUNT": writer.load("i64", shape, 8),
        "MATRIX": writer.load("i64", writer.offset(matrix, _DATA), 8),
        "ROW": writer.load("i64", strides, 8),
        "COLUMN": writer.load("i64", writer.offset(strides, 8), 8),
        "PARAMS": _address(writer, 1),
    }
    for name, word in words.items():
        writer.store("i64", word, slot_address(writer, name), 8)
    _describe_results(writer, frame)
    scratch = slot(writer, "SCRATCH", "ptr")
    state = writer.value("call ptr @PyEval_SaveThread()")
    writer.do(f"call void @{run}(ptr %context, ptr {scratch}, i64 0, i64 1)")
    writer.do(f"call void @PyEval_RestoreThread(ptr {state})")
    writer.do("call void @Py_IncRef(ptr @_Py_NoneStruct)")
    writer.do("ret ptr @_Py_NoneStruct")
    return writer.text()


def _declare(writer: Writer) -> None:
    for symbol, text in (
        ("@PyEval_SaveThread", "declare ptr @PyEval_SaveThread()"),
        ("@PyEval_RestoreThread", "declare void @PyEval_RestoreThread(ptr)"),
        ("@Py_IncRef", "declare void @Py_IncRef(ptr)"),
        ("@_Py_NoneStruct", "@_Py_NoneStruct = external global i8"),
    ):
        writer.library.declare(symbol, text)


def _argument(writer: Writer, place: int) -> str:
    return writer.load("ptr", writer.offset("%arguments", 8 * place), 8)


def _address(writer: Writer, place: int) -> str:
    return writer.load("i64", writer.offset(_argument(writer, place), _DATA), 8)


def _describe_results(writer: Writer, frame: Frame) -> None:
    table = str(slot(writer, "OUTPUTS", "ptr"))
    for number, output in enumerate(frame.program.outputs):
        entry = writer.offset(table, 24 * number)
        writer.store("i64", _address(writer, 2 + number), entry, 8)
        if not frame.batched(output.array):
            continue
        result = _argument(writer, 2 + number)
        strides = writer.load("ptr", writer.offset(result, _STRIDES), 8)
        for place in (0, 8):
            stride = writer.load("i64", writer.offset(strides, place), 8)
            writer.store("i64", stride, writer.offset(entry, 8 + place), 8)


class _MethodDef(ctypes.Structure):
    _fields_ = (
        ("name", ctypes.c_char_p),
        ("function", ctypes.c_void_p),
        ("flags", ctypes.c_int),
        ("doc", ctypes.c_char_p),
    )


@define
class Entry:
    """A Python function made of machine code, and the record that has to live as long as it."""

    function: Any
    _definition: _MethodDef

    @classmethod
    def make(cls, address: int, context: Any) -> Entry:
        """Return the function at an address, bound to the array that holds its context."""
        definition = _MethodDef(b"kernel", address, _FASTCALL, None)
        new = ctypes.pythonapi.PyCFunction_NewEx
        new.restype = ctypes.py_object
        new.argtypes = (ctypes.c_void_p, ctypes.py_object, ctypes.c_void_p)
        return cls(new(ctypes.addressof(definition), context, None), definition)

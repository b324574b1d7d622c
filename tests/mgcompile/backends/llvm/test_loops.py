"""Loops that LLVM is not to look into cost nothing more; few bytes are set to zero without one."""

from __future__ import annotations

import ctypes

import numpy as np
import pytest
from assembly import TARGETS, bodies

from mgcompile.backends.llvm.codegen.scatter import SHORT, clear
from mgcompile.backends.llvm.ir.function_builder import Writer
from mgcompile.backends.llvm.ir.module_builder import Library
from mgcompile.backends.llvm.ir.target import host_target
from mgcompile.backends.llvm.runtime.jit import LoadedCode, object_code


def sums_of_neighbours(target, *, plain, stop):
    """Return the IR of a loop that adds to each number of an array that of another."""
    library = Library(target)
    writer = Writer(library, "f", ["ptr %x", "ptr %y", "i64 %n"], internal=False)
    with writer.loop(stop, step=8, plain=plain) as turn:
        here, other = (writer.offset(pointer, turn.index) for pointer in ("%x", "%y"))
        value = writer.value(f"fadd double {writer.load('double', here, 8)}, 1.0")
        writer.store("double", value, other, 8)
    return f"{writer.text()}\n\n{library.text()}"


@pytest.mark.parametrize("cpu", TARGETS)
def test_a_plain_loop_has_no_more_instructions_than_one_that_llvm_counts(cpu):
    target = TARGETS[cpu]
    counts = []
    for plain in (False, True):
        text = sums_of_neighbours(target, plain=plain, stop=8000)
        assert ("asm" in text) == plain
        (body,) = bodies(text, cpu)["f"]
        counts.append(len(body.lines))
    assert counts[1] <= counts[0]


def test_a_loop_whose_end_is_known_later_is_plain():
    assert "asm" in sums_of_neighbours(host_target(), plain=False, stop="%n")


def test_a_plain_loop_takes_every_turn():
    code = object_code(sums_of_neighbours(host_target(), plain=True, stop="%n"))
    library = LoadedCode.load(code, ["f"])
    run = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 2, ctypes.c_int64)(library.addresses["f"])
    x, y = np.arange(20.0), np.zeros(20)
    run(x.ctypes.data, y.ctypes.data, 8 * 19)
    np.testing.assert_array_equal(y, [*(x[:19] + 1.0), 0.0])


@pytest.mark.parametrize("size", [4, 8, 12, 28, 60, 64, 80, 124, 252, 256, 260, 1000, SHORT])
def test_so_many_bytes_and_no_others_are_set_to_zero(size):
    library = Library(host_target())
    writer = Writer(library, "f", ["ptr %x"], internal=False)
    clear(writer, "%x", size)
    code = LoadedCode.load(object_code(f"{writer.text()}\n\n{library.text()}"), ["f"])
    memory = np.full(size + 128, 7, dtype=np.uint8)
    ctypes.CFUNCTYPE(None, ctypes.c_void_p)(code.addresses["f"])(memory.ctypes.data + 64)
    assert not memory[64 : 64 + size].any()
    assert np.all(memory[:64] == 7)
    assert np.all(memory[64 + size :] == 7)

"""Results: large ones may take over memory, but never from an array that is still in use."""

from __future__ import annotations

import numpy as np

from mgcompile.llvm.results import LARGE, Results

COUNT = LARGE // 8


def test_memory_in_use_is_never_handed_out_again():
    results = Results()
    first = results.array((COUNT, 2), np.dtype("float64"), "F")
    first[:] = 1.0
    column = first[:, 1]
    del first
    second = results.array((COUNT, 2), np.dtype("float64"))
    second[:] = 2.0
    assert np.all(column == 1.0)
    assert not np.shares_memory(column, second)


def test_memory_that_nobody_uses_serves_the_next_result():
    results = Results()
    address = results.array((COUNT,), np.dtype("float64")).ctypes.data
    assert results.array((COUNT,), np.dtype("float64")).ctypes.data == address


def test_shape_type_and_order_are_as_asked_for():
    for size in (3, COUNT):
        array = Results().array((size, 2), np.dtype("float32"), "F")
        assert array.shape == (size, 2)
        assert array.dtype == np.float32
        assert array.flags.f_contiguous
        assert array.flags.writeable

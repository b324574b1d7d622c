"""Results: large ones may take over memory, but never from an array that is still in use."""

from __future__ import annotations

import numpy as np
import pytest

import mgcompile
from mgcompile.backends.llvm.codegen.batch_io import LINE, MOST_CACHED
from mgcompile.backends.llvm.runtime.result_pool import LARGE, Results
from mgcore import Value

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


def test_large_results_and_their_columns_begin_with_a_line_of_the_cache():
    array = Results().array((COUNT + 3, 2), np.dtype("float64"), "F")
    assert array.shape == (COUNT + 3, 2)
    assert array[:, 0].ctypes.data % LINE == 0
    assert array[:, 1].ctypes.data % LINE == 0


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_results_that_go_past_the_caches_are_whole(dtype):
    x, y = Value(1.0), Value(2.0)
    kernel = mgcompile.compile(x * y, inputs=[x, y], params=[], dtype=dtype)
    count = MOST_CACHED // 8 + 1003  # too many to be cached, and the last tile not full
    columns = [np.arange(count, dtype=dtype), np.arange(count, dtype=dtype)[::-1].copy()]
    value, gradient = kernel.value_and_grad(columns)
    np.testing.assert_array_equal(value, columns[0] * columns[1])
    np.testing.assert_array_equal(gradient[0], columns[1])
    np.testing.assert_array_equal(gradient[1], columns[0])
    with_rows, _ = kernel.value_and_grad(np.stack(columns, axis=1))
    np.testing.assert_array_equal(with_rows, value)

"""The function for CPython: what it takes, what it gives, and that it leaves no trace."""

from __future__ import annotations

import ctypes
import gc
import sys
import threading
import warnings

import numpy as np
import pytest

import mgcompile
from mgcompile.autodiff.reverse import gradient_to_inputs, gradient_to_params
from mgcompile.backends.interface import Options
from mgcompile.backends.llvm.backend import backend
from mgcompile.backends.llvm.runtime import cpython, executable
from mgcompile.backends.llvm.runtime.result_pool import LARGE
from mgcompile.backends.numpy.interpreter import backend as reference
from mgcore import Op, Value, ops

RNG = np.random.default_rng(0)
KINDS = ("forward", "inputs", "loss")


def model():
    x, y = Value(0.5, "x"), Value(-0.3, "y")
    a, b, c = Value(0.7, "a"), Value(-1.2, "b"), Value(0.1)
    return ops.tanh(a * x + b * y + c) ** 2 + 0.1 * x * y, [x, y], [a, b, c]


def program(kind):
    forward = mgcompile.compile(*model(), backend="numpy").program
    derived = {"forward": lambda p: p, "inputs": gradient_to_inputs, "loss": gradient_to_params}
    return derived[kind](forward)


def built(kind, dtype="float64", threads=1):
    return backend.build(program(kind), Options(dtype, threads))


PARAMS = np.array([0.7, -1.2, 0.1])


@pytest.fixture(scope="module", params=KINDS)
def pair(request):
    """A shortcut, and what runs the same program elsewhere."""
    return built(request.param).shortcut, reference.build(program(request.param), Options())


def flat(results):
    return [np.ravel(result) for result in (results if isinstance(results, tuple) else (results,))]


LAYOUTS = {
    "contiguous": lambda X: X,
    "fortran": np.asfortranarray,
    "sliced": lambda X: np.repeat(np.repeat(X, 2, axis=0), 3, axis=1)[::2, ::3],
    "reversed": lambda X: np.ascontiguousarray(X[::-1, ::-1])[::-1, ::-1],
    "broadcast": lambda X: np.broadcast_to(X[:1], X.shape),
    "field": lambda X: np.rec.fromarrays([X, X], names="a,b")["b"],
}


@pytest.mark.parametrize("count", [1, 3, 64, 65, 1000])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_it_gives_what_the_interpreter_gives(pair, layout, count):
    shortcut, expected = pair
    X = LAYOUTS[layout](RNG.normal(size=(count, 2)))
    X.flags.writeable = False
    found = flat(shortcut(X, PARAMS, False))
    wanted = flat(expected(X, count, PARAMS))
    for one, other in zip(found, wanted, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-14)


def test_a_mean_is_the_sum_divided_by_the_number_of_samples():
    for dtype in ("float64", "float32"):
        shortcut = built("loss", dtype).shortcut
        X = RNG.normal(size=(7, 2)).astype(dtype)
        total, whole = shortcut(X, PARAMS.astype(dtype), False)
        mean, part = shortcut(X, PARAMS.astype(dtype), True)
        assert mean == total / 7
        np.testing.assert_array_equal(part, whole / np.dtype(dtype).type(7))


def test_results_have_the_form_that_a_kernel_gives():
    for dtype in ("float64", "float32"):
        X, params = np.ones((5, 2), dtype), PARAMS.astype(dtype)
        values, (also, gradient), (loss, slopes) = (
            built(kind, dtype).shortcut(X, params, False) for kind in KINDS
        )
        assert values.shape == also.shape == (5,)
        assert gradient.shape == X.shape
        assert type(loss) is float
        assert slopes.shape == (3,)
        for array in (values, also, gradient, slopes):
            assert array.dtype == dtype
            assert array.flags.owndata
            assert array.flags.c_contiguous
            assert array.flags.writeable


def test_one_sample_gives_a_float_and_a_gradient_of_one_axis():
    sample = np.array([0.5, -0.3])
    value = built("forward").shortcut(sample, PARAMS, False)
    assert type(value) is float
    also, gradient = built("inputs").shortcut(sample, PARAMS, False)
    assert also == value
    assert gradient.shape == (2,)
    for layout in (sample.repeat(3)[::3], np.array([-0.3, 0.5])[::-1]):
        assert built("forward").shortcut(layout, PARAMS, False) == value


def unaligned(X):
    room = np.empty(X.nbytes + 1, np.uint8)[1:]
    made = room.view(X.dtype).reshape(X.shape)
    made[:] = X
    return made


class Subclass(np.ndarray):
    """An array that may be anything."""


@pytest.mark.parametrize(
    "X",
    [
        None,
        3.0,
        [1.0, 2.0],
        np.zeros((0, 2)),
        np.zeros((3, 1)),
        np.zeros((3, 3)),
        np.zeros((2, 3, 2)),
        np.zeros(3),
        np.zeros(()),
        np.zeros((3, 2), np.float32),
        np.zeros((3, 2), np.int64),
        np.zeros((3, 2), ">f8"),
        np.zeros((3, 2), object),
        unaligned(np.zeros((3, 2))),
        np.zeros((3, 2)).view(Subclass),
        np.zeros((LARGE // 16, 2)),
    ],
    ids=repr,
)
def test_what_it_does_not_take_is_left(X):
    assert built("inputs").shortcut(X, PARAMS, False) is None


def test_a_call_without_all_arguments_is_left():
    shortcut = built("forward").shortcut
    assert shortcut() is None
    assert shortcut(np.zeros((3, 2))) is None


def test_a_kernel_takes_the_long_way_for_what_is_left():
    kernel = mgcompile.compile(*model(), cache=False)
    X = RNG.normal(size=(LARGE // 8, 2))
    expected = reference.build(kernel.program, Options())(X, len(X), PARAMS)[0][:, 0]
    for made in (X, unaligned(X[:9]), X[:9].view(Subclass), X[:9].astype(">f8")):
        np.testing.assert_allclose(kernel(made), expected[: len(made)], rtol=1e-12, atol=1e-15)
        value, gradient = kernel.value_and_grad(made)
        np.testing.assert_allclose(value, expected[: len(made)], rtol=1e-12, atol=1e-15)
        assert gradient.shape == made.shape


def test_batches_that_threads_share_are_left():
    X = RNG.normal(size=(20_000, 2))
    one, two = built("loss", threads=1), built("loss", threads=2)
    assert two.shortcut(X, PARAMS, True) is None
    loss, gradient = one.shortcut(X, PARAMS, False)
    total, slopes = two(X, len(X), PARAMS)
    assert total[0] == loss
    np.testing.assert_array_equal(slopes, gradient)
    small = two.shortcut(X[:100], PARAMS, False)
    np.testing.assert_array_equal(small[1], one.shortcut(X[:100], PARAMS, False)[1])


def test_calls_leave_no_reference_behind():
    X, sample = RNG.normal(size=(5, 2)), np.array([0.5, -0.3])
    shared = (np.dtype("float64"), X, sample, PARAMS, np.ndarray, True)
    shortcuts = [built(kind).shortcut for kind in KINDS]

    def calls():
        for shortcut in shortcuts:
            for taken in (X, sample, X[:, :1], "none", sample[:0]):
                for mean in (True, False):
                    shortcut(taken, PARAMS, mean)

    calls()
    gc.collect()  # garbage of other tests holds references too
    before = [sys.getrefcount(thing) for thing in shared]
    nothing = sys.getrefcount(None)
    for _ in range(200):
        calls()
    assert [sys.getrefcount(thing) for thing in shared] == before
    assert abs(sys.getrefcount(None) - nothing) < 100
    results, others = shortcuts[1](X, PARAMS, False), (np.empty(5), np.empty(5))
    counts = [[sys.getrefcount(array) for array in arrays] for arrays in (results, others)]
    assert counts[0] == counts[1]


def test_a_failure_to_make_an_array_is_raised_and_forgotten():
    shortcut = built("inputs").shortcut
    X = RNG.normal(size=(5, 2))
    expected = shortcut(X, PARAMS, False)
    _, _, arena, addresses, *_ = shortcut.__module__
    short = addresses.copy()
    short[-1] = ctypes.cast(ctypes.pythonapi.PyErr_NoMemory, ctypes.c_void_p).value
    arena.set("PYTHON", short.ctypes.data)
    for _ in range(3):
        with pytest.raises(MemoryError):
            shortcut(X, PARAMS, False)
    arena.set("PYTHON", addresses.ctypes.data)
    for one, other in zip(shortcut(X, PARAMS, False), expected, strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_call_within_a_call_goes_the_long_way():
    seen = []

    def forward(x):
        number = float(x)  # a symbol has none, so the op is called back
        if ready and not seen:
            seen.append(inner.shortcut(X, kernel.params, False))
            seen.append(kernel(X).tolist())
        return abs(number)

    op = Op("nested_of_entry_test", forward=forward, partials=(lambda out, x: 1.0,))
    ready, x, X = False, Value(0.5, "x"), np.array([[-2.0], [3.0]])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mgcompile.errors.PythonCallbackWarning)
        kernel = mgcompile.compile(2.0 * op(x), [x], cache=False)
    inner = kernel._built.executable("forward").inner
    assert inner.shortcut(X, kernel.params, False).tolist() == [4.0, 6.0]
    ready = True
    np.testing.assert_array_equal(kernel(X), [4.0, 6.0])
    assert seen == [None, [4.0, 6.0]]


def test_threads_get_their_own_results_while_parameters_change():
    kernel = mgcompile.compile(*model(), cache=False)
    X = RNG.normal(size=(400, 2))
    choices = [PARAMS, PARAMS + 1.0]
    expected = []
    for choice in choices:
        kernel.params = choice
        expected.append((kernel(X), *kernel.loss_and_grad(X)))
    wrong, done = [], threading.Event()

    def work():
        for _ in range(300):
            values, (loss, gradient) = kernel(X), kernel.loss_and_grad(X)
            if not any(np.array_equal(values, known[0]) for known in expected):
                wrong.append(values)
            if not any(
                loss == known[1] and np.array_equal(gradient, known[2]) for known in expected
            ):
                wrong.append(gradient)

    def change():
        turn = 0
        while not done.is_set():
            turn += 1
            kernel.params = choices[turn % 2]

    workers = [threading.Thread(target=work) for _ in range(4)]
    changer = threading.Thread(target=change)
    for thread in (changer, *workers):
        thread.start()
    for thread in workers:
        thread.join()
    done.set()
    changer.join()
    assert not wrong


def test_a_shortcut_outlives_its_executable():
    X = RNG.normal(size=(5, 2))
    expected = built("forward")(X, 5, PARAMS)[0][:, 0]
    shortcut = built("forward").shortcut
    np.testing.assert_array_equal(shortcut(X, PARAMS, False), expected)


def test_an_interpreter_of_another_build_does_without(monkeypatch):
    X = RNG.normal(size=(5, 2))
    kernel = mgcompile.compile(*model(), cache=False)
    expected = kernel(X), *kernel.value_and_grad(X), *kernel.loss_and_grad(X)
    for module in (executable, cpython):
        monkeypatch.setattr(module, "known", lambda: False)
    kernel = mgcompile.compile(*model(), cache=False)
    found = kernel(X), *kernel.value_and_grad(X), *kernel.loss_and_grad(X)
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_gradient_that_is_the_same_for_all_samples_is_repeated():
    x, y = Value(1.0, "x"), Value(2.0, "y")
    kernel = mgcompile.compile(2.0 * x - 3.0 * y, [x, y], cache=False)
    X = RNG.normal(size=(4, 2))
    _, gradient = kernel.value_and_grad(X)
    np.testing.assert_array_equal(gradient, np.tile([2.0, -3.0], (4, 1)))
    np.testing.assert_array_equal(kernel.value_and_grad(X[0])[1], [2.0, -3.0])

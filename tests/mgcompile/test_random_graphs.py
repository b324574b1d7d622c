"""Hundreds of random graphs: native code against the reference backend against the engine.

Graphs are compiled several at a time, as the sum of a forest whose trees share no leaves. More than
the suite's share: `MGCOMPILE_FORESTS=500 pytest tests/mgcompile/test_random_graphs.py`.
"""

from __future__ import annotations

import os

import numpy as np
import pytest
import random_graphs

import mgcompile
from mgcompile.program.ir import Loop, Scatter, Tape
from mgcompile.schedule.live_outs import is_long
from mgcore import Constant, Value, grad, ops, topological_order
from mgnn import optim

FORESTS = int(os.environ.get("MGCOMPILE_FORESTS", "10"))
STRUCTURED = int(os.environ.get("MGCOMPILE_FORESTS", "12"))
TREES = 10
SAMPLES = (1, 7, 64, 1000)
DTYPES = ["float64", "float32"]
OPTIMIZERS = [
    optim.SGD(lr=1e-3),
    optim.SGD(lr=1e-3, momentum=0.9, weight_decay=0.01),
    optim.Adam(lr=1e-3),
]


def forest(first, trees):
    """Return the sum of random graphs over all ops, of seeds `first` and after."""
    outputs, inputs, params = [], [], []
    for seed in range(first, first + trees):
        output, x, p = random_graphs.any_ops(seed)
        outputs.append(output)
        inputs += x
        params += p
    return ops.sum(*outputs), inputs, params


def numbers(seed, count, columns):
    return np.random.default_rng(seed).uniform(-1.5, 1.5, size=(count, columns))


def compiled(graph, backend, dtype="float64"):
    return mgcompile.compile(*graph, backend=backend, dtype=dtype, cache=False)


class Clear:
    """Tell rows in which no comparison is so close to a tie that float32 may decide otherwise."""

    def __init__(self, output, inputs, params):
        nodes = [n for n in topological_order(output) if n.op is not None and n.op.kink is not None]
        kinks = [n.op.kink(*n.operands) for n in nodes if n.op.name != "select"]
        kinks = [k for k in kinks if isinstance(k, Value) and not isinstance(k, Constant)]
        # each input takes part, as a kernel wants it
        kinks.append(ops.sum(*inputs) * 0.0 + 1.0)
        self.kernel = mgcompile.compile(kinks, inputs, params, backend="numpy")

    def __call__(self, X):
        distances = np.abs(np.stack(self.kernel(X)))
        # A distance of exactly 0 is a tie by construction: relu(gt(x, y)), maximum(x, x).
        return np.all((distances > 1e-4) | (distances == 0.0), axis=0)


def assert_close(found, expected, tolerance, what):
    """Compare, each column in its own scale (at least 1)."""
    found, expected = np.asarray(found, np.float64), np.asarray(expected, np.float64)
    assert found.shape == expected.shape, what
    rows = expected.reshape(len(expected), -1) if expected.ndim else expected.reshape(1, 1)
    scale = np.maximum(1.0, np.max(np.abs(rows), axis=0, initial=0.0))
    error = np.abs(found.reshape(rows.shape) - rows) / scale
    assert np.all(error <= tolerance), f"{what}: off by {np.max(error):.3g}"


def held_together(native, reference, X, tolerance, what):
    """Hold values and gradients of two kernels together on the rows of X."""
    assert_close(native(X), reference(X), tolerance, f"values, {what}")
    found, slopes = native.value_and_grad(X)
    expected, reference_slopes = reference.value_and_grad(X)
    assert_close(found, expected, tolerance, f"values with gradients, {what}")
    assert_close(slopes, reference_slopes, 10 * tolerance, f"gradients to inputs, {what}")
    if native.program.n_params:
        loss, gradient = native.loss_and_grad(X)
        reference_loss, reference_gradient = reference.loss_and_grad(X)
        assert_close(loss, reference_loss, tolerance, f"loss, {what}")
        assert_close(gradient, reference_gradient, 10 * tolerance, f"gradients to params, {what}")


def tolerance_of(dtype):
    return {"float64": 1e-11, "float32": 2e-4}[dtype]


def check_native(graph, dtype, seed, sizes=SAMPLES):
    """Hold native code against the reference backend, for several numbers of samples."""
    native, reference = (compiled(graph, backend, dtype) for backend in ("llvm", "numpy"))
    clear = Clear(*graph)
    for samples in sizes:
        X = numbers(seed, samples, len(graph[1])).astype(dtype)
        if dtype == "float32":
            rows = clear(X)
            assert samples < 64 or np.mean(rows) > 0.2
            X = X[rows]
        if len(X):
            held_together(native, reference, X, tolerance_of(dtype), f"{samples} samples")
            assert_close(native(X[0]), reference(X[0]), tolerance_of(dtype), "one sample")
    return native, reference


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("number", range(FORESTS))
def test_native_code_is_the_reference_on_graphs_over_all_ops(number, dtype):
    check_native(forest(1000 + TREES * number, TREES), dtype, number)


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_machine_for_tapes_is_the_reference_on_graphs_over_all_ops(dtype):
    native, _ = check_native(forest(0, 120), dtype, 0, sizes=(1, 100))
    tapes = [s for s in native.program.statements if isinstance(s, Tape) and is_long(s)]
    assert tapes


@pytest.mark.parametrize(
    ("number", "backend"),
    [*((number, "llvm") for number in range(FORESTS)), *((number, "numpy") for number in range(3))],
)
def test_parameters_after_20_steps_are_the_engines(number, backend, trained_by_engine):
    graph = output, _, params = forest(1000 + TREES * number, TREES // 2)
    optimizer = OPTIMIZERS[number % len(OPTIMIZERS)]
    X = numbers(number, 5, len(graph[1]))
    kernel = compiled(graph, backend)
    expected = trained_by_engine(*graph, X, optimizer)
    losses = kernel.train(X, optimizer, epochs=20)
    np.testing.assert_allclose(kernel.params, expected, rtol=1e-8, atol=1e-10)
    np.testing.assert_array_equal([p.data for p in params], kernel.params)
    assert len(losses) == 20
    assert output.op is not None


@pytest.mark.parametrize("block", range(10))
def test_the_reference_backend_is_the_engine_on_graphs_over_all_ops(block, held_against_engine):
    for seed in range(block * 20, block * 20 + 20):
        graph = random_graphs.any_ops(seed)
        X = numbers(seed, 3, len(graph[1]))
        try:
            held_against_engine(compiled(graph, "numpy"), *graph, X)
        except AssertionError as error:
            raise AssertionError(f"random_graphs.any_ops({seed})") from error


@pytest.mark.parametrize("number", range(20, 20 + STRUCTURED))
@pytest.mark.parametrize("kind", ["repetition", "layered"])
def test_graphs_with_structure_are_the_engines(kind, number, held_against_engine):
    graph = random_graphs.KINDS[kind](number)
    check_native(graph, DTYPES[number % 2], number)
    held_against_engine(compiled(graph, "numpy"), *graph, numbers(number, 2, len(graph[1])))


@pytest.mark.parametrize("seed", [432, 2023, 2030])
def test_a_step_may_read_numbers_kept_in_several_arrays(seed, held_against_engine):
    graph = random_graphs.repetition(seed)
    kernel = compiled(graph, "numpy")
    loops = [s for s in kernel.program.statements if isinstance(s, Loop)]
    assert loops
    inside = [statement for loop in loops for statement in loop.body]
    assert any(isinstance(s, Scatter) for s in (*inside, *kernel.program.statements))
    held_against_engine(kernel, *graph, numbers(seed, 2, len(graph[1])))
    check_native(graph, "float64", seed, sizes=(1, 7))


@pytest.mark.parametrize("number", range(20, 20 + STRUCTURED))
def test_losses_recorded_over_random_data_are_the_engines(number):
    loss, _, params = graph = random_graphs.over_data(number)
    gradient = grad(loss, params)
    for backend in ("numpy", "llvm"):
        for dtype in DTYPES if backend == "llvm" else ("float64",):
            kernel = compiled(graph, backend, dtype)
            tolerance = tolerance_of(dtype)
            found, slopes = kernel.loss_and_grad()
            assert_close(kernel(), loss.data, tolerance, f"value, {backend}, {dtype}")
            assert_close(found, loss.data, tolerance, f"loss, {backend}, {dtype}")
            np.testing.assert_allclose(slopes, gradient, rtol=10 * tolerance, atol=10 * tolerance)

"""The native training loop against the interpreter's: rules, batches, orders, threads."""

from __future__ import annotations

import numpy as np
import pytest

import mgcompile
from mgcompile.autodiff.reverse import gradient_to_params
from mgcompile.backends.interface import Options, TrainCall
from mgcompile.backends.llvm.backend import backend as llvm
from mgcompile.backends.llvm.lower import lower
from mgcompile.backends.llvm.runtime.workspace import useful_threads
from mgcompile.backends.numpy.interpreter import backend as numpy_backend
from mgcompile.program.optimizer import OptimizerSpec
from mgcore import Value, ops

RULES = {
    "sgd": OptimizerSpec("sgd"),
    "momentum and decay": OptimizerSpec("sgd", momentum=0.9, weight_decay=0.01),
    "adam": OptimizerSpec("adam", weight_decay=0.001),
    "adamw": OptimizerSpec("adamw", weight_decay=0.1),
    "clipped sgd": OptimizerSpec("sgd", weight_decay=0.01, clip_norm=0.05),
    "clipped adam": OptimizerSpec("adam", clip_norm=0.3),
    "l1 sgd": OptimizerSpec("sgd", weight_decay=0.01, l1=0.02),
    "l1 adam": OptimizerSpec("adam", l1=0.02, clip_norm=0.3),
}


@pytest.fixture(scope="module")
def program():
    """The squared error of a small tanh net of 13 parameters, and its gradient."""
    x = [Value(0.1, label=name) for name in ("x0", "x1", "y")]
    w = [Value(0.1 * k - 0.6) for k in range(13)]
    hidden = [ops.tanh(ops.dot(*w[3 * k : 3 * k + 2], *x[:2]) + w[3 * k + 2]) for k in range(3)]
    out = ops.dot(*w[9:12], *hidden) + w[12]
    kernel = mgcompile.compile((out - x[2]) ** 2, inputs=x, params=w, backend="numpy")
    return gradient_to_params(kernel.program)


def train(backend, program, rule, dtype, *, orders, threads=1, step=0):
    random = np.random.default_rng(3)
    inputs = random.normal(size=(50, 3)).astype(dtype)
    params = random.normal(size=13).astype(dtype)
    state = np.zeros((rule.state_rows, 13), dtype)
    rates = (0.1 / np.arange(1.0, 17.0)).reshape(4, 4)  # of 4 updates in each of 4 epochs
    trainer = backend.build_trainer(program, rule, Options(dtype, threads))
    losses = trainer(TrainCall(inputs, 50, params, state, step, 16, rates, orders))
    return losses, params, state


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_losses_parameters_and_state_are_the_interpreters(program, rule, dtype):
    random = np.random.default_rng(4)
    orders = np.stack([random.permutation(50) for _ in range(4)])
    ours = train(llvm, program, rule, dtype, orders=orders, step=5)
    theirs = train(numpy_backend, program, rule, dtype, orders=orders, step=5)
    tolerance = {"float64": 1e-11, "float32": 1e-4}[dtype]
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)


def test_without_orders_samples_come_as_they_are(program):
    plain = train(llvm, program, RULES["sgd"], "float64", orders=None)
    listed = train(llvm, program, RULES["sgd"], "float64", orders=np.tile(np.arange(50), (4, 1)))
    for a, b in zip(plain, listed, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.fixture(scope="module")
def larger():
    """The squared error of a tanh net of 61 parameters, no multiple of a few vectors."""
    x = [Value(0.1) for _ in range(5)]
    w = [Value(0.02 * k - 0.6) for k in range(61)]
    hidden = [ops.tanh(ops.dot(*w[5 * k : 5 * k + 5], *x) + w[50 + k]) for k in range(10)]
    kernel = mgcompile.compile((ops.sum(*hidden) - w[60]) ** 2, inputs=x, params=w, backend="numpy")
    return gradient_to_params(kernel.program)


def train_in_batches(backend, program, rule, count, size, threads=1):
    random = np.random.default_rng(3)
    inputs, params = random.normal(size=(count, 5)), random.normal(size=61)
    state = np.zeros((rule.state_rows, 61))
    trainer = backend.build_trainer(program, rule, Options("float64", threads))
    rates = np.full((2, -(-count // size)), 0.01)
    losses = trainer(TrainCall(inputs, count, params, state, 0, size, rates))
    return losses, params, state


@pytest.mark.parametrize("rest", [1, 2])
@pytest.mark.parametrize("threads", [2, 3, 5])
@pytest.mark.parametrize("rule", ["sgd", "adam", "clipped adam"])
def test_threads_train_to_the_same_bits(larger, rule, threads, rest):
    # An update of several chunks, and one of fewer than there are threads.
    lowered = lower(larger, "float64", RULES[rule])
    chunk = lowered.tile.chunk * lowered.tile.samples
    size = 4 * chunk - 5
    count = size + rest * chunk - 7
    assert useful_threads(lowered, size, threads) == min(threads, 4)
    assert useful_threads(lowered, count - size, threads) == min(threads, rest)
    one = train_in_batches(llvm, larger, RULES[rule], count, size)
    several = train_in_batches(llvm, larger, RULES[rule], count, size, threads)
    for a, b in zip(one, several, strict=True):
        np.testing.assert_array_equal(a, b)
    theirs = train_in_batches(numpy_backend, larger, RULES[rule], count, size)
    for a, b in zip(several, theirs, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-11)


def test_adam_goes_on_with_the_same_bits_wherever_calls_are_cut(program):
    random = np.random.default_rng(6)
    inputs, first = random.normal(size=(50, 3)), random.normal(size=13)
    trainer = llvm.build_trainer(program, RULES["adam"], Options("float64", 1))
    found = []
    for calls in ([6], [1, 2, 3]):
        params, state, epoch = first.copy(), np.zeros((2, 13)), 0
        for epochs in calls:
            step, rates = epoch * 4, np.broadcast_to(0.05, (epochs, 4))
            trainer(TrainCall(inputs, 50, params, state, step, 16, rates))
            epoch += epochs
        found.append((params, state))
    for a, b in zip(*found, strict=True):
        np.testing.assert_array_equal(a, b)

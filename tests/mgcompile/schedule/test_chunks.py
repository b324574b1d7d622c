"""A batch is shared among threads chunk by chunk: as few tiles as are worth a thread."""

import numpy as np
import pytest

import mgcompile
from mgcompile.autodiff.pipeline import input_gradient, param_gradient
from mgcompile.backends.llvm.lower import lower
from mgcompile.backends.llvm.runtime.workspace import useful_threads
from mgcompile.schedule.decisions import MOST_TILES
from mgcompile.schedule.ir import BLOCK
from mgcore import Value, ops
from mgnn import MLP

SAMPLES = 200


def _oscillator(x, y, steps):
    for _ in range(steps):
        x, y = x + 0.01 * y, y - 0.01 * ops.sin(x)
    return x * y


def _kernel(steps, threads=1, scale=None):
    scale = Value(0.7) if scale is None else scale
    return mgcompile.trace(
        lambda x, y: _oscillator(scale * x, y, steps), 2, params=[scale], threads=threads
    )


def test_tiles_of_much_work_are_chunks_of_their_own():
    lowered = lower(input_gradient(_kernel(2_000).built.program), "float64")
    assert lowered.tile.chunk == 1
    assert useful_threads(lowered, 2 * lowered.tile.samples, 2) == 2


def test_tiles_of_little_work_are_taken_together():
    lowered = lower(input_gradient(_kernel(2).built.program), "float64")
    assert lowered.tile.chunk == MOST_TILES
    assert useful_threads(lowered, MOST_TILES * lowered.tile.samples, 2) == 1


def test_many_sums_are_not_had_for_little_work():
    inputs = [Value(0.1) for _ in range(200)]
    model = MLP(200, [100, 1], activation="tanh", seed=0)
    kernel = mgcompile.compile(model(inputs), inputs, model.parameters())
    lowered = lower(param_gradient(kernel.built.program), "float64")
    assert lowered.tile.chunk * lowered.tile.samples > BLOCK


@pytest.mark.parametrize("threads", [2, 3])
def test_sums_of_few_heavy_tiles_have_the_same_bits(threads):
    X = np.random.default_rng(0).uniform(0.5, 1.5, size=(SAMPLES, 2))
    one, several = _kernel(1_000), _kernel(1_000, threads)
    alone, shared = one.loss_and_grad(X), several.loss_and_grad(X)
    assert np.float64(alone[0]).tobytes() == np.float64(shared[0]).tobytes()
    assert alone[1].tobytes() == shared[1].tobytes()
    assert one.value_and_grad(X)[1].tobytes() == several.value_and_grad(X)[1].tobytes()
    by_sample = [one.value_and_grad(row)[0] for row in X]
    assert alone[0] == pytest.approx(np.mean(by_sample), rel=1e-13)


def _spread(threads):
    """Return a kernel of a loss that reads a sum over its data set, and that sum's own slopes."""
    random = np.random.default_rng(0)
    a, b = Value(0.3), Value(-0.2)
    made = [ops.tanh(a * number + b) for number in random.normal(size=3_000).tolist()]
    mean = ops.sum(*made) * (1 / len(made))
    loss = ops.sum(*[(each - mean) ** 2 for each in made])
    return mgcompile.compile(loss, inputs=[], params=[a, b], threads=threads)


def test_threads_take_the_chunks_of_each_phase_once():
    one = _spread(1)
    lowered = lower(param_gradient(one.built.program), "float64")
    assert len(lowered.loops.phases) == 3
    assert useful_threads(lowered, 3_000, 8) > 1
    alone = one.loss_and_grad()
    for threads in (2, 8):
        kernel = _spread(threads)
        for _ in range(20):  # which thread takes which chunk differs from call to call
            shared = kernel.loss_and_grad()
            assert shared[0] == alone[0]
            assert shared[1].tobytes() == alone[1].tobytes()


def test_where_nothing_is_summed_more_threads_find_work():
    kernel = _kernel(2_000)
    values = lower(input_gradient(kernel.built.program), "float64")
    sums = lower(param_gradient(kernel.built.program), "float64")
    count = 64 * values.tile.samples
    assert useful_threads(values, count, 100) == 64
    assert useful_threads(sums, 64 * sums.tile.samples, 100) == 16

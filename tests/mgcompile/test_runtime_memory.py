"""What a kernel keeps, whose functions it takes for whose, and where training diverged."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

import mgcompile
from mgcompile.backends.llvm.runtime import jit
from mgcompile.backends.llvm.runtime.result_pool import LARGE, Results
from mgcompile.program.optimizer import OptimizerSpec
from mgcompile.runtime.train_loop import TrainingRun, run_training
from mgcompile.support.recorded_rule import is_known
from mgcore import Op, Value, ops


def test_growing_batches_leave_no_old_buffers_behind() -> None:
    x, w = Value(0.5), Value(0.25)
    u = ops.tanh(w * x)
    for _ in range(30):
        u = ops.tanh(w * u + x)
    kernel = mgcompile.compile(u * u, inputs=[x], params=[w])
    kernel.loss_and_grad([np.ones(1000)])
    tracemalloc.start()
    for count in range(10_000, 100_000, 10_000):
        kernel.loss_and_grad([np.ones(count)])
    now, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    # Of what nine growing buffers would take together, the last one is a fifth.
    kernel2 = mgcompile.compile(u * u, inputs=[x], params=[w])
    tracemalloc.start()
    kernel2.loss_and_grad([np.ones(90_000)])
    once, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert now <= 1.5 * once + (1 << 20)


def test_memory_goes_back_when_its_last_view_is_gone_whatever_refers_to_it_within() -> None:
    results = Results()
    array = results.array((LARGE // 8,), np.dtype("float64"))
    address, view = array.ctypes.data, array[3:].reshape(-1, 1)
    held = [view, view.T]
    del array, view
    assert results.array((LARGE // 8,), np.dtype("float64")).ctypes.data != address
    del held
    found = [results.array((LARGE // 8,), np.dtype("float64")) for _ in range(2)]
    assert address in [each.ctypes.data for each in found]


def test_the_key_of_kept_code_tells_options_of_code_generation(monkeypatch) -> None:
    before = jit.host().key
    monkeypatch.setitem(jit._GENERATION, "opt", 2)
    assert jit.host().key != before


@pytest.mark.parametrize("backend", ["llvm", "numpy"])
def test_an_op_of_ones_own_called_dot_is_no_scalar_product(backend: str) -> None:
    dot = Op(
        "dot",
        lambda a, b, c: a * b - c,
        (lambda out, a, b, c: b, lambda out, a, b, c: a, lambda out, a, b, c: -1.0),
    )
    total = Op("sum", lambda a, b: a * b, (lambda out, a, b: b, lambda out, a, b: a))
    x, y = Value(2.0), Value(3.0)
    kernel = mgcompile.compile(total(dot(x, y, x * x), y), inputs=[x, y], backend=backend)
    value, gradient = kernel.value_and_grad([2.0, 3.0])
    assert value == (2.0 * 3.0 - 4.0) * 3.0
    assert gradient == [(3.0 - 4.0) * 3.0, 2.0 * 3.0 + 2.0]


def test_a_function_that_is_only_called_log_is_not_the_logarithm() -> None:
    log = np.frompyfunc(lambda x: x + 1.0, 1, 1)
    named = type("log", (), {"__name__": "log"})
    assert is_known(np.log)
    assert not is_known(log)
    assert not is_known(named)


class Losses:
    """A trainer whose eleventh update diverges."""

    def __call__(self, call):
        losses = np.ones(call.epochs)
        for number, (epoch, *_) in enumerate(call.batches(), start=call.step):
            call.params[:] += 1.0
            if number >= 10:
                losses[epoch] = np.nan
        return losses


def test_the_first_epoch_that_diverged_is_named_wherever_it_is_in_a_call() -> None:
    told = []

    def diverged(epoch: int, batch: int) -> None:
        told.append((epoch, batch))
        raise KeyError

    training = TrainingRun(
        trainer=Losses(),
        rule=OptimizerSpec("sgd"),
        inputs=np.zeros((6, 1)),
        count=6,
        epochs=50,
        batch_size=2,
        order=None,
        rates=lambda first, count: np.full((count, 3), 0.1),
        diverged=diverged,
    )
    losses: list[float] = []
    with pytest.raises(KeyError):
        run_training(training, np.zeros(1), losses)
    assert told == [(3, 1)]
    assert losses[:3] == [1.0, 1.0, 1.0]
    assert len(losses) == 4
    assert np.isnan(losses[3])

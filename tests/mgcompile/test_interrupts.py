"""Ctrl-C, and any other signal whose handler raises, ends a training within an epoch."""

from __future__ import annotations

import signal
import threading

import numpy as np
import pytest

import mgcompile
from mgcore import Value, ops
from mgnn import MLP, fit, optim

PARAMS = 5


@pytest.fixture(autouse=True)
def _interrupts_are_heard():
    # A shell starts what runs in the background with Ctrl-C ignored.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def interrupt_soon():
    timer = threading.Timer(0.3, signal.raise_signal, [signal.SIGINT])
    timer.start()
    return timer


def kernel_of_steps_by_one(**options):
    """A loss whose gradient is 1 to every parameter: with rate 1 they count the updates."""
    x, w = Value(1.0, "x"), [Value(0.0) for _ in range(PARAMS)]
    kernel = mgcompile.compile(ops.dot(*w, *[x] * PARAMS), [x], w, cache=False, **options)
    # This compiles the loop of many samples, before the signal comes.
    kernel.train(np.ones((64, 1)), optim.SGD(lr=1.0))
    kernel.params = np.zeros(PARAMS)
    return kernel, w


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize(
    ("count", "batch_size"), [(4 * 10**9, 64), (2 * 10**8, None)], ids=["batches", "one batch"]
)
def test_an_epoch_is_left_with_the_updates_that_are_done(count, batch_size, threads):
    kernel, leaves = kernel_of_steps_by_one(threads=threads)
    column = np.broadcast_to(1.0, (count,))
    timer = interrupt_soon()
    with pytest.raises(KeyboardInterrupt):
        kernel.train([column], optim.SGD(lr=1.0), epochs=40, batch_size=batch_size, shuffle=False)
    timer.join()
    done = -kernel.params
    assert np.all(done == done[0])
    assert done[0] == round(done[0])
    assert done[0] < 40 * (count // (batch_size or count))
    if batch_size is not None:
        assert done[0] > 0
    assert [leaf.data for leaf in leaves] == kernel.params.tolist()
    kernel.params = np.zeros(PARAMS)
    kernel.train([column[:640]], optim.SGD(lr=1.0), batch_size=64)
    np.testing.assert_array_equal(kernel.params, [-10.0] * PARAMS)


def test_the_interpreter_is_interrupted_too():
    kernel, _ = kernel_of_steps_by_one(backend="numpy")
    timer = interrupt_soon()
    with pytest.raises(KeyboardInterrupt):
        kernel.train(
            np.ones((1000, 1)), optim.SGD(lr=1.0), epochs=1000, batch_size=1, shuffle=False
        )
    timer.join()
    assert 0 < -kernel.params[0] < 10**6


def test_an_exception_of_any_handler_gets_through():
    class OverTimeError(Exception):
        pass

    def handler(number, frame):
        raise OverTimeError

    kernel, _ = kernel_of_steps_by_one()
    before = signal.signal(signal.SIGINT, handler)
    try:
        timer = interrupt_soon()
        with pytest.raises(OverTimeError):
            kernel.train(
                [np.broadcast_to(1.0, (4 * 10**9,))], optim.SGD(lr=1.0), batch_size=64,
                shuffle=False,
            )  # fmt: skip
        timer.join()
    finally:
        signal.signal(signal.SIGINT, before)


def test_a_handler_that_returns_lets_the_training_go_on():
    heard = []
    kernel, _ = kernel_of_steps_by_one()
    before = signal.signal(signal.SIGINT, lambda number, frame: heard.append(number))
    try:
        timer = interrupt_soon()
        kernel.train(
            [np.broadcast_to(1.0, (10**8,))], optim.SGD(lr=1.0), batch_size=8, shuffle=False
        )
        timer.join()
    finally:
        signal.signal(signal.SIGINT, before)
    assert heard == [signal.SIGINT]
    np.testing.assert_array_equal(kernel.params, [-(10.0**8) / 8] * PARAMS)


def test_training_in_another_thread_is_left_alone():
    kernel, _ = kernel_of_steps_by_one()
    column = np.broadcast_to(1.0, (64 * 10**6,))
    worker = threading.Thread(
        target=kernel.train,
        args=([column], optim.SGD(lr=1.0)),
        kwargs={"batch_size": 64, "shuffle": False},
    )
    worker.start()
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)  # Python gives it to this thread, the main one
    worker.join()
    np.testing.assert_array_equal(kernel.params, [-(10.0**6)] * PARAMS)


def test_fit_keeps_what_a_long_epoch_has_learnt(capsys):
    model = MLP(1, [1], seed=3)
    before = [p.data for p in model.parameters()]
    X = np.linspace(-1.0, 1.0, 100_000)[:, None]
    timers = []

    def begin(epoch):
        if not timers:
            timers.append(interrupt_soon())

    history = fit(
        model, X, X[:, 0], loss="mse", optimizer=optim.SGD(lr=1e-6), epochs=2_000, batch_size=8,
        backend="compiled", progress=False, callbacks=[begin],
    )  # fmt: skip
    timers[0].join()
    assert 1 <= len(history.loss) < 2_000
    assert [p.data for p in model.parameters()] != before
    assert "keeps what it has learnt" in capsys.readouterr().err

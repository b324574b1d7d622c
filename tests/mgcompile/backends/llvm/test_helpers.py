"""Threads that wait for more to do: they are used again, end by themselves, and are not needed."""

from __future__ import annotations

import gc
import os
import signal
import threading
import time
import weakref
from collections import deque
from contextlib import contextmanager

import numpy as np
import pytest

import mgcompile
from mgcompile.backends.llvm.runtime import helpers
from mgcompile.backends.llvm.runtime.helpers import Helper, called
from mgcore import Value, ops
from mgnn import optim

PATIENCE = 60.0
X = np.random.default_rng(0).normal(size=(5_000, 2))


def soon(condition):
    """Wait until a condition holds, and tell whether it came to that."""
    end = time.monotonic() + PATIENCE
    while not condition() and time.monotonic() < end:
        time.sleep(0.01)
    return condition()


def kernel_of(threads):
    x, y, w = Value(0.1), Value(0.2), Value(0.3)
    return mgcompile.compile(ops.tanh(w * x) * ops.exp(-y * y), [x, y], [w], threads=threads)


def same(found, expected):
    return found[0] == expected[0] and found[1].tobytes() == expected[1].tobytes()


@pytest.fixture
def nobody_waits(monkeypatch):
    """Let no helper of other tests be called upon."""
    fresh: deque[Helper] = deque()
    monkeypatch.setattr(helpers, "_idle", lambda: fresh)
    return fresh


def test_helpers_are_called_upon_again(nobody_waits):
    threads = []
    for _ in range(3):
        (helper,) = called(1)
        helper.do(lambda: threads.append(threading.get_ident()))
        assert soon(lambda: len(nobody_waits) == 1)
    assert len(threads) == 3
    assert len(set(threads)) == 1


def test_a_helper_that_nobody_calls_upon_ends(nobody_waits, monkeypatch):
    monkeypatch.setattr(helpers, "_SECONDS", 0.01)
    (helper,) = called(1)
    helper.do(lambda: None)
    assert soon(lambda: not helper.lives)
    assert not nobody_waits


def test_a_helper_that_was_called_upon_waits_for_what_it_is_to_do(nobody_waits, monkeypatch):
    monkeypatch.setattr(helpers, "_SECONDS", 0.01)
    (helper,) = called(1)
    time.sleep(0.1)  # it waits in vain ten times
    done = threading.Event()
    helper.do(done.set)
    assert done.wait(PATIENCE)


def test_a_helper_keeps_nothing_of_what_it_has_done(nobody_waits):
    class Kept:
        pass

    kept = Kept()
    gone = weakref.ref(kept)
    (helper,) = called(1)
    helper.do(lambda: None, kept)
    assert soon(lambda: len(nobody_waits) == 1)
    del kept
    gc.collect()
    assert gone() is None


def test_calls_have_the_same_bits_where_no_thread_can_begin(nobody_waits, monkeypatch):
    expected = kernel_of(1).loss_and_grad(X)

    def refused(_: Helper) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(Helper, "__init__", refused)
    assert same(kernel_of(3).loss_and_grad(X), expected)


def test_kernels_that_are_gone_at_once_leave_their_helpers_whole():
    expected = kernel_of(1).loss_and_grad(X)
    for _ in range(20):
        assert same(kernel_of(3).loss_and_grad(X), expected)  # and its code is freed


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
@pytest.mark.filterwarnings("ignore:os.fork:RuntimeWarning")  # JAX's, once it was imported
def test_a_child_has_helpers_of_its_own():
    kernel = kernel_of(2)
    expected = kernel.loss_and_grad(X)
    child = os.fork()
    if not child:
        os._exit(0 if same(kernel.loss_and_grad(X), expected) else 1)
    ended = [0, 0]

    def has_ended():
        if not ended[0]:
            ended[:] = os.waitpid(child, os.WNOHANG)
        return ended[0] == child

    if not soon(has_ended):
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        pytest.fail("the child waits for a thread that it does not have")
    assert os.waitstatus_to_exitcode(ended[1]) == 0
    assert same(kernel.loss_and_grad(X), expected)


@contextmanager
def interrupts_once_told(monkeypatch):
    """Let an interrupt reach callers that have called upon a helper; yield the helpers."""
    do, told = Helper.do, []

    def interrupted(self, job, keep=None):
        told.append(self)
        do(self, job, keep)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Helper, "do", interrupted)
        yield told


def test_helpers_of_a_call_that_never_begins_leave(nobody_waits, monkeypatch):
    """An interrupt reaches the caller when it has called upon the others, before it begins."""
    kernel = kernel_of(threads=2)
    expected = kernel.loss_and_grad(X)
    with interrupts_once_told(monkeypatch) as told:
        for _ in range(3):
            with pytest.raises(KeyboardInterrupt):
                kernel.loss_and_grad(X)
            assert same(kernel_of(threads=1).loss_and_grad(X), expected)
    assert told
    assert soon(lambda: set(told) <= set(nobody_waits))
    assert same(kernel.loss_and_grad(X), expected)


def test_helpers_of_a_training_that_never_begins_leave(nobody_waits, monkeypatch):
    kernel = kernel_of(threads=2)
    before = kernel.params.tolist()
    with interrupts_once_told(monkeypatch) as told, pytest.raises(KeyboardInterrupt):
        kernel.train(X, optim.SGD(lr=0.1), shuffle=False)
    assert told
    assert soon(lambda: set(told) <= set(nobody_waits))
    assert kernel.params.tolist() == before
    kernel.train(X, optim.SGD(lr=0.1), shuffle=False)
    alone = kernel_of(threads=1)
    alone.train(X, optim.SGD(lr=0.1), shuffle=False)
    assert kernel.params.tolist() == alone.params.tolist()

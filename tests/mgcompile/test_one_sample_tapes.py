"""Programs with short tapes are computed for one sample alone too, tapes written out."""

import random

import numpy as np
import pytest

import mgcompile
from mgcompile.autodiff.pipeline import input_gradient
from mgcompile.program.ir import Tape
from mgcompile.runtime import compiled_programs
from mgcompile.runtime.few_or_many import FewOrMany
from mgcompile.schedule.pipeline import schedule
from mgcore import ops

INPUTS = 6


def irregular(count, seed=0):
    """Return a function whose nodes are hardly alike: most of it becomes a tape."""

    def f(xs):
        rng, nodes = random.Random(seed), list(xs)
        for _ in range(count):
            a, b = nodes[-1 - rng.randrange(min(len(nodes), 9))], rng.choice(nodes[-40:])
            kind = rng.random()
            if kind < 0.5:
                nodes.append(rng.choice([ops.tanh, ops.sigmoid, ops.sin])(a + 0.3 * b))
            else:
                nodes.append(0.7 * a - 0.4 * a * b if kind < 0.8 else a * b + 0.2)
        return ops.sum(*nodes[-12:], *xs)

    return f


def compiled(count, backend="llvm", dtype="float64"):
    f = irregular(count)
    return mgcompile.trace(lambda xs: f(xs), ([0.1] * INPUTS,), backend=backend, dtype=dtype)


@pytest.fixture(autouse=True)
def little_work_counts(monkeypatch):
    """Have calls of few samples take the code of one sample, however little work it is."""
    monkeypatch.setattr(compiled_programs, "MUCH_WORK", 0)


@pytest.mark.parametrize(("count", "alone"), [(60, True), (3_000, False)])
def test_short_tapes_alone_are_written_for_one_sample(count, alone):
    program = input_gradient(compiled(count)._built.program) if alone else None
    program = compiled(count)._built.program if program is None else program
    assert any(isinstance(each, Tape) for each in program.statements)
    plan = schedule(program, "float64", 8, None, one_sample=True)
    assert plan.one_sample == alone
    assert bool(plan.interpreted) != alone


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_one_sample_is_what_it_is_among_many(dtype):
    kernel = compiled(60, dtype=dtype)
    X = np.random.default_rng(1).uniform(-1, 1, size=(40, INPUTS)).astype(dtype)
    tight = 1e-11 if dtype == "float64" else 1e-3
    values, slopes = kernel.value_and_grad(X)
    for row, value, slope in zip(X[:5], values, slopes, strict=False):
        np.testing.assert_allclose(kernel(row), value, rtol=tight)
        alone, found = kernel.value_and_grad(row)
        np.testing.assert_allclose(alone, value, rtol=tight)
        np.testing.assert_allclose(found, slope, rtol=tight, atol=tight)


def test_one_sample_is_what_the_interpreter_gives():
    X = np.random.default_rng(2).uniform(-1, 1, size=(1, INPUTS))
    kernel = compiled(60)
    assert isinstance(kernel._built.executable("inputs"), FewOrMany)
    found = kernel.value_and_grad(X)
    for a, b in zip(found, compiled(60, backend="numpy").value_and_grad(X), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-11, atol=1e-12)

"""Slopes to one input through loops: plain products, and the exact form where these do not know."""

import numpy as np
import pytest

import mgcompile
from mgcompile.autodiff.pipeline import input_gradient, quick_input_gradient
from mgcompile.program.ir import Loop
from mgcompile.runtime.guarded import Guarded
from mgcore import Value, grad, ops, scan

STEPS = 40
POINTS = [-0.5, 0.0, 0.25, 1.5]


def path(x):
    """Return a sum whose terms have a slope of 0 times infinity at x = 0, by convention 0."""

    def step(y, _):
        return 0.9 * y + ops.relu(-x) * ops.sqrt(abs(x)) + 0.1 * ops.sin(x + y), None

    return scan(step, 0.0 * x, length=STEPS)[0]


def by_engine(point):
    x = Value(point)
    out = path(x)
    return out.data, grad(out, [x])[0]


def looped(program):
    return sum(
        statement.op.name == "zero_both"
        for loop in program.statements
        if isinstance(loop, Loop)
        for statement in loop.body
        if hasattr(statement, "op")
    )


@pytest.fixture
def kernel():
    return mgcompile.trace(path, 1, cache=False)


def guard(kernel, samples):
    """Return what runs for so many samples."""
    found = kernel._built.executable("inputs")
    if not isinstance(found, Guarded):
        found = found.few if samples <= found.most else found.many
    assert isinstance(found, Guarded)
    return found


def test_the_quick_form_looks_for_no_zeros(kernel):
    program = kernel._built.program
    assert looped(input_gradient(program)) > 0
    assert looped(quick_input_gradient(program)) == 0


def test_there_is_none_for_two_inputs_or_where_python_decides():
    two = mgcompile.trace(lambda x, y: path(x) * y, 2)
    strict = mgcompile.trace(path, 1, strict=True)
    assert quick_input_gradient(two._built.program) is None
    assert quick_input_gradient(strict._built.program) is None


@pytest.mark.parametrize("point", POINTS)
def test_one_sample(kernel, point):
    value, slope = kernel.value_and_grad([point])
    assert (value, slope[0]) == pytest.approx(by_engine(point), rel=1e-12, abs=1e-15)
    value, slope = kernel.value_and_grad(np.array([point]))
    assert (value, slope[0]) == pytest.approx(by_engine(point), rel=1e-12, abs=1e-15)


@pytest.mark.parametrize("copies", [1, 10])
def test_batches_and_columns(kernel, copies):
    points = np.array(POINTS * copies)
    wanted = np.array([by_engine(point) for point in points.tolist()])
    for X in (points[:, None], [points]):
        values, slopes = kernel.value_and_grad(X)
        slopes = np.reshape(slopes, -1)
        np.testing.assert_allclose(values, wanted[:, 0], rtol=1e-12, atol=1e-15)
        np.testing.assert_allclose(slopes, wanted[:, 1], rtol=1e-12, atol=1e-15)


def twins(kernel):
    return [key for key in kernel._built._made if "guarded" in key]


def test_the_exact_form_is_made_when_it_is_needed():
    kernel = mgcompile.trace(path, 1, cache=False, verify=False)
    guard(kernel, 2)
    kernel.value_and_grad(np.array([[0.25], [1.5]]))
    assert not twins(kernel)
    _, slopes = kernel.value_and_grad(np.array([[0.25], [0.0]]))
    assert twins(kernel)
    assert slopes[1, 0] == pytest.approx(by_engine(0.0)[1], rel=1e-12)


def test_a_slope_that_is_infinite_stays_so():
    kernel = mgcompile.trace(
        lambda x: scan(lambda y, _: (y + ops.sqrt(x), None), x, length=9)[0], 1
    )
    assert kernel.value_and_grad([0.0])[1][0] == np.inf

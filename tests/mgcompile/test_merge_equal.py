"""Equal statements of derivatives are computed once, those of a loop's body among them."""

import numpy as np
import pytest

import mgcompile
from mgcompile.autodiff.pipeline import input_gradient
from mgcompile.program.ir import Loop
from mgcompile.program.merge_equal import merged
from mgcore import ops, scan


def swings(x, y):
    """Return where a pendulum is after some steps; the slope of a root divides twice by it."""

    def step(state, _):
        angle, speed = state
        length = ops.sqrt(1.0 + angle * angle)
        return (angle + 0.02 * speed, speed - 0.01 * angle / length), None

    (angle, _), _ = scan(step, (x, y), length=100)
    return angle


def bodies(program):
    return [s.body for s in program.statements if isinstance(s, Loop)]


def repeated(body):
    """Count the statements of a body that compute what another one does."""
    keys = [(s.op, s.shape, s.operands, s.reduced) for s in body if hasattr(s, "op")]
    return len(keys) - len(set(keys))


def test_a_gradient_repeats_nothing_in_its_loops(monkeypatch):
    kernel = mgcompile.trace(swings, (0.3, 0.5))
    made = bodies(input_gradient(kernel._built.program))
    assert made
    assert all(repeated(body) == 0 for body in made)
    monkeypatch.setenv("MGCOMPILE_SKIP", "merge-equal")
    assert any(repeated(body) for body in bodies(input_gradient(kernel._built.program)))


def test_merging_twice_changes_nothing():
    kernel = mgcompile.trace(swings, (0.3, 0.5))
    once = input_gradient(kernel._built.program)
    assert len(merged(once).statements) == len(once.statements)


@pytest.mark.parametrize("skip", ["", "merge-equal"])
def test_the_slope_to_one_input_through_a_loop_is_that_of_the_engine(monkeypatch, skip):
    from mgcore import Value, grad

    monkeypatch.setenv("MGCOMPILE_SKIP", skip)
    kernel = mgcompile.trace(lambda x: swings(x, 0.5), 1)
    points = [-1.3, 0.0, 0.4, 2.0]
    values, slopes = kernel.value_and_grad(np.array(points)[:, None])
    for point, value, slope in zip(points, values, slopes, strict=True):
        x = Value(point)
        out = swings(x, 0.5)
        assert value == pytest.approx(out.data, rel=1e-13)
        assert slope[0] == pytest.approx(grad(out, x), rel=1e-12)


def test_the_slope_to_one_input_needs_no_state_of_earlier_iterations():
    kernel = mgcompile.trace(lambda x: swings(x, 0.5), 1)
    loops = [s for s in input_gradient(kernel._built.program).statements if isinstance(s, Loop)]
    assert loops
    assert not any(loop.stacks for loop in loops)


def test_a_branch_not_taken_adds_nothing_to_the_slope_through_a_loop():
    def f(x):
        def step(y, _):
            return ops.select(ops.gt(x, 0.0), y + ops.sqrt(x), y), None

        return scan(step, 2.0 * x, length=20)[0]

    kernel = mgcompile.trace(f, 1)
    _, slopes = kernel.value_and_grad(np.array([[0.0], [4.0], [-1.0]]))
    np.testing.assert_allclose(slopes[:, 0], [2.0, 2.0 + 20 * 0.25, 2.0])


def test_the_second_derivative_to_one_input_through_a_loop():
    kernel = mgcompile.trace(lambda x: swings(x, 0.5), 1)
    step = 1e-5
    ends = [kernel.value_and_grad([0.7 + h])[1][0] for h in (step, -step)]
    found = kernel.hessian([0.7])
    np.testing.assert_allclose(np.ravel(found), (ends[0] - ends[1]) / (2 * step), rtol=1e-7)

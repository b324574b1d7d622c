"""Plain products in slopes, where they rarely give NaN, and the exact form where they do."""

import numpy as np
import pytest

import mgcompile
from mgcompile.autodiff.pipeline import input_gradient, input_gradients, param_gradient
from mgcompile.backends.llvm.lower import lower
from mgcompile.program.ir import Bundle, Loop, Tape
from mgcompile.program.traversal import with_loops
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


def guards(program):
    """Count the products that look for zeros, wherever they stand."""
    found = 0
    for statement, _ in with_loops(program):
        if isinstance(statement, Tape):
            names = np.array([op.name for op in statement.ops])
            found += int(np.sum(names[statement.code] == "zero_mul"))
        elif isinstance(statement, Bundle):
            found += statement.op.name in ("zero_mul", "zero_dot", "zero_both")
    return found


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
    assert looped(input_gradient(program, quick=True)) == 0


def test_it_looks_for_those_of_a_choice_in_reverse_and_where_python_decides():
    two = mgcompile.trace(lambda x, y: path(x) * y, 2)._built.program
    strict = mgcompile.trace(path, 1, strict=True)._built.program
    assert guards(input_gradient(two, quick=True)) == guards(input_gradient(two)) > 0
    assert guards(input_gradient(strict, quick=True)) == guards(input_gradient(strict)) > 0


def smooth(x, y):
    """Return a sum whose terms have a slope of 0 times infinity at y = 0, by convention 0."""
    return x * ops.sqrt(y) + ops.exp(y) / x


def chosen(x, y):
    return ops.select(y, x * ops.sqrt(y), 0.0)


def test_in_reverse_it_looks_for_zeros_only_where_an_op_chooses():
    free, bound = (mgcompile.trace(f, 2, cache=False)._built.program for f in (smooth, chosen))
    for gradient in (input_gradient, input_gradients):
        assert guards(gradient(free)) > 0
        assert guards(gradient(free, quick=True)) == 0
        assert guards(gradient(bound, quick=True)) == guards(gradient(bound)) > 0


def test_so_it_does_to_parameters_and_on_tapes():
    x, y = Value(1.0, "x"), Value(0.5, "y")
    by_params = mgcompile.compile(smooth(x, y), [], [x, y], cache=False)._built.program
    assert guards(param_gradient(by_params)) > 0
    assert guards(param_gradient(by_params, quick=True)) == 0
    powers = ops.sqrt(x) + sum((x / y) ** (k + 0.5) * k for k in range(2, 100))
    on_a_tape = mgcompile.compile(powers, [x, y], cache=False)._built.program
    assert any(isinstance(statement, Tape) for statement in on_a_tape.statements)
    assert guards(input_gradient(on_a_tape)) > 0
    assert guards(input_gradient(on_a_tape, quick=True)) == 0


@pytest.mark.parametrize("backend", ["llvm", "numpy"])
def test_zero_times_infinity_counts_as_zero_there_too(backend):
    kernel = mgcompile.trace(smooth, 2, backend=backend, cache=False)
    points = np.array([[2.0, 0.0], [0.5, 1.0], [4.0, 2.0]])
    leaves = [[Value(float(number)) for number in point] for point in points]
    wanted = [grad(smooth(*pair), pair) for pair in leaves]
    np.testing.assert_allclose(kernel.value_and_grad(points)[1], wanted, rtol=1e-12)
    points[1] = [0.0, 0.0]
    x, y = Value(0.0), Value(0.0)
    slopes = kernel.value_and_grad(points)[1]
    np.testing.assert_allclose(slopes[1], grad(smooth(x, y), [x, y]), rtol=1e-12)


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


@pytest.mark.parametrize("form", ["rows", "columns"])
@pytest.mark.parametrize("count", [7, 64, 131, 2000, 400_000])
def test_a_nan_is_seen_wherever_it_stands(form, count):
    kernel = mgcompile.trace(lambda x, y: x * ops.sqrt(y), 2, cache=False)
    for place in (0, count // 2, count - 1):
        points = np.random.default_rng(place).uniform(1.0, 2.0, (count, 2))
        points[place] = 0.0
        wanted = np.sqrt(points[:, 1]), np.zeros(count)
        np.divide(0.5 * points[:, 0], wanted[0], out=wanted[1], where=points[:, 0] != 0.0)
        given = points if form == "rows" else list(np.ascontiguousarray(points.T))
        slopes = kernel.value_and_grad(given)[1]
        slopes = slopes.T if form == "rows" else slopes
        np.testing.assert_allclose(slopes, wanted, rtol=1e-14)


def test_columns_are_looked_at_as_they_are_copied():
    program = mgcompile.trace(smooth, 2, cache=False)._built.derived("inputs", quick=True)
    text = lower(program, "float64").text
    function = text[text.index("define internal void @store_output1(") :]
    of_columns = function[: function.index("ret void")]
    assert "fcmp uno <" in of_columns
    assert of_columns.count("= load <") == of_columns.count("store <")


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

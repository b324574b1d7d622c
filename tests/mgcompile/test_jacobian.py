"""Jacobians of several outputs are the engine's, in every mode, backend and container."""

from __future__ import annotations

import pickle
import random

import numpy as np
import pytest

import mgcompile
from mgcompile.errors import InputError, OptionError
from mgcompile.runtime.jacobian_plan import dense_plan, sparse_plan
from mgcompile.support.colouring import column_colours
from mgcore import Value, grad, ops

BACKENDS = ["numpy", "llvm"]
MODES = ["forward", "reverse", None]


def layers(rng):
    x = [Value(rng.uniform(-1, 1), f"x{i}") for i in range(3)]
    params, h = [], x
    for width in (5, 5):
        rows = [[Value(rng.uniform(-1, 1)) for _ in range(len(h) + 1)] for _ in range(width)]
        params += [p for row in rows for p in row]
        h = [ops.tanh(ops.dot(*row[:-1], *h) + row[-1]) for row in rows]
    return h, x, params


def recurrence(rng):
    """A loop along depth: states of every fifth step."""
    x = [Value(rng.uniform(-1, 1), f"x{i}") for i in range(3)]
    params = [Value(rng.uniform(-1, 1)) for _ in range(4)]
    u, v, outputs = x[0], x[1], []
    for step in range(30):
        u, v = (
            ops.sin(params[0] * u + params[1] * v) + x[2],
            ops.tanh(params[2] * u - v) * params[3],
        )
        if step % 5 == 4:
            outputs += [u, u * v]
    return outputs, x, params


def apart(rng):
    """A loop that no input goes into: states that all samples share."""
    x = [Value(rng.uniform(-1, 1), f"x{i}") for i in range(2)]
    params = [Value(rng.uniform(0.5, 1)) for _ in range(3)]
    u, outputs = params[0], []
    for step in range(24):
        u = ops.sin(params[1] * u) + params[2]
        if step % 8 == 7:
            outputs.append(u * x[0])
    return [*outputs, x[1] * x[1], params[0] ** 2], x, params


def irregular(rng):
    """A tape."""
    x = [Value(rng.uniform(-1, 1), f"x{i}") for i in range(3)]
    params = [Value(rng.uniform(-1, 1)) for _ in range(4)]
    nodes = [*x, *params]
    for _ in range(150):
        a, b = rng.choice(nodes), rng.choice(nodes[-12:])
        op = rng.choice([ops.sin, ops.tanh, ops.mul, ops.add, ops.sub])
        nodes.append(op(a) if op.arity == 1 else op(a, b))
    return [*nodes[-5:], ops.dot(*x, *x)], x, params


MODELS = {"layers": layers, "recurrence": recurrence, "apart": apart, "irregular": irregular}
_BUILT = {}


def built(name, backend):
    if (name, backend) not in _BUILT:
        outputs, x, params = MODELS[name](random.Random(5))
        kernel = mgcompile.compile(outputs, x, params, backend=backend, cache=False)
        _BUILT[name, backend] = kernel, outputs, x, params
    return _BUILT[name, backend]


def engine(outputs, leaves):
    return np.array([grad(output, leaves) for output in outputs])


def close(found, expected):
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", MODELS)
def test_jacobians_are_the_engines(name, backend, mode):
    kernel, outputs, x, params = built(name, backend)
    point = np.array([v.data for v in x])
    to_inputs, to_params = engine(outputs, x), engine(outputs, params)
    close(kernel.jacobian(point, mode=mode), to_inputs)
    close(kernel.jacobian(np.stack([point] * 2), mode=mode), [to_inputs] * 2)
    close(kernel.jacobian(point, wrt="params", mode=mode), to_params)
    close(kernel.jacobian(np.stack([point] * 3), wrt="params", mode=mode), 3 * to_params)
    each = kernel.jacobian(np.stack([point] * 3), wrt="params", per_sample=True, mode=mode)
    close(each, [to_params] * 3)
    assert kernel.jacobian(point, wrt="params", per_sample=True).shape == to_params.shape


@pytest.mark.parametrize("mode", MODES)
def test_every_sample_has_its_own(mode):
    kernel, *_ = built("recurrence", "llvm")
    rows = np.random.default_rng(0).normal(size=(150, 3))
    to_inputs = kernel.jacobian(rows, mode=mode)
    each = kernel.jacobian(rows, wrt="params", per_sample=True, mode=mode)
    step = 1e-6
    for j in range(3):
        move = step * np.eye(3)[j]
        slopes = (np.array(kernel(rows + move)) - np.array(kernel(rows - move))) / (2 * step)
        np.testing.assert_allclose(to_inputs[:, :, j], slopes.T, rtol=1e-5, atol=1e-6)
    close(kernel.jacobian(rows, wrt="params", mode=mode), each.sum(axis=0))
    few = [kernel.jacobian(row, wrt="params", mode=mode) for row in rows[:3]]
    close(each[:3], few)


def test_it_is_checked_as_the_other_derivatives_are():
    outputs, x, params = layers(random.Random(1))
    kernel = mgcompile.compile(outputs, x, params, cache=False)
    rows = np.ones((2, 3))
    for mode in ("forward", "reverse"):
        kernel.jacobian(rows, mode=mode)
        kernel.jacobian(rows, wrt="params", mode=mode)
        kernel.jacobian(rows, wrt="params", mode=mode, per_sample=True)
    checks = {check.program: check for check in kernel.verified.checks}
    assert set(checks) == {
        "forward",
        "Jacobian to inputs, forward mode",
        "Jacobian to inputs, reverse mode",
        "Jacobian to params, forward mode",
        "Jacobian to params, reverse mode",
        "Jacobian to params, reverse mode, summed",
    }
    assert all(check.compared > 0 and not check.undecided for check in checks.values())


def test_a_large_loop_is_checked_node_by_node():
    x = Value(0.3, "x")
    u, outputs = x, []
    for step in range(3000):
        u = u + 0.001 * ops.sin(u * x)
        if step % 500 == 0:
            outputs.append(u)
    kernel = mgcompile.compile(outputs, [x], cache=False)
    close(kernel.jacobian([0.3]), engine(outputs, [x]))
    check = kernel.verified.checks[-1]
    assert check.program.startswith("Jacobian")
    assert check.compared > 0


def test_a_wrong_jacobian_is_refused(monkeypatch):
    from mgcompile.backends.llvm.math import op_table
    from mgcompile.errors import MiscompiledError

    x, y = Value(0.4, "x"), Value(0.7, "y")
    kernel = mgcompile.compile([ops.sin(x) * y, x * y], [x, y], cache=False)
    cos = op_table.LOWERINGS["cos"]
    monkeypatch.setitem(op_table.LOWERINGS, "cos", lambda block, a: cos(block, a) * (1 + 1e-6))
    for mode, name in (("forward", "Jacobian to inputs, forward mode"), ("reverse", "inputs")):
        with pytest.raises(MiscompiledError, match=f"{name}.* is wrong") as caught:
            kernel.jacobian([0.4, 0.7], mode=mode)
        with pytest.raises(MiscompiledError):
            exec(caught.value.script, {})  # noqa: S102 - it was made to be run


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_recorded_data_set_has_one_jacobian_to_its_params(backend):
    rng = random.Random(1)
    w = [Value(rng.uniform(-1, 1)) for _ in range(3)]
    rows = np.random.default_rng(0).normal(size=(20, 3))
    errors = [ops.tanh(ops.dot(*w[:2], *row[:2].tolist()) + w[2]) - row[2] for row in rows]
    loss = sum(error * error for error in errors) * (1.0 / 20)
    kernel = mgcompile.compile([loss], params=w, backend=backend, cache=False)
    assert kernel.program.data is not None
    for mode in MODES:
        close(kernel.jacobian(mode=mode), engine([loss], w))
    with pytest.raises(OptionError, match="recorded over its data set"):
        kernel.jacobian(per_sample=True)


def test_params_alone_have_a_jacobian():
    a, b = Value(0.5, "a"), Value(2.0, "b")
    outputs = [a * b, ops.exp(a), b**3]
    kernel = mgcompile.compile(outputs, params=[a, b], cache=False)
    for mode in MODES:
        close(kernel.jacobian(mode=mode), engine(outputs, [a, b]))
    close(kernel.jacobian(per_sample=True), engine(outputs, [a, b]))


def test_one_output_has_no_axis_of_outputs():
    x, y, a = Value(0.5, "x"), Value(2.0, "y"), Value(1.5, "a")
    kernel = mgcompile.compile(x * y * a, [x, y], [a], cache=False)
    rows = np.array([[0.5, 2.0], [1.0, 3.0]])
    for mode in MODES:
        close(kernel.jacobian(rows, mode=mode), 1.5 * rows[:, ::-1])
        close(kernel.jacobian(rows[0], mode=mode), [3.0, 0.75])
        close(kernel.jacobian(rows, wrt="params", mode=mode), [4.0])
        close(kernel.jacobian(rows, "params", per_sample=True, mode=mode), [[1.0], [3.0]])


def test_an_integrator_has_the_jacobian_that_jax_finds():
    jax = pytest.importorskip("jax")

    def step(r, K, y, h=0.05):
        def slope(y):
            return r * y * (1.0 - y / K)

        k1 = slope(y)
        k2 = slope(y + h / 2 * k1)
        k3 = slope(y + h / 2 * k2)
        k4 = slope(y + h * k3)
        return y + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)

    def states(r, K, y, steps=60):
        found = []
        for number in range(steps):
            y = step(r, K, y)
            if number % 10 == 9:
                found.append(y)
        return found

    x = [Value(0.8), Value(10.0), Value(0.5)]
    rows = np.array([[0.8, 10.0, 0.5], [0.3, 4.0, 1.5]])
    by_inputs = mgcompile.compile(states(*x), x, cache=False)
    by_params = mgcompile.compile(states(*x), params=x, cache=False)
    loop = next(s for s in by_inputs.program.statements if hasattr(s, "count"))
    assert loop.count == 60  # the first step is of the loop too
    with jax.enable_x64(True):
        function = jax.jacrev(lambda x: jax.numpy.stack(states(*x)))
        wanted = np.stack([function(row) for row in rows])
    for mode in MODES:
        np.testing.assert_allclose(by_inputs.jacobian(rows, mode=mode), wanted, rtol=1e-10)
        by_params.params = rows[1]
        np.testing.assert_allclose(by_params.jacobian(mode=mode), wanted[1], rtol=1e-10)


# Containers


@pytest.fixture(scope="module")
def two():
    x, y = Value(0.5, "x"), Value(-0.3, "y")
    return mgcompile.compile([x * y, ops.sin(x)], [x, y], cache=False)


ROWS = np.array([[0.5, -1.0], [2.0, 0.25], [1.0, 3.0]])


def expected(rows):
    x, y = rows.T
    return np.stack([np.stack([y, x], 1), np.stack([np.cos(x), 0 * x], 1)], axis=1)


def test_columns_and_labels_come_back_as_from_value_and_grad(two):
    pd = pytest.importorskip("pandas")
    close(two.jacobian(ROWS), expected(ROWS))
    columns = two.jacobian([ROWS[:, 0], ROWS[:, 1]])
    assert isinstance(columns, list)
    assert isinstance(columns[0], list)
    close(np.array(columns).transpose(2, 0, 1), expected(ROWS))
    by_label = two.jacobian({"y": ROWS[:, 1], "x": ROWS[:, 0]})
    assert [list(one) for one in by_label] == [["y", "x"]] * 2
    close(by_label[1]["x"], np.cos(ROWS[:, 0]))
    frame = pd.DataFrame(ROWS[:, ::-1], columns=["y", "x"], index=list("abc"))
    for found in (two.jacobian(frame), two.value_and_grad(frame)[1]):
        assert [list(one.columns) for one in found] == [["y", "x"]] * 2
        assert list(found[0].index) == list("abc")
        close(np.stack([one[["x", "y"]].to_numpy() for one in found], 1), expected(ROWS))
    close(two.jacobian(frame, out=np.empty((3, 2, 2))), expected(ROWS)[:, :, ::-1])


def test_tensors_come_back_as_tensors(two):
    torch = pytest.importorskip("torch")
    found = two.jacobian(torch.tensor(ROWS))
    assert isinstance(found, torch.Tensor)
    close(found.numpy(), expected(ROWS))


def test_out_takes_the_result(two):
    out = np.empty((3, 2, 2))
    assert two.jacobian(ROWS, out=out) is out
    close(out, expected(ROWS))
    with pytest.raises(InputError, match=r"out has shape \(2, 2\)"):
        two.jacobian(ROWS, out=np.empty((2, 2)))


def test_kernels_from_files_and_in_float32_have_jacobians(two):
    close(pickle.loads(pickle.dumps(two)).jacobian(ROWS), expected(ROWS))
    x, y = Value(0.5, "x"), Value(-0.3, "y")
    single = mgcompile.compile([x * y, ops.sin(x)], [x, y], dtype="float32", cache=False)
    found = single.jacobian(ROWS)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected(ROWS), rtol=1e-5)
    close(two.jacobian(ROWS.astype(np.float32)), expected(ROWS.astype(np.float32).astype(float)))
    assert two.jacobian(np.zeros((0, 2))).shape == (0, 2, 2)


def test_what_cannot_be_is_named(two):
    with pytest.raises(OptionError, match="wrt is 'x'"):
        two.jacobian(ROWS, wrt="x")
    with pytest.raises(OptionError, match="mode is 'both'"):
        two.jacobian(ROWS, mode="both")
    assert two.jacobian(ROWS, wrt="params").shape == (2, 0)


def test_a_branch_not_taken_keeps_its_infinite_slope_out():
    x, y = Value(0.0, "x"), Value(1.0, "y")
    root = ops.select(ops.gt(x, 0.0), ops.sqrt(x), 0.0)
    kernel = mgcompile.compile([root * y, y * y, ops.log(y) * 2.0], [x, y], cache=False)
    for mode in MODES:
        found = kernel.jacobian(np.array([0.0, -1.0]), mode=mode)
        close(found[:2], [[0.0, 0.0], [0.0, -2.0]])


# Few outputs


def few(rng):
    """A loop and functions that two outputs share."""
    x = [Value(rng.uniform(0.2, 1), f"x{i}") for i in range(3)]
    u, v = x[0], x[1]
    for _ in range(15):
        u, v = ops.sin(u * x[2]) + 0.5 * v, ops.tanh(u - v)
    shared = ops.exp(u * v)
    return [shared * u, shared + v, ops.log(shared) * x[0]], x


@pytest.mark.parametrize("backend", BACKENDS)
def test_few_outputs_have_their_gradients_from_one_program(backend):
    outputs, x = few(random.Random(2))
    kernel = mgcompile.compile(outputs, x, backend=backend, cache=False)
    rows = np.random.default_rng(1).uniform(0.2, 1.0, (70, 3))
    _, gradients = kernel.value_and_grad(rows)
    found = kernel.jacobian(rows)
    close(np.stack(gradients, axis=1), found)
    close(found, kernel.jacobian(rows, mode="forward"))
    point = np.array([v.data for v in x])
    close(kernel.jacobian(point), engine(outputs, x))
    value, gradient = kernel.value_and_grad(point)
    close(value, [output.data for output in outputs])
    close(np.array(gradient), engine(outputs, x))
    checked = [check.program for check in kernel.verified.checks]
    names = [name for name in checked if not name.endswith("few samples")]
    assert names == ["forward", "inputs (all outputs)", "Jacobian to inputs, forward mode"]
    assert str(kernel.jacobian_plan()) == "3 reverse sweeps in one program, about 12 evaluations"


# Sparse ones


def stencil(n):
    """Each output depends on three neighbours."""
    x = [Value(0.1 * i, f"x{i}") for i in range(n)]
    return [x[i] * x[i - 1] + ops.sin(x[(i + 1) % n]) for i in range(n)], x


@pytest.mark.parametrize("mode", MODES)
def test_a_banded_jacobian_takes_few_sweeps(mode):
    outputs, x = stencil(30)
    kernel = mgcompile.compile(outputs, x, cache=False)
    point = np.array([v.data for v in x])
    close(kernel.jacobian(point, mode=mode), engine(outputs, x))
    plan = kernel.jacobian_plan("inputs", mode)
    assert sum(len(part.directions) for part in plan.parts) <= 4


def test_an_arrow_takes_both_modes():
    n = 40
    x = [Value(0.1 * i + 0.1, f"x{i}") for i in range(n)]
    outputs = [ops.sum(*[v * v for v in x]), *[x[i] * x[i] * x[0] for i in range(1, n)]]
    kernel = mgcompile.compile(outputs, x, cache=False)
    point = np.array([v.data for v in x])
    close(kernel.jacobian(np.stack([point, 2 * point]))[0], engine(outputs, x))
    plan = kernel.jacobian_plan()
    assert {part.mode: len(part.directions) for part in plan.parts} == {"forward": 2, "reverse": 1}
    assert str(plan) == "2 forward and 1 reverse sweeps, about 9 evaluations"


def test_sparse_params_and_loops():
    p = [Value(0.2 * i + 0.1) for i in range(8)]
    t = Value(0.5, "t")
    outputs = []
    for a in p:
        u = a
        for _ in range(20):
            u = ops.sin(u * t)
        outputs.append(u)
    kernel = mgcompile.compile(outputs, [t], p, cache=False)
    rows = np.array([[0.5], [0.5]])
    close(kernel.jacobian(rows, wrt="params"), 2 * engine(outputs, p))
    assert sum(len(part.directions) for part in kernel.jacobian_plan("params").parts) == 1


def test_an_entry_that_was_left_out_is_noticed(monkeypatch):
    from mgcompile.errors import MiscompiledError
    from mgcompile.runtime import jacobian

    found = jacobian.dependence

    def forgetful(program, source):
        pattern = found(program, source)
        pattern[3, 4] = False  # it is 1 there, and the columns can share a sweep now
        return pattern

    monkeypatch.setattr(jacobian, "dependence", forgetful)
    outputs, x = stencil(30)
    kernel = mgcompile.compile(outputs, x, cache=False)
    for mode in ("forward", "reverse"):
        with pytest.raises(MiscompiledError, match="put together wrongly"):
            kernel.jacobian(np.ones(30), mode=mode)
    unchecked = mgcompile.compile(outputs, x, cache=False, verify=False)
    assert unchecked.jacobian(np.ones(30)).shape == (30, 30)


@pytest.mark.parametrize("seed", range(5))
def test_plans_give_every_entry_of_random_matrices(seed):
    rng = np.random.default_rng(seed)
    pattern = rng.random((17, 23)) < rng.choice([0.05, 0.2, 0.9])
    matrix = np.where(pattern, rng.normal(size=pattern.shape), 0.0)
    for mode in MODES:
        plan = sparse_plan(pattern, mode)
        assert plan.cost <= dense_plan(17, 23, mode).cost
        found = np.zeros_like(matrix)
        for part in plan.parts:
            forward = part.mode == "forward"
            swept = part.directions @ (matrix.T if forward else matrix)
            if part.rows is None:
                found[...] = swept.T if forward else swept
            else:
                element = part.rows if forward else part.columns
                found[part.rows, part.columns] = swept[part.sweep, element]
        np.testing.assert_allclose(found, matrix, atol=1e-15)


def test_columns_of_one_colour_share_no_row():
    pattern = np.random.default_rng(3).random((40, 60)) < 0.1
    colours = column_colours(pattern)
    for colour in np.unique(colours):
        assert pattern[:, colours == colour].sum(axis=1).max() <= 1

"""Every kernel is checked before it is handed out, and nothing right is refused."""

from __future__ import annotations

import math
import pickle
import random

import numpy as np
import pytest
from mutation.corpus import GRAPHS
from mutation.run import build

import mgcompile
from mgcompile.backends.llvm.ir.vector_builder import Block
from mgcompile.backends.llvm.math import op_table
from mgcompile.errors import KernelFileError, MiscompiledError, OptionError
from mgcompile.graph.capture import capture
from mgcompile.verification.points import Trial
from mgcompile.verification.reference import Reference, vector
from mgcore import Op, Value, grad, hvp, ops, register, unregister
from mgnn import optim


def one_layer():
    rng = random.Random(3)
    x = [Value(rng.uniform(-1, 1), f"x{i}") for i in range(3)]
    w = [Value(rng.uniform(-1, 1), f"w{i}") for i in range(3)]
    return ops.tanh(ops.dot(*w, *x)) * ops.exp(x[0]) + 0.25, x, w


@pytest.fixture
def wrong_exp(monkeypatch):
    """A compiler whose exp is a little wrong: by one part in a million."""
    exp = op_table.LOWERINGS["exp"]
    monkeypatch.setitem(op_table.LOWERINGS, "exp", lambda block, a: exp(block, a) * (1 + 1e-6))


def test_a_kernel_says_what_was_checked():
    out, x, w = one_layer()
    kernel = mgcompile.compile(out, x, w)
    assert [check.program for check in kernel.verified.checks] == ["forward"]
    kernel.value_and_grad(np.ones((2, 3)))
    kernel.loss_and_grad(np.ones((2, 3)))
    kernel.hvp(np.ones((2, 3)), np.ones(3))
    names = [check.program for check in kernel.verified.checks]
    assert names == ["forward", "inputs (output 0)", "loss", "input_product"]
    assert all(check.compared > 0 and not check.undecided for check in kernel.verified.checks)
    assert "loss: " in str(kernel.verified)
    assert "agree with an evaluation level by level" in str(kernel.verified)


def test_levels_come_from_the_argument_or_the_environment(monkeypatch):
    out, x, w = one_layer()
    assert mgcompile.compile(out, x, w, verify="full").verified.level == "full"
    assert mgcompile.compile(out, x, w, verify=False).verified.checks == ()
    monkeypatch.setenv("MGCOMPILE_VERIFY", "off")
    assert mgcompile.compile(out, x, w).verified.level is False
    assert mgcompile.compile(out, x, w, verify=True).verified.level is True
    monkeypatch.setenv("MGCOMPILE_VERIFY", "sometimes")
    with pytest.raises(OptionError, match="MGCOMPILE_VERIFY is 'sometimes'"):
        mgcompile.compile(out, x, w)
    with pytest.raises(OptionError, match="verify is 2"):
        mgcompile.compile(out, x, w, verify=2)


@pytest.mark.usefixtures("wrong_exp")
def test_a_wrong_kernel_is_refused_with_a_small_program_that_shows_it():
    out, x, w = one_layer()
    with pytest.raises(MiscompiledError, match=r"compiled forward is wrong.*value 0") as caught:
        mgcompile.compile(out, x, w, cache=False)
    script = caught.value.script
    assert script.count(" = ops.") == 1  # of the five ops, the one that is wrong
    assert "ops.exp(" in script
    with pytest.raises(MiscompiledError):
        exec(script, {})  # noqa: S102 - it was made to be run
    unchecked = mgcompile.compile(out, x, w, cache=False, verify=False)
    assert unchecked([v.data for v in x]) != pytest.approx(out.data, rel=1e-8)


def test_fit_goes_on_eagerly_with_a_note(monkeypatch):
    from mgnn import MLP, fit

    tanh = op_table.LOWERINGS["tanh"]
    monkeypatch.setitem(op_table.LOWERINGS, "tanh", lambda block, a: tanh(block, a) * 1.0001)
    monkeypatch.setenv("MGCORE_CACHE", "off")
    model = MLP(2, [3, 1], activation="tanh", seed=1)
    X = np.random.default_rng(0).normal(size=(20, 2))
    history = fit(model, X, X[:, 0], loss="mse", optimizer=optim.SGD(lr=0.1), epochs=2)
    assert "is wrong and is not handed out" in history.note
    assert len(history.loss) == 2


@pytest.mark.parametrize("rule", [optim.SGD(lr=0.1, l1=0.3), optim.Adam(lr=0.1, l1=0.3)])
def test_an_update_that_leaves_its_penalty_out_is_refused(monkeypatch, rule):
    x, y, w = Value(1.0, "x"), Value(1.0, "y"), Value(2.0, "w")
    loss, X = (w * x - y) ** 2, np.random.default_rng(1).normal(size=(20, 2))
    mgcompile.compile(loss, [x, y], [w], cache=False, verify="full").train(X, rule, epochs=1)
    monkeypatch.setattr(Block, "copy_sign", lambda self, a, sign: sign)
    kernel = mgcompile.compile(loss, [x, y], [w], cache=False, verify="full")
    with pytest.raises(MiscompiledError, match="parameter after an update"):
        kernel.train(X, rule, epochs=1)


def test_a_wrong_derivative_is_refused_when_it_is_first_asked_for(monkeypatch):
    from mgcompile.autodiff import adjoints

    out, x, w = one_layer()
    kernel = mgcompile.compile(out, x, w, cache=False)
    seed = adjoints.Adjoints.seed
    monkeypatch.setattr(adjoints.Adjoints, "seed", lambda self, array, _: seed(self, array, 1.001))
    with pytest.raises(MiscompiledError, match="derivative to input"):
        kernel.value_and_grad(np.ones((2, 3)))
    with pytest.raises(MiscompiledError, match="derivative to parameter"):
        kernel.loss_and_grad(np.ones((2, 3)))
    assert kernel(np.ones((2, 3))).shape == (2,)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", GRAPHS)
def test_right_kernels_pass_the_full_check(name, dtype):
    outputs, inputs, params, kinds = GRAPHS[name]()
    kernel = mgcompile.compile(outputs, inputs, params, dtype=dtype, verify="full")
    for kind in kinds:
        build(kernel, kind, len(outputs))
    assert all(check.compared for check in kernel.verified.checks)


EDGES = {
    "relu at 0": lambda x, w: ops.relu(x * w - 0.25) + ops.relu(x - 0.5),
    "abs of a difference that is 0": lambda x, w: ops.abs(x - w),
    "a tie": lambda x, w: ops.maximum(x, w) * ops.minimum(x, 0.5),
    "cancellation": lambda x, w: (x + 1e9) - 1e9 + w * 1e-12,
    "log at its edge": lambda x, w: ops.log(x - 0.5 + 1e-300) * w,
    "overflow beside the point": lambda x, w: ops.exp(x * 1419.0) * w,
    "sqrt of a difference": lambda x, w: ops.sqrt(x * x - w * w),
    "steep": lambda x, w: ops.tanh(1e8 * (x - w)) + ops.sigmoid(700.0 * x),
    "chaos": lambda x, w: _logistic(x, w),
    "subnormal": lambda x, w: x * 1e-310 * w,
    "a power of a negative number": lambda x, w: (w - 1.0) ** 3 * x,
}


def _logistic(x, w):
    for _ in range(60):
        x = 3.9 * x * (1.0 - x) + 0.0 * w
    return x


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("edge", EDGES)
def test_edges_and_rounding_raise_no_alarm(edge, dtype):
    x, w = Value(0.5, "x"), Value(0.5, "w")
    try:
        out = EDGES[edge](x, w)
    except ArithmeticError:
        pytest.skip("the engine refuses the point itself")
    kernel = mgcompile.compile(out, [x], [w], dtype=dtype, verify="full")
    for kind in ("inputs", "loss", "input_product", "param_product", "sgd"):
        build(kernel, kind, 1)


@pytest.mark.filterwarnings("ignore::mgcompile.errors.PythonCallbackWarning")
@pytest.mark.parametrize("backend", ["llvm", "numpy"])
def test_rules_that_are_called_back_may_be_impure(backend):
    draw = random.Random(0)
    noisy = Op("noisy", lambda x: math.sin(x) + draw.random(), (lambda out, x: math.cos(x),))
    x = Value(0.5)
    kernel = mgcompile.compile(noisy(x), [x], backend=backend, verify="full")
    assert kernel.value_and_grad([np.array([0.5])])[1][0][0] == pytest.approx(math.cos(0.5))


def test_numbers_changed_after_recording_raise_no_alarm():
    out, x, w = one_layer()
    for leaf in (*x, *w):
        leaf.data += 0.125
    kernel = mgcompile.compile(out, x, w, verify="full")
    kernel.loss_and_grad(np.ones((2, 3)))


@pytest.mark.parametrize("name", ["perceptron", "stepped", "irregular", "pairs", "classes"])
def test_the_independent_evaluation_is_the_engine(name):
    (out,), inputs, params, _ = GRAPHS[name]()
    reference = Reference(capture([out], inputs, params), "float64")
    point = np.array([x.data for x in inputs])
    trial = Trial(np.array([p.data for p in params]), point[None], 1)
    value, slopes = reference.wanted("inputs", 0, trial)
    assert value[0, 0] == pytest.approx(out.data, rel=1e-13)
    assert slopes[:, 0] == pytest.approx(np.array(grad(out, inputs)), rel=1e-11, abs=1e-13)
    node_by_node = reference._node_by_node("loss", 0, trial, 1)[1]
    assert node_by_node[:, 0] == pytest.approx(np.array(grad(out, params)), rel=1e-11, abs=1e-13)
    (moved,) = reference.wanted("input_product", 0, trial)
    wanted = hvp(out, inputs, vector(len(inputs), "float64").tolist())
    assert moved[:, 0] == pytest.approx(np.array(wanted), rel=1e-9, abs=1e-11)


def test_a_kernel_from_a_file_is_checked_again(tmp_path):
    out, x, w = one_layer()
    kernel = mgcompile.compile(out, x, w)
    kernel.save(tmp_path / "kernel")
    loaded = mgcompile.load(tmp_path / "kernel")
    loaded(np.ones((2, 3)))
    loaded.value_and_grad(np.ones((2, 3)))
    assert [check.program for check in loaded.verified.checks] == ["forward", "inputs (output 0)"]
    assert pickle.loads(pickle.dumps(loaded)).verified.level is True


@pytest.mark.parametrize("edited", ["forward", "partial"])
def test_a_kernel_whose_ops_rules_were_edited_is_refused_when_loaded(tmp_path, edited):
    def op(factor, slope):
        return Op("edited", lambda x: factor * x * x, (lambda out, x: slope * x,))

    register(op(1.0, 2.0))
    try:
        x = Value(0.5)
        mgcompile.compile(ops.edited(x), [x]).save(tmp_path / "kernel")
        assert mgcompile.load(tmp_path / "kernel")([3.0]) == 9.0
        unregister("edited")
        register(op(2.0, 2.0) if edited == "forward" else op(1.0, 3.0))
        with pytest.raises(KernelFileError, match="rules of op edited"):
            mgcompile.load(tmp_path / "kernel")
    finally:
        unregister("edited")


@pytest.mark.parametrize("thorough", [False, True])
def test_rounding_makes_no_slope_of_a_negative_number_squared_unknown(thorough):
    x, y = Value(-2.0), Value(3.0)
    graph = capture([x**2 + x**3 * y], [x], [y])
    trial = Trial(np.array([3.0]), np.array([[-2.0]]), 1)
    found = Reference(graph, "float64").wanted("inputs", 0, trial, 12, thorough=thorough)
    np.testing.assert_allclose(found[1], 2.0 * -2.0 + 3.0 * 4.0 * 3.0, rtol=1e-12)


def test_a_check_of_a_deep_graph_says_what_was_compared_and_what_was_not():
    x, y = Value(0.5, "x"), Value(0.25, "y")
    state, rng = x, random.Random(1)
    for _ in range(16_000):
        state = ops.sin(state) + (y * state if rng.random() < 0.5 else x * 0.25)
    kernel = mgcompile.compile(state, [x, y], cache=False)
    kernel.value_and_grad(np.array([[0.5, 0.25]]))
    kernel.hvp(np.array([[0.5, 0.25]]), np.array([1.0, 0.0]))
    said = {check.program: str(check) for check in kernel.verified.checks}
    assert "1 number at 1 point agree with the recorded values" in said["forward"]
    slopes = next(text for name, text in said.items() if name.startswith("inputs"))
    assert "its sum along one direction" in slopes
    assert "no more, as the graph is large and deep" in slopes
    assert "not checked (nothing: evaluating" in said["input_product"]
    assert "verify='full' does" in said["input_product"]

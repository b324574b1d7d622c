"""Kernels as C: compiled without a warning, and held against the engine."""

from __future__ import annotations

import ctypes
import functools
import math
import random
import re
import shutil
import subprocess
import warnings
from typing import TYPE_CHECKING

import numpy as np
import pytest
from random_graphs import KINDS, UNARY

import mgcompile
from mgcompile.backends.c.op_table import expression
from mgcompile.errors import ExportError, PythonCallbackWarning
from mgcompile.program.ir import Loop
from mgcompile.support.op_traits import is_known
from mgcore import Op, Value, grad, ops, replay
from mgnn import MLP

if TYPE_CHECKING:
    from pathlib import Path

CC = shutil.which("cc")
FLAGS = ["-O2", "-Wall", "-Wextra", "-Werror", "-std=c99", "-pedantic"]
RTOL = 1e-12

pytestmark = pytest.mark.skipif(CC is None, reason="needs a C compiler")


class InC:
    """A kernel's functions, exported, compiled and loaded: called as the kernel is."""

    def __init__(self, kernel, folder: Path, n_inputs: int) -> None:
        source, library = folder / "made.c", folder / "made.so"
        kernel.export(source)
        run(["cc", *FLAGS, "-fPIC", "-shared", source, "-o", library, "-lm"])
        self.n_inputs, self.n_params = n_inputs, kernel.program.n_params
        self.takes_inputs = n_inputs > 0
        self.library = ctypes.CDLL(str(library))
        self.params = np.array(kernel.params)

    def _call(self, name, *arguments) -> int:
        given = [self.params, *arguments] if self.n_params else list(arguments)
        passed = [
            x.ctypes.data_as(ctypes.c_void_p) if isinstance(x, np.ndarray) else x for x in given
        ]
        return getattr(self.library, f"made_{name}")(*passed)

    def _rows(self, X):
        return np.ascontiguousarray(np.atleast_2d(X), dtype=np.float64)

    def __call__(self, X):
        out = np.full(len(self._rows(X)), np.nan)
        for i, row in enumerate(self._rows(X)):
            assert self._call("value", row, out[i : i + 1]) == 0
        return out if np.ndim(X) == 2 else out[0]

    def value_and_grad(self, X):
        rows = self._rows(X)
        out, slopes = np.full(len(rows), np.nan), np.full(rows.shape, np.nan)
        for i, row in enumerate(rows):
            assert self._call("value_and_grad", row, out[i : i + 1], slopes[i]) == 0
        return out, slopes

    def loss_and_grad(self, X=None):
        loss, slopes = np.full(1, np.nan), np.full(self.n_params, np.nan)
        given = () if X is None else (self._rows(X), ctypes.c_size_t(len(X)))
        assert self._call("loss_and_grad", *given, loss, slopes) == 0
        return loss[0], slopes


def run(command, **more):
    done = subprocess.run(
        [str(x) for x in command], capture_output=True, text=True, check=False, **more
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def exported(graph, folder):
    kernel = mgcompile.compile(*graph, backend="numpy", cache=False, verify=False)
    return InC(kernel, folder, len(graph[1]))


def by_engine(graph, row):
    """Return value and gradient to inputs and parameters, recorded anew at a row."""
    output, inputs, params = graph
    leaves = [*inputs, *params]
    numbers = dict(zip(inputs, row, strict=True))
    again, *leaves = replay([output, *leaves], numbers)
    return again.data, np.array([float(slope) for slope in grad(again, leaves)])


def held(graph, folder, seed=0, rows=3):
    n, made = len(graph[1]), exported(graph, folder)
    X = np.random.default_rng(seed).uniform(-1, 1, (rows, n)) if n else np.zeros((1, 0))
    values, slopes = map(np.array, zip(*(by_engine(graph, row) for row in X.tolist()), strict=True))
    if n:
        close(made(X), values)
        for found, right in zip(made.value_and_grad(X), (values, slopes[:, :n]), strict=True):
            close(found, right)
    if graph[2]:
        loss, found = made.loss_and_grad(X if n else None)
        close(loss, values.mean())
        close(found, slopes[:, n:].mean(axis=0))


def close(found, right):
    """Hold numbers to 1e-12 of the largest, or of 1."""
    assert np.shape(found) == np.shape(right)
    np.testing.assert_allclose(found, right, rtol=0, atol=RTOL * max(1.0, np.max(np.abs(right))))


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("kind", KINDS)
def test_random_graphs_of_every_kind_are_right_in_c(kind, seed, tmp_path):
    held(KINDS[kind](seed), tmp_path, seed)


@pytest.mark.parametrize("name", UNARY)
def test_ops_of_one_operand_are_right_in_c(name, tmp_path):
    x, w = Value(0.3, "x"), Value(0.7, "w")
    held((getattr(ops, name)(UNARY[name](x * w)) * 2.0, [x], [w]), tmp_path, rows=5)


FURTHER = {
    **dict.fromkeys(("acos", "asin", "atanh", "exp2", "tan"), lambda x: ops.tanh(x) * 0.9),
    **dict.fromkeys(("acosh",), lambda x: x * x + 1.5),
    **dict.fromkeys(("log10", "log1p", "log2", "rsqrt", "reciprocal"), lambda x: x * x + 0.5),
    **dict.fromkeys(("asinh", "atan", "cosh", "expm1", "sinh", "square"), lambda x: x),
    "cbrt": lambda x: x * x + 0.5,
    **dict.fromkeys(("floor", "ceil", "trunc", "round", "frac"), lambda x: x * 3.3 + 0.1),
    **dict.fromkeys(("sinc", "degrees", "softshrink", "gelu_tanh", "quadratic"), lambda x: x * 3),
    **dict.fromkeys(("sign", "isnan", "logical_not"), lambda x: x),
}
BINARY = (
    *("atan2", "hypot", "logaddexp", "celu", "prelu", "swish", "glu", "eq", "ne", "logical_and"),
    *("logical_or", "mod", "remainder", "copysign"),
)
MANY = ("clip", "where", "max", "min", "prod", "mean", "var", "norm", "polyval", "softmax")


@pytest.mark.parametrize("name", [*BINARY, *MANY])
def test_ops_of_several_operands_are_right_in_c(name, tmp_path):
    x = [Value(v, f"x{i}") for i, v in enumerate([0.9, -0.4, 0.6][: 2 if name in BINARY else 3])]
    out = getattr(ops, name)(*[a * 1.5 for a in x])
    held((out * 2.0 + x[0], x, []), tmp_path)


@pytest.mark.parametrize("name", FURTHER)
def test_further_functions_are_right_in_c(name, tmp_path):
    x, w = Value(0.3, "x"), Value(0.7, "w")
    held((getattr(ops, name)(FURTHER[name](x * w)) * 2.0, [x], [w]), tmp_path)


@pytest.mark.parametrize("count", [1, 3, 40])
@pytest.mark.parametrize("name", ["sum", "dot", "logsumexp", "max", "min"])
def test_ops_of_many_operands_are_right_in_c(name, count, tmp_path):
    rng = random.Random(count)
    x, w = [Value(rng.uniform(-1, 1)) for _ in range(count)], [Value(0.5) for _ in range(count)]
    operands = [*x, *w] if name == "dot" else [a * b for a, b in zip(x, w, strict=True)]
    held((ops.tanh(getattr(ops, name)(*operands)), x, w), tmp_path)


@pytest.mark.parametrize("ties", [1, 2, 4])
@pytest.mark.parametrize("name", ["maximum", "minimum"])
def test_a_long_chain_is_right_in_c(name, ties, tmp_path):
    x = [Value(0.01 * k) for k in range(70)]
    chain = functools.reduce(getattr(ops, name), x)
    graph = (ops.tanh(chain), x, [])
    made = exported(graph, tmp_path)
    X = np.random.default_rng(ties).uniform(-1, 1, (2, 70))
    X[1, [3, 20, 21, 69][:ties]] = 2.0 if name == "maximum" else -2.0
    for row, found in zip(X, zip(*made.value_and_grad(X), strict=True), strict=True):
        for one, right in zip(found, by_engine(graph, row.tolist()), strict=True):
            close(one, right)


def test_a_net_too_large_for_the_stack_is_right_in_c(tmp_path):
    x = [Value(0.1 * i, f"x{i}") for i in range(4)]
    model = MLP(4, [64, 64, 64, 1], activation="tanh", seed=1)
    graph = (model(x), x, list(model.parameters()))
    X = np.random.default_rng(1).normal(size=(3, 4))
    made = exported(graph, tmp_path)
    assert "malloc" in (tmp_path / "made.c").read_text()
    kernel = mgcompile.compile(*graph)
    np.testing.assert_allclose(made(X), kernel(X), rtol=RTOL, atol=RTOL)
    for found, right in zip(made.loss_and_grad(X), kernel.loss_and_grad(X), strict=True):
        np.testing.assert_allclose(found, right, rtol=RTOL, atol=RTOL)


def test_numbers_at_the_edges_are_those_of_ieee(tmp_path):
    x, y = Value(1.0, "x"), Value(2.0, "y")
    outputs = [
        ops.maximum(x, y), ops.minimum(x, y), ops.relu(x), ops.select(x, y, 1.0), ops.abs(x),
        ops.logsumexp(x, y), ops.sigmoid(x), ops.softplus(y), ops.gt(x, y), ops.le(x, y),
        x / y, ops.log(x), ops.sqrt(x),
    ]  # fmt: skip
    kernel = mgcompile.compile(outputs, [x, y], backend="numpy", verify=False)
    made = InC(kernel, tmp_path, 2)
    points = [-math.inf, -1e308, -0.0, 0.0, 5e-324, 745.0, 1e308, math.inf, math.nan]
    for row in np.array([[a, b] for a in points for b in points]):
        found = np.zeros(len(outputs))
        made._call("value", row, found)
        right = [float(out) for out in kernel(row)]
        np.testing.assert_allclose(found, right, rtol=RTOL, atol=0.0, err_msg=str(row))


def test_several_outputs_have_a_gradient_each(tmp_path):
    x, y, w = Value(1.0, "x"), Value(2.0, "y"), Value(3.0, "w")
    kernel = mgcompile.compile([x * y * w, ops.sin(x) + y], [x, y], [w])
    made = InC(kernel, tmp_path, 2)
    value, slopes = np.zeros(2), np.zeros(4)
    made._call("value_and_grad", np.array([0.5, 2.0]), value, slopes)
    np.testing.assert_allclose(value, [3.0, math.sin(0.5) + 2.0], rtol=RTOL)
    np.testing.assert_allclose(slopes, [6.0, 1.5, math.cos(0.5), 1.0], rtol=RTOL)


def _softsign(x):
    return x / (1.0 + abs(x))


softsign = Op(
    "softsign_of_test",
    _softsign,
    (lambda out, x: 1.0 / (1.0 + abs(x)) ** 2.0,),
    doc="x / (1 + |x|) */ /* ??/",
)
by_numpy = Op("by_numpy", lambda x: np.arctan(x) + np.exp(-x * x), (lambda out, x: 1.0 + 0.0 * x,))
norm = Op(
    "norm_of_test",
    lambda *xs: ops.sqrt(ops.sum(*(x * x for x in xs))),
    lambda out, *xs: tuple(x / out for x in xs),
)


def test_rules_of_other_packages_are_written_out(tmp_path):
    x, w = Value(0.5, "x"), Value(2.0, "w")
    made = InC(mgcompile.compile(softsign(x * w) + norm(x, w), [x], [w]), tmp_path, 1)
    value, slopes = made.value_and_grad(np.array([[-3.0], [0.25]]))
    size = [math.hypot(-3.0, 2.0), math.hypot(0.25, 2.0)]
    np.testing.assert_allclose(value, [-6 / 7 + size[0], 0.5 / 1.5 + size[1]], rtol=RTOL)
    right = [[2 / 49 - 3 / size[0]], [2 / 2.25 + 0.25 / size[1]]]
    np.testing.assert_allclose(slopes, right, rtol=RTOL)


def test_functions_of_numpy_in_rules_are_those_of_libm(tmp_path):
    x = Value(0.5, "x")
    made = exported((by_numpy(x), [x], []), tmp_path)
    assert made(np.array([0.7])) == pytest.approx(math.atan(0.7) + math.exp(-0.49), rel=RTOL)


def test_a_rule_that_needs_python_is_refused_by_name_and_nothing_is_written(tmp_path):
    x = Value(0.5, "x")
    opaque = Op("opaque_of_test", lambda x: math.atan(x), (lambda out, x: 1.0 / (1.0 + x * x),))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PythonCallbackWarning)
        kernel = mgcompile.compile(opaque(x), [x])
        with pytest.raises(ExportError, match=r"opaque_of_test.*mgcore\.ops"):
            kernel.export(tmp_path / "made.c")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["price.so", "price", "price.cpp", 'a"b.c'])
def test_other_kinds_of_files_are_refused(name, tmp_path):
    x = Value(0.5, "x")
    with pytest.raises(ExportError, match=r"\.c"):
        mgcompile.compile(x * 2.0, [x]).export(tmp_path / name)


SHIPPED = [name for name in dir(ops) if is_known(getattr(ops, name))]


# Functions that C99's libm does not have; machine code computes them by polynomials of ours.
NOT_IN_C = {"erfcx", "erfinv", "i0", "i0e", "i1", "i1e", "j0", "j1", "normal_quantile"}


def test_every_shipped_op_is_of_the_table():
    missing = {name for name in SHIPPED if not expression(name, "abc", lambda name: name)}
    assert len(SHIPPED) > 25
    assert missing == NOT_IN_C


@pytest.mark.parametrize("name", sorted(NOT_IN_C))
def test_a_function_that_c_lacks_is_refused_by_name(name, tmp_path):
    x = Value(0.5, "x")
    with pytest.raises(ExportError, match=f"op {name} cannot be written in C"):
        mgcompile.compile(getattr(ops, name)(x), [x]).export(tmp_path / "made.c")
    assert not list(tmp_path.iterdir())


def test_the_labels_are_the_names(tmp_path):
    spot, rate = Value(90.0, "spot"), Value(0.03, "rate")
    mgcompile.compile(spot * ops.exp(-rate), [spot], [rate]).export(tmp_path / "price.c")
    header, code = ((tmp_path / f"price.{x}").read_text() for x in "hc")
    assert re.search(r"double rate;\n} price_params;", header)
    assert "x[price_IN_spot]" in code
    assert "p->rate" in code
    assert "= 0.03," in code


@pytest.mark.parametrize("label", ["int", "*/", "a b", "", "é", "class", 'x"\n', "_x", "at"])
def test_labels_that_are_no_names_do_no_harm(label, tmp_path):
    x, w, v = Value(0.5, label), Value(2.0, label), Value(3.0, label + "2")
    made = exported((x * w + v, [x], [w, v]), tmp_path)
    assert made(np.array([0.25])) == 3.5
    assert made.loss_and_grad(np.array([[0.25]]))[1].tolist() == [0.25, 1.0]


def test_the_example_prints_value_and_gradient(tmp_path):
    x, y, w = Value(1.0, "x"), Value(2.0, "y"), Value(3.0, "w")
    mgcompile.compile(x * y * w, [x, y], [w]).export(tmp_path / "made.c")
    run(["cc", *FLAGS, "-DMADE_MAIN", "made.c", "-o", "made", "-lm"], cwd=tmp_path)
    lines = run([tmp_path / "made", "0.5", "4"]).split()
    assert lines == ["value[0]", "=", "6", "gradient[0]", "=", "12", "gradient[1]", "=", "1.5"]


def test_no_samples_have_no_mean_loss(tmp_path):
    x, w = Value(0.5, "x"), Value(2.0, "w")
    made = exported((x * w, [x], [w]), tmp_path)
    out = np.zeros(1)
    assert made._call("loss_and_grad", np.zeros((0, 1)), ctypes.c_size_t(0), out, out) == 2


def test_loops_inside_loops_are_right_in_c(tmp_path):
    x, w = Value(0.3, "x"), [Value(0.8), Value(-0.4), Value(0.2)]
    u, terms = x, []
    for _ in range(9):
        for _ in range(60):
            u = ops.tanh(u * w[0] + w[1]) + 0.3 * u
            terms.append(u)
        u = ops.sin(u * w[2] + x)
    graph = ops.sum(u, *terms), [x], w
    kernel = mgcompile.compile(*graph, backend="numpy", cache=False, verify=False)
    longest = max((s for s in kernel.program.statements if isinstance(s, Loop)), key=_loops_in)
    assert _loops_in(longest) == 1
    held(graph, tmp_path)


def _loops_in(loop):
    return sum(isinstance(statement, Loop) for statement in loop.body)

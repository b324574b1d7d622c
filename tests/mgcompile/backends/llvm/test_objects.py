"""Kernels as object code: linked with a C compiler, run, and held against the engine."""

from __future__ import annotations

import ctypes
import math
import random
import shutil
import subprocess

import numpy as np
import pytest

import mgcompile
from mgcompile.backends.llvm.objects.levels import LEVELS
from mgcompile.backends.llvm.runtime.jit import host
from mgcompile.errors import ExportError
from mgcore import Op, Value, grad, implicit, newton, ops, replay
from mgnn import MLP

pytestmark = pytest.mark.skipif(shutil.which("cc") is None, reason="needs a C compiler")

NEEDED = {"x86-64-v2": "+sse4.2", "x86-64-v3": "+avx2", "x86-64-v4": "+avx512vl"}
RUNNABLE = [
    name
    for name, level in LEVELS.items()
    if host().triple.startswith(level.architecture)
    and NEEDED.get(name, "") in f"{host().features},"
]


def run(command, **more):
    done = subprocess.run(
        [str(x) for x in command], capture_output=True, text=True, check=False, **more
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


class Linked:
    """A kernel's functions, exported as object code, linked and loaded."""

    def __init__(self, kernel, folder, target):
        kernel.export(folder / "made.o", target=target)
        run(["cc", "-shared", folder / "made.o", "-o", folder / "made.so", "-lm"])
        self.library = ctypes.CDLL(str(folder / "made.so"))
        self.params = np.array(kernel.params, dtype=float)

    def __call__(self, name, *arguments):
        given = [self.params, *arguments] if len(self.params) else list(arguments)
        passed = [
            x.ctypes.data_as(ctypes.c_void_p) if isinstance(x, np.ndarray) else x for x in given
        ]
        return getattr(self.library, f"made_{name}")(*passed)


def net():
    model = MLP(3, [5, 4, 1], activation="tanh", seed=7)
    x = [Value(0.1 * i, f"x{i}") for i in range(3)]
    return [model(x)], x, model.parameters()


def recurrence():
    x, w = [Value(0.3, "x"), Value(-0.2, "y")], [Value(0.7, "a"), Value(-0.4, "b")]
    u, v = x
    for _ in range(25):
        u, v = ops.sin(w[0] * u + v), ops.tanh(w[1] * u - v) + x[0]
    return [u * v], x, w


def irregular():
    rng = random.Random(3)
    x, w = [Value(0.3, "x"), Value(-0.2, "y")], [Value(0.7, "a"), Value(-0.4, "b")]
    nodes = [*x, *w]
    for _ in range(120):
        a, b = rng.choice(nodes), rng.choice(nodes[-12:])
        op = rng.choice([ops.sin, ops.tanh, ops.mul, ops.add, ops.expm1])
        nodes.append(op(a) if op.arity == 1 else op(a, b) * 0.5)
    return [ops.sum(*nodes[-6:])], x, w


def wide():
    """Arrays too large for the stack."""
    model = MLP(40, [300, 1], activation="relu", seed=1)
    x = [Value(0.01 * i, f"x{i}") for i in range(40)]
    return [model(x)], x, model.parameters()


def several():
    x = [Value(0.3, "x"), Value(1.2, "y")]
    return (
        [x[0] * x[1], ops.mish(x[0]) + ops.exp2(x[1]), ops.log1p(x[1])],
        x,
        [Value(2.0, "unused")],
    )


GRAPHS = {"net": net, "recurrence": recurrence, "irregular": irregular, "wide": wide}


def by_engine(graph, row):
    outputs, inputs, params = graph
    again = replay([*outputs, *inputs, *params], dict(zip(inputs, row, strict=True)))
    roots, leaves = again[: len(outputs)], again[len(outputs) :]
    slopes = [[float(d) for d in grad(root, leaves)] for root in roots]
    return np.array([root.data for root in roots]), np.array(slopes)


def close(found, right):
    np.testing.assert_allclose(found, right, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("target", RUNNABLE)
@pytest.mark.parametrize("name", GRAPHS)
def test_objects_compute_what_the_engine_does(name, target, tmp_path):
    graph = GRAPHS[name]()
    n = len(graph[1])
    kernel = mgcompile.compile(graph[0][0], *graph[1:], backend="numpy", verify=False)
    made = Linked(kernel, tmp_path, target)
    rows = np.random.default_rng(0).uniform(-1, 1, (3, n))
    total, slopes = 0.0, 0.0
    for row in rows:
        right, derivatives = by_engine(graph, row.tolist())
        value, gradient = np.empty(1), np.empty(n)
        assert made("value", row, value) == 0
        close(value, right)
        value[:] = 0
        assert made("value_and_grad", row, value, gradient) == 0
        close(value, right)
        close(gradient, derivatives[0, :n])
        total, slopes = total + right[0], slopes + derivatives[0, n:]
    loss, gradient = np.empty(1), np.empty(len(graph[2]))
    assert made("loss_and_grad", rows, ctypes.c_size_t(3), loss, gradient) == 0
    close(loss[0], total / 3)
    close(gradient, slopes / 3)
    assert made("loss_and_grad", rows, ctypes.c_size_t(0), loss, gradient) == 2


def test_many_samples_are_those_of_the_kernel(tmp_path):
    graph = net()
    kernel = mgcompile.compile(graph[0][0], *graph[1:], cache=False)
    made = Linked(kernel, tmp_path, RUNNABLE[0])
    rows = np.random.default_rng(0).normal(size=(5000, 3))
    loss, gradient = np.empty(1), np.empty(kernel.program.n_params)
    assert made("loss_and_grad", rows, ctypes.c_size_t(len(rows)), loss, gradient) == 0
    right = kernel.loss_and_grad(rows)
    close(loss[0], right[0])
    close(gradient, right[1])


def test_several_outputs_have_a_gradient_each(tmp_path):
    graph = several()
    kernel = mgcompile.compile(graph[0], graph[1], cache=False)
    made = Linked(kernel, tmp_path, RUNNABLE[-1])
    row = np.array([-0.4, 0.9])
    right, slopes = by_engine((*graph[:2], []), row.tolist())
    value, gradient = np.empty(3), np.empty((3, 2))
    assert made("value_and_grad", row, value, gradient) == 0
    close(value, right)
    close(gradient, slopes)


def test_a_recorded_data_set_stands_in_the_file(tmp_path):
    rows = np.random.default_rng(0).normal(size=(20, 3))
    w = [Value(x) for x in (0.3, -0.5, 0.1)]
    errors = [ops.tanh(ops.dot(*w[:2], *row[:2].tolist()) + w[2]) - row[2] for row in rows]
    loss = sum(error * error for error in errors) * (1.0 / 20)
    kernel = mgcompile.compile(loss, params=w, cache=False)
    assert kernel.program.data is not None
    made = Linked(kernel, tmp_path, RUNNABLE[0])
    value, gradient = np.empty(1), np.empty(3)
    assert made("loss_and_grad", value, gradient) == 0
    close(value[0], loss.data)
    close(gradient, grad(loss, w))


def test_a_c_program_uses_it_through_the_header(tmp_path):
    spot, strike = Value(100.0, "spot"), Value(95.0, "strike")
    rate = Value(0.03, "rate")
    price = ops.softplus(spot - strike * ops.exp(-rate))
    kernel = mgcompile.compile(price, [spot, strike], [rate], cache=False)
    kernel.export(tmp_path / "price.o")
    (tmp_path / "main.c").write_text(
        '#include <stdio.h>\n#include "price.h"\nint main(void)\n{\n'
        "    double x[price_N_INPUTS], value[1], slopes[price_N_INPUTS];\n"
        "    x[price_IN_spot] = 101.0;\n    x[price_IN_strike] = 99.0;\n"
        "    if (price_value_and_grad(&price_defaults, x, value, slopes) != 0) {\n"
        "        return 1;\n    }\n"
        '    printf("%.17g %.17g %.17g %.17g\\n", value[0], slopes[0], slopes[1],\n'
        "           price_defaults.rate);\n    return 0;\n}\n"
    )
    flags = ["-O2", "-Wall", "-Wextra", "-Werror", "-std=c99"]
    run(["cc", *flags, "main.c", "price.o", "-o", "main", "-lm"], cwd=tmp_path)
    found = [float(x) for x in run([tmp_path / "main"]).split()]
    value, slopes = kernel.value_and_grad(np.array([101.0, 99.0]))
    close(found, [value, *slopes, 0.03])
    # The same header as the C source has.
    header = (tmp_path / "price.h").read_text()
    kernel.export(tmp_path / "price.c")
    assert (tmp_path / "price.h").read_text() == header


@pytest.mark.skipif(shutil.which("readelf") is None, reason="needs readelf")
@pytest.mark.parametrize("target", LEVELS)
def test_every_level_gives_an_object_of_its_machine(target, tmp_path):
    graph = net()
    kernel = mgcompile.compile(graph[0][0], *graph[1:], cache=False)
    kernel.export(tmp_path / "net.o", target=target)
    header = run(["readelf", "-h", tmp_path / "net.o"])
    assert "REL (Relocatable file)" in header
    assert ("AArch64" if target == "aarch64" else "X86-64") in header
    symbols = run(["readelf", "-sW", tmp_path / "net.o"]).splitlines()
    offered = {line.split()[-1] for line in symbols if " GLOBAL " in line and " UND " not in line}
    assert offered == {"net_value", "net_value_and_grad", "net_loss_and_grad", "net_defaults"}
    relocations = run(["readelf", "-rW", tmp_path / "net.o"])
    assert "R_X86_64_32" not in relocations  # no absolute addresses: position-independent


@pytest.mark.parametrize("backend", ["c", "object"])
def test_implicit_functions_are_exported_as_loops(backend, tmp_path):
    def kepler(E, M, e):
        return E - e * ops.sin(E) - M

    anomaly = implicit(newton(kepler, start=lambda M, e: M + e * ops.sin(M)), kepler)
    M, e = Value(0.9, "M"), Value(0.4, "e")
    kernel = mgcompile.compile(anomaly(M, e), [M, e], cache=False)
    if backend == "c":
        kernel.export(tmp_path / "made.c")
        flags = ["-O2", "-Wall", "-Wextra", "-Werror", "-std=c99", "-fPIC", "-c"]
        run(["cc", *flags, "made.c", "-o", "made.o"], cwd=tmp_path)
    else:
        kernel.export(tmp_path / "made.o")
    run(["cc", "-shared", tmp_path / "made.o", "-o", tmp_path / "made.so", "-lm"])
    library = ctypes.CDLL(str(tmp_path / "made.so"))
    value, slopes = np.empty(1), np.empty(2)
    pointers = [x.ctypes.data_as(ctypes.c_void_p) for x in (np.array([0.9, 0.4]), value, slopes)]
    assert library.made_value_and_grad(*pointers) == 0
    right = kernel.value_and_grad(np.array([0.9, 0.4]))
    close(value[0], right[0])
    close(slopes, right[1])


def test_a_generic_op_of_somebody_else_is_included(tmp_path):
    softsign = Op("softsign_too", lambda x: x / (1 + abs(x)), (lambda out, x: (1 + abs(x)) ** -2,))
    x = Value(0.5, "x")
    kernel = mgcompile.compile(softsign(x) * x, [x], cache=False)
    made = Linked(kernel, tmp_path, RUNNABLE[0])
    value, slope = np.empty(1), np.empty(1)
    assert made("value_and_grad", np.array([-1.5]), value, slope) == 0
    close(value, -1.5 / 2.5 * -1.5)
    close(slope, -1.5 / 2.5 * 1.0 + -1.5 * 2.5**-2)


def test_what_cannot_be_exported_is_named(tmp_path):
    x = Value(0.5)
    python = Op("by_python", lambda x: math.lgamma(x), (lambda out, x: x,))
    with pytest.warns(mgcompile.errors.PythonCallbackWarning):
        kernel = mgcompile.compile(python(x), [x], cache=False, verify=False)
    with pytest.raises(ExportError, match="op by_python cannot be exported"):
        kernel.export(tmp_path / "made.o")
    kernel = mgcompile.compile(x * x, [x], cache=False)
    with pytest.raises(ExportError, match="no processor level 'i386'"):
        kernel.export(tmp_path / "made.o", target="i386")
    with pytest.raises(ExportError, match="C source is for every processor"):
        kernel.export(tmp_path / "made.c", target="aarch64")
    with pytest.raises(ExportError, match=r"in \.c, or as object code, to one that ends in \.o"):
        kernel.export(tmp_path / "made.so")
    assert not list(tmp_path.iterdir())

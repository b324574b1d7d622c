"""Kernels and the folder of compiled objects: what is compiled again, and what never fails."""

from __future__ import annotations

import errno
import os
import pickle
import subprocess
import sys
import textwrap

import attrs
import numpy as np
import pytest

import mgcompile
from mgcompile.backends.llvm.runtime import jit, object_cache
from mgcompile.support import private_folder
from mgcore import Op, Value, ops


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """The folder of compiled objects, empty."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("MGCORE_CACHE", str(folder))
    return folder


@pytest.fixture
def compilations(monkeypatch):
    """A list that grows with every module that is compiled."""
    texts = []

    def compiling(text):
        texts.append(text)
        return jit.object_code(text)

    monkeypatch.setattr(object_cache, "object_code", compiling)
    return texts


def graph(op=None, factor=2.0, weight=0.7):
    x, w = Value(0.5, "x"), Value(weight, "w")
    op = op or ops.tanh
    return op(x * w) + factor * x, [x], [w]


def value(factor=2.0, weight=0.7, x=0.3):
    return np.tanh(x * weight) + factor * x


def scaled(rule):
    return Op("scaled_of_cache_test", rule, (lambda out, x: 1.0,))


def test_a_graph_that_was_compiled_before_is_not_compiled_again(cache, compilations):
    for weight in (0.7, -1.0, 0.1):
        kernel = mgcompile.compile(*graph(weight=weight))
        assert kernel([0.3]) == pytest.approx(value(weight=weight), rel=1e-14)
    assert len(compilations) == 1
    mgcompile.compile(*graph(), cache=False)
    assert len(compilations) == 2
    assert len(list(cache.iterdir())) == 1


def test_a_constant_of_the_graph_is_never_taken_from_another(cache):
    for factor in (2.0, 3.5, -1.0):
        kernel = mgcompile.compile(*graph(factor=factor))
        assert kernel([0.3]) == pytest.approx(value(factor), rel=1e-14)


def test_the_rule_of_an_op_is_part_of_the_key(cache, compilations):
    rules = (lambda x: x + x * x, lambda x: x - x * x)
    kernels = [mgcompile.compile(*graph(scaled(rule))) for rule in rules]
    assert len(compilations) == 2
    assert kernels[0]([1.0]) == pytest.approx(0.7 + 0.49 + 2.0)
    assert kernels[1]([1.0]) == pytest.approx(0.7 - 0.49 + 2.0)


def test_the_partials_of_an_op_are_part_of_the_key(cache, compilations):
    slopes = []
    for partial in (lambda out, x: 3.0 * x, lambda out, x: out * x):
        op = Op("scaled_of_cache_test", lambda x: x * x, (partial,))
        kernel = mgcompile.compile(*graph(op))
        slopes.append(kernel.value_and_grad([1.0])[1][0])
    assert slopes == [pytest.approx(3.0 * 0.7 * 0.7 + 2.0), pytest.approx(0.7**3 * 0.7 + 2.0)]


def test_the_element_type_is_part_of_the_key(cache, compilations):
    for dtype in ("float64", "float32", "float64", "float32"):
        kernel = mgcompile.compile(*graph(), dtype=dtype)
        assert kernel(np.array([[0.3], [0.3]])).dtype == dtype
    assert len(compilations) == 2


@pytest.mark.parametrize("what", ["cpu", "features", "llvm", "triple"])
def test_processor_and_library_are_part_of_the_key(what, cache, compilations, monkeypatch):
    mgcompile.compile(*graph())
    known = jit.host()
    other = attrs.evolve(known, **{what: f"{getattr(known, what)},another"})
    monkeypatch.setattr(object_cache, "host", lambda: other)
    mgcompile.compile(*graph())
    mgcompile.compile(*graph())
    assert len(compilations) == 2
    assert len(list(cache.iterdir())) == 2


def damage_end(entry, _):
    entry.write_bytes(entry.read_bytes()[:-1] + b"?")


def cut_short(entry, _):
    entry.write_bytes(entry.read_bytes()[:100])


def empty(entry, _):
    entry.write_bytes(b"")


def replace_by_another(entry, other):
    entry.write_bytes(other.read_bytes())


def replace_by_folder(entry, _):
    entry.unlink()
    entry.mkdir()


@pytest.mark.parametrize(
    "damage", [damage_end, cut_short, empty, replace_by_another, replace_by_folder]
)
def test_a_damaged_entry_is_never_trusted(damage, cache, compilations):
    mgcompile.compile(*graph())
    (entry,) = cache.iterdir()
    mgcompile.compile(*graph(ops.sin))
    (other,) = set(cache.iterdir()) - {entry}
    damage(entry, other)
    for _ in range(2):
        assert mgcompile.compile(*graph())([0.3]) == pytest.approx(value(), rel=1e-14)
    assert len(compilations) == (4 if damage is replace_by_folder else 3)
    assert not list(cache.glob("*.partial"))


class FullFile:
    """A file on a disk that is full after 100 bytes."""

    def __init__(self, handle, mode):
        self.file = os.fdopen(handle, mode)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()

    def write(self, content):
        self.file.write(content[:100])
        raise OSError(errno.ENOSPC, "No space left on device")


def refused(*_, **__):
    raise PermissionError(errno.EACCES, "Permission denied")


@pytest.mark.parametrize(
    ("function", "failing"), [("fdopen", None), ("mkdir", refused), ("rename", refused)]
)
def test_a_folder_that_is_full_or_not_writable_is_not_in_the_way(
    function, failing, cache, monkeypatch
):
    original = os.fdopen

    def full(handle, mode):
        monkeypatch.setattr(os, "fdopen", original)
        file = FullFile(handle, mode)
        monkeypatch.setattr(os, "fdopen", full)
        return file

    monkeypatch.setattr(private_folder.os, function, failing or full)
    for _ in range(2):
        assert mgcompile.compile(*graph())([0.3]) == pytest.approx(value(), rel=1e-14)
    assert not cache.exists() or list(cache.iterdir()) == []


def run_python(code, folder, **settings):
    environment = {**os.environ, "MGCORE_CACHE": str(folder)}
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)], env=environment, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, **settings,
    )  # fmt: skip


COMPILING = """
import resource, signal, sys
import numpy as np
import mgcompile
from mgcore import Value, ops

if "full" in sys.argv:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
sys.stdin.readline()  # all begin at once
for number in range(3):
    x, w = Value(0.5, "x"), Value(0.7, "w")
    out = x * w
    for _ in range(number + 1):
        out = ops.tanh(out + 0.1)
    kernel = mgcompile.compile(out, [x], [w])
    expected = np.array([0.3, -2.0]) * 0.7
    for _ in range(number + 1):
        expected = np.tanh(expected + 0.1)
    np.testing.assert_allclose(kernel(np.array([[0.3], [-2.0]])), expected, rtol=1e-13)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="limits of files are told by `resource`")
def test_a_disk_that_takes_no_more_is_not_in_the_way(tmp_path):
    process = run_python(COMPILING.replace('"full" in sys.argv', "True"), tmp_path, stdin=-1)
    _, errors = process.communicate("\n", timeout=60)
    assert process.returncode == 0, errors
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="the script imports `resource`")
def test_processes_that_write_at_once_leave_whole_entries(tmp_path):
    processes = [run_python(COMPILING, tmp_path, stdin=-1) for _ in range(3)]
    for process in processes:
        process.stdin.write("\n")
        process.stdin.flush()
    for process in processes:
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors
    names = sorted(path.suffix for path in tmp_path.iterdir())
    assert names == [".object"] * 3
    late = run_python(
        "from mgcompile.backends.llvm.runtime import object_cache\n"
        "object_cache.object_code = None\n" + COMPILING,
        tmp_path, stdin=-1,
    )  # fmt: skip
    _, errors = late.communicate("\n", timeout=60)
    assert late.returncode == 0, errors


@pytest.mark.parametrize("backend", ["numpy", "llvm"])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_kernel_saved_in_one_process_runs_in_another(backend, dtype, tmp_path):
    x, y, w = Value(0.5, "x"), Value(1.0, "y"), [Value(0.3 * i - 1.0) for i in range(4)]
    out = (ops.tanh(ops.dot(*w[:2], x, y) + w[2]) * w[3] - y) ** 2
    kernel = mgcompile.compile(out, [x, y], w, backend=backend, dtype=dtype, cache=False)
    X = np.random.default_rng(0).normal(size=(7, 2))
    kernel.save(tmp_path / "kernel")
    code = """
    import sys, numpy as np, mgcompile
    from mgnn import optim
    kernel = mgcompile.load("kernel")
    X = np.random.default_rng(0).normal(size=(7, 2))
    results = [kernel(X), *kernel.value_and_grad(X), *kernel.loss_and_grad(X), kernel.params]
    results += [kernel.hvp(X, np.ones(2)), kernel({"x": 1.0, "y": 2.0})]
    kernel.train(X, optim.Adam(lr=0.1), epochs=3, batch_size=2)
    results += [kernel.params]
    np.savez("results", *results)
    """
    process = run_python(code, "off", cwd=tmp_path)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    from mgnn import optim

    expected = [kernel(X), *kernel.value_and_grad(X), *kernel.loss_and_grad(X), kernel.params]
    expected += [kernel.hvp(X, np.ones(2)), kernel({"x": 1.0, "y": 2.0})]
    kernel.train(X, optim.Adam(lr=0.1), epochs=3, batch_size=2)
    expected += [kernel.params]
    with np.load(tmp_path / "results.npz") as found:
        assert len(found.files) == len(expected)
        for name, want in zip(found.files, expected, strict=True):
            np.testing.assert_array_equal(found[name], want)


def test_an_op_that_no_other_process_could_find_is_named_when_pickling():
    kernel = mgcompile.compile(*graph(scaled(lambda x: x * x)), cache=False)
    with pytest.raises(TypeError, match=r"scaled_of_cache_test.*mgcore\.register"):
        pickle.dumps(kernel)


def test_a_kernel_of_a_registered_op_pickles():
    from mgcore import register, unregister

    op = scaled(lambda x: x * x)
    register(op)
    try:
        kernel = mgcompile.compile(*graph(op), cache=False)
        copy = pickle.loads(pickle.dumps(kernel))
        assert copy([1.0]) == kernel([1.0])
        assert copy.value_and_grad([1.0]) == kernel.value_and_grad([1.0])
    finally:
        unregister(op.name)

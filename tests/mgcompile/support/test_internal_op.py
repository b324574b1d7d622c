"""Ops of the compiler's own come back from a pickle as what they are."""

import pickle
import subprocess
import sys
from importlib import import_module
from pkgutil import iter_modules

import numpy as np
import pytest

import mgcompile
from mgcompile import support
from mgcompile.program.printer import format_program
from mgcompile.support.internal_op import InternalOp
from mgcore import Op, Value, ops


def own_ops():
    for module in iter_modules(support.__path__):
        found = vars(import_module(f"mgcompile.support.{module.name}"))
        yield from {each.name: each for each in found.values() if isinstance(each, Op)}.values()


OWN = {op.name: op for op in own_ops()}


@pytest.mark.parametrize("name", sorted(OWN))
def test_an_op_of_the_compilers_own_is_found_again(name):
    assert type(OWN[name]) is InternalOp
    assert pickle.loads(pickle.dumps(OWN[name])) is OWN[name]


def test_an_op_of_another_version_is_named():
    text = pickle.dumps(OWN["fill"]).replace(b"fill", b"fell")
    with pytest.raises(LookupError, match="no op 'fell'"):
        pickle.loads(text)


def test_a_kernel_with_filled_rows_is_pickled(tmp_path):
    x = [Value(0.1 * k, f"x{k}") for k in range(24)]
    params = [Value(0.3 - 0.001 * k) for k in range(24 * 24)]
    rows = [params[24 * i : 24 * i + i + 1] for i in range(24)]
    outs = [ops.tanh(ops.dot(*row, *x[: len(row)])) for row in rows]
    kernel = mgcompile.compile(ops.sum(*[o * o for o in outs]), x, params, cache=False)
    assert " fill(" in format_program(kernel.program)
    X = np.random.default_rng(2).normal(size=(5, 24))
    again = pickle.loads(pickle.dumps(kernel))
    for one, other in zip(kernel.value_and_grad(X), again.value_and_grad(X), strict=True):
        np.testing.assert_array_equal(one, other)
    (tmp_path / "kernel").write_bytes(pickle.dumps((kernel, X, kernel(X))))
    script = (
        "import pickle, sys; kernel, X, y = pickle.load(open(sys.argv[1], 'rb')); "
        "assert (kernel(X) == y).all()"
    )
    subprocess.run([sys.executable, "-c", script, str(tmp_path / "kernel")], check=True)

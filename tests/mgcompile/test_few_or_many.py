"""Calls go to the form of a program that is for their number of samples, in native code too."""

import gc
import types

import numpy as np
import pytest

import mgcompile
from mgcompile.runtime import compiled_programs
from mgcompile.runtime.few_or_many import FewOrMany
from mgcore import Value, ops
from mgnn import MLP

MODEL = MLP(3, [8, 8, 1], activation="tanh", seed=7)
RNG = np.random.default_rng(0)
COUNTS = (1, 2, 3, 4, 5, 8, 9, 100)


@pytest.fixture(autouse=True)
def little_work_counts(monkeypatch):
    """Have calls of few samples take the code of one sample, however little work it is."""
    monkeypatch.setattr(compiled_programs, "MUCH_WORK", 0)


def compiled():
    x = [Value(0.1 * k, f"x{k}") for k in range(3)]
    return mgcompile.compile(ops.tanh(MODEL(x)), inputs=x, params=MODEL.parameters(), cache=False)


def forms(kernel, kind="inputs"):
    found = kernel._built.executable(kind)
    assert isinstance(found, FewOrMany)
    return found


def expected(kernel, X, kind):
    form = forms(kernel, kind)
    return (form.few if len(X) <= form.most else form.many)(X, len(X), kernel.params)


@pytest.mark.parametrize("first", [1, 100])
def test_either_form_is_called_without_python_in_between(first):
    kernel = compiled()
    kernel.value_and_grad(RNG.normal(size=(first, 3)))
    form = forms(kernel)
    assert (form._few is None) == (first == 100)
    assert (form._many is None) == (first == 1)
    kernel.value_and_grad(RNG.normal(size=(101 - first, 3)))  # the other form is built
    kernel.value_and_grad(RNG.normal(size=(first, 3)))
    shortcut = kernel._shortcuts.inputs
    assert isinstance(shortcut, types.BuiltinFunctionType)
    for count in COUNTS:
        X = RNG.normal(size=(count, 3))
        values, slopes = shortcut(X, kernel.params, False)
        wanted, gradient = expected(kernel, X, "inputs")
        np.testing.assert_array_equal(values, wanted[:, 0])
        np.testing.assert_array_equal(slopes, gradient)


@pytest.mark.parametrize("first", [1, 100])
def test_a_form_that_is_not_built_is_built_when_it_is_needed(first):
    kernel = compiled()
    kernel.loss_and_grad(RNG.normal(size=(first, 3)))
    kernel.loss_and_grad(RNG.normal(size=(first, 3)))
    other = RNG.normal(size=(101 - first, 3))
    assert isinstance(kernel._shortcuts.loss, types.BuiltinFunctionType)
    assert kernel._shortcuts.loss(other, kernel.params, False) is None
    loss, gradient = kernel.loss_and_grad(other, "sum")
    assert kernel._shortcuts.loss(other, kernel.params, False)[0] == loss
    np.testing.assert_array_equal(expected(kernel, other, "loss")[1], gradient)


def test_no_samples_and_columns_are_left():
    kernel = compiled()
    for count in (1, 100, 1):
        kernel.value_and_grad(RNG.normal(size=(count, 3)))
    shortcut = kernel._shortcuts.inputs
    assert shortcut(np.zeros((0, 3)), kernel.params, False) is None
    assert shortcut([1.0, 2.0, 3.0], kernel.params, False) is None
    assert kernel.value_and_grad(np.zeros((0, 3)))[1].shape == (0, 3)


@pytest.mark.parametrize("first", [1, 100])
def test_a_function_for_both_forms_outlives_them(first):
    X, sample = RNG.normal(size=(100, 3)), RNG.normal(size=3)
    kernel = compiled()
    for count in (first, 101 - first, first):
        kernel.value_and_grad(X[:count])
    shortcut, params = kernel._shortcuts.inputs, kernel.params.copy()
    wanted = kernel.value_and_grad(X), kernel.value_and_grad(sample)
    del kernel
    gc.collect()
    for taken, (value, gradient) in zip((X, sample), wanted, strict=True):
        also, slopes = shortcut(taken, params, False)
        np.testing.assert_array_equal(also, value)
        np.testing.assert_array_equal(slopes, gradient)


def test_a_door_takes_the_numbers_of_samples_that_it_is_for():
    many = forms(compiled()).many
    door, params = many.door(2, 5), np.array([p.data for p in MODEL.parameters()])
    taken = [n for n in range(1, 9) if door.shortcut(np.zeros((n, 3)), params, False) is not None]
    assert taken == [3, 4, 5]
    assert many.door(5, 2).shortcut(np.zeros((4, 3)), params, False) is None


def test_a_backend_without_doors_is_asked_by_number():
    def form(name):
        run = types.SimpleNamespace(shortcut=lambda X, params, mean: name)
        return lambda: run

    both = FewOrMany(form("many"), form("few"), 2)
    assert not both.settled
    calls = [both.shortcut(np.zeros((n, 3)), np.zeros(0), False) for n in (2, 3, 0, 1)]
    assert calls == ["few", "many", "many", "few"]
    assert both.shortcut(np.zeros(3), np.zeros(0), False) == "few"
    assert both.settled

"""The list of passes: printed, verified, and each optional one left out with the same numbers."""

import math

import numpy as np
import pytest

import mgcompile
from mgcompile.errors import OptionError
from mgcore import Value, grad, ops
from mgnn import MLP
from mgnn.optim import SGD

OPTIONAL = [each.name for each in mgcompile.passes() if each.optional]


def net(nin, nouts, activation):
    x = [Value(0.3 - 0.1 * i, label=f"x{i}") for i in range(nin + 1)]
    model = MLP(nin, nouts, activation=activation, seed=2)
    return ops.relu(1 - x[-1] * model(x[:-1])), x, model.parameters()


def integrator():
    a, b, u, v = (Value(0.4 + 0.1 * i, label="abuv"[i]) for i in range(4))
    y = [u, v]
    for _ in range(30):
        y = [y[0] + 0.01 * (a * y[0] - y[0] * y[1]), y[1] + 0.01 * (y[0] * y[1] - b * y[1])]
    return y[0] * y[1], [u, v], [a, b]


def formula():
    s, k, t = (Value(v, label=n) for v, n in ((1.1, "s"), (0.9, "k"), (2.0, "t")))
    d = (ops.log(s / k) + 0.3 * t) / ops.sqrt(t)
    return s * 0.5 * (1 + ops.erf(d)) - k * ops.exp(-0.1 * t) * ops.sin(d), [s, k, t], []


def irregular():
    random = np.random.default_rng(3)
    x = [Value(0.1 + 0.2 * i, label=f"x{i}") for i in range(4)]
    nodes = list(x)
    for _ in range(150):
        p, q = (nodes[i] for i in random.integers(0, len(nodes), 2))
        nodes.append([p + q, p * q * 0.3, ops.tanh(p - q)][random.integers(0, 3)])
    return ops.sum(*nodes[-20:], *x), x[:2], x[2:]


MODELS = {
    "narrow": lambda: net(2, [8, 8, 1], "tanh"),
    "wide": lambda: net(45, [40, 1], "relu"),
    "loop": integrator,
    "formula": formula,
    "tape": irregular,
}


def compared(make):
    loss, inputs, params = make()
    kernel = mgcompile.compile(loss, inputs=inputs, params=params, cache=False)
    exact = [loss.data, *grad(loss, inputs)]
    row = np.array([x.data for x in inputs])
    value, gradient = kernel.value_and_grad(np.tile(row, (9, 1)))
    for sample in range(9):
        found = [value[sample], *gradient[sample]]
        assert np.allclose(found, exact, rtol=1e-9, atol=1e-12)
    if params:
        total, slope = kernel.loss_and_grad(np.tile(row, (70, 1)))
        assert math.isclose(total, loss.data, rel_tol=1e-9, abs_tol=1e-12)
        assert np.allclose(slope, grad(loss, params), rtol=1e-9, atol=1e-12)
        before = kernel.params
        kernel.train(np.tile(row, (64, 1)), SGD(lr=0.01), epochs=1)
        assert np.allclose(kernel.params, before - 0.01 * slope, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("name", OPTIONAL)
def test_numbers_do_not_depend_on_an_optional_pass(name, model, monkeypatch):
    monkeypatch.setenv("MGCOMPILE_SKIP", name)
    monkeypatch.setenv("MGCOMPILE_VERIFY", "1")
    compared(MODELS[model])


@pytest.mark.parametrize("model", MODELS)
def test_numbers_are_right_with_all_optional_passes_left_out(model, monkeypatch):
    monkeypatch.setenv("MGCOMPILE_SKIP", ",".join(OPTIONAL))
    monkeypatch.setenv("MGCOMPILE_VERIFY", "1")
    compared(MODELS[model])


def test_every_pass_prints_its_form(monkeypatch, capsys):
    monkeypatch.setenv("MGCOMPILE_PRINT", "all")
    loss, inputs, params = MODELS["narrow"]()
    mgcompile.compile(loss, inputs=inputs, params=params, cache=False)
    text = capsys.readouterr().err
    for each in mgcompile.passes():
        if not each.name.startswith(("reverse", "forward", "per-sample", "merge-equal")):
            assert f"--- after {each.name} ({each.level.name})" in text


def test_only_the_pass_that_is_asked_for_prints(monkeypatch, capsys):
    monkeypatch.setenv("MGCOMPILE_PRINT", "after:fusion")
    loss, inputs, params = MODELS["formula"]()
    mgcompile.compile(loss, inputs=inputs, params=params, cache=False)
    text = capsys.readouterr().err
    assert text.count("--- after") == 1
    assert "loop over []:" in text


def test_names_of_passes_are_different_and_say_what_they_do():
    names = [each.name for each in mgcompile.passes()]
    assert len(set(names)) == len(names)
    assert all(each.does for each in mgcompile.passes())


@pytest.mark.parametrize("variable", ["MGCOMPILE_SKIP", "MGCOMPILE_PRINT"])
def test_a_misspelt_pass_is_an_error_with_the_near_match(variable, monkeypatch):
    monkeypatch.setenv(variable, "fuson")
    x = Value(1.0, label="x")
    with pytest.raises(OptionError, match=r"fuson.*fusion"):
        mgcompile.compile(x * x, inputs=[x])


def test_a_pass_that_is_needed_cannot_be_left_out(monkeypatch):
    monkeypatch.setenv("MGCOMPILE_SKIP", "layout")
    x = Value(1.0, label="x")
    with pytest.raises(OptionError, match="layout"):
        mgcompile.compile(x * x, inputs=[x])

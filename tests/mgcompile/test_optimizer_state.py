"""Training goes on where it stopped: `kernel.optimizer_state`, in both backends."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

import mgcompile
from mgcompile.errors import OptionError
from mgcore import Value, grad, ops
from mgcore.errors import StaleGraphError
from mgnn import optim

RNG = np.random.default_rng(9)
X = RNG.normal(size=(20, 3))
OPTIMIZERS = {
    "sgd": optim.SGD(lr=lambda update: 0.1 / (1 + update)),
    "momentum": optim.SGD(lr=0.05, momentum=0.9),
    "adam": optim.Adam(lr=optim.Cosine(0.1, updates=20)),
    "adamw": optim.AdamW(lr=lambda epoch: 0.1 * 0.5**epoch, weight_decay=0.1, clip_norm=0.2),
}


def kernel_of(backend="llvm"):
    """The squared error of a neuron."""
    x = [Value(0.1, label=name) for name in ("x0", "x1", "y")]
    w = [Value(0.3), Value(-0.2), Value(0.1)]
    out = ops.tanh(w[0] * x[0] + w[1] * x[1] + w[2])
    return mgcompile.compile((out - x[2]) ** 2, inputs=x, params=w, backend=backend)


@pytest.mark.parametrize("backend", ["llvm", "numpy"])
@pytest.mark.parametrize("optimizer", OPTIMIZERS.values(), ids=OPTIMIZERS)
def test_several_calls_are_one_longer_call(optimizer, backend):
    whole, parts = kernel_of(backend), kernel_of(backend)
    settings = {"batch_size": 6, "seed": 4}
    losses = whole.train(X, optimizer, epochs=5, **settings)
    found = [loss for n in (1, 3, 1) for loss in parts.train(X, optimizer, epochs=n, **settings)]
    assert found == losses
    np.testing.assert_array_equal(parts.params, whole.params)
    assert (parts.optimizer_state.updates, parts.optimizer_state.epochs) == (20, 5)


def test_the_state_goes_with_a_kernel_into_files_and_to_other_kernels(tmp_path):
    optimizer = OPTIMIZERS["adam"]
    kernel, other = kernel_of(), kernel_of()
    kernel.train(X, optimizer, epochs=2)
    state, params = kernel.optimizer_state, kernel.params
    kernel.save(tmp_path / "kernel")
    copies = [mgcompile.load(tmp_path / "kernel"), pickle.loads(pickle.dumps(kernel)), other]
    other.params = params
    other.optimizer_state = state
    expected = kernel.train(X, optimizer, epochs=2)
    assert [copy.train(X, optimizer, epochs=2) for copy in copies] == [expected] * 3
    assert state.updates == 2  # what was got is a copy


def test_moments_are_those_of_the_formula():
    kernel, optimizer = kernel_of(), optim.Adam(lr=0.1, betas=(0.5, 0.75))
    _, g = kernel.loss_and_grad(X)
    kernel.train(X, optimizer)
    state = kernel.optimizer_state
    assert (state.kind, state.updates) == ("adam", 1)
    np.testing.assert_allclose(state.rows, [0.5 * g, 0.25 * g**2], rtol=1e-12)


@pytest.mark.parametrize("reset", ["params", "none", "other optimiser"])
def test_a_state_begins_afresh(reset):
    kernel, fresh = kernel_of(), kernel_of()
    start = kernel.params
    kernel.train(X, OPTIMIZERS["adam" if reset != "other optimiser" else "adamw"], epochs=2)
    kept = kernel.optimizer_state
    kernel.params = start
    if reset != "params":
        kernel.optimizer_state = kept if reset == "other optimiser" else None
    np.testing.assert_array_equal(
        kernel.train(X, OPTIMIZERS["adam"], epochs=2), fresh.train(X, OPTIMIZERS["adam"], epochs=2)
    )


def test_a_state_of_another_kernel_is_refused():
    kernel = kernel_of()
    kernel.train(X, OPTIMIZERS["momentum"])
    other = mgcompile.compile(Value(1.0, "p") ** 2, params=[])
    with pytest.raises(OptionError, match="with 0 parameters"):
        other.optimizer_state = kernel.optimizer_state
    with pytest.raises(OptionError, match="optimizer_state is dict"):
        kernel.optimizer_state = {}


def test_a_rate_that_is_no_number_names_its_update():
    with pytest.raises(OptionError, match="learning rate of update 3 is nan"):
        kernel_of().train(X, optim.SGD(lr=lambda u: float("nan") if u == 2 else 0.1), batch_size=6)


def test_graphs_of_parameters_that_were_trained_meanwhile_are_out_of_date():
    x, w = Value(2.0, "x"), Value(0.5, "w")
    kernel = mgcompile.compile(w * x, inputs=[x], params=[w])
    old = w * w
    kernel.train(np.ones((1, 1)), optim.SGD(lr=0.25))
    assert w.data == 0.25
    with pytest.raises(StaleGraphError):
        old.backward()
    assert grad(w * w, [w]) == [0.5]

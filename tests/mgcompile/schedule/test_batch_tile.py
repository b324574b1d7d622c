"""How many samples a tile has: as many as its arrays have room for, more for many sums."""

import numpy as np
import pytest

import mgcompile
from mgcompile.autodiff.pipeline import param_gradient
from mgcompile.schedule import batch_tile
from mgcompile.schedule.pipeline import schedule
from mgnn import MLP


def _kernel(inputs, widths):
    model = MLP(inputs, widths, activation="tanh", seed=0)
    return mgcompile.trace(
        lambda x: model(x) ** 2, ([0.1] * inputs,), params=model.parameters(), verify=False
    )


def _vectors(kernel, width=8):
    program = param_gradient(kernel.built.program)
    return schedule(program, "float64", width, None).chosen_tile.samples // width


def test_many_sums_over_the_batch_have_tiles_of_four_vectors(monkeypatch):
    many, few = _kernel(30, [40, 1]), _kernel(8, [100, 1])
    assert (_vectors(many), _vectors(few)) == (4, 2)
    monkeypatch.setattr(batch_tile, "MANY_SUMS", float("inf"))
    assert (_vectors(many), _vectors(few)) == (2, 2)


@pytest.mark.parametrize("samples", [1, 31, 100])
def test_slopes_do_not_depend_on_how_many_samples_a_tile_has(samples, monkeypatch):
    X = np.random.default_rng(0).normal(size=(samples, 30))
    value, slopes = _kernel(30, [40, 1]).loss_and_grad(X)
    monkeypatch.setattr(batch_tile, "MANY_SUMS", float("inf"))
    wanted, wanted_slopes = _kernel(30, [40, 1]).loss_and_grad(X)
    assert value == pytest.approx(wanted, rel=1e-14)
    np.testing.assert_allclose(slopes, wanted_slopes, rtol=1e-11, atol=1e-14)

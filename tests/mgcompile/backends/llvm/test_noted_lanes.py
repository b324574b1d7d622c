"""Lanes that need more than the usual computation: noted, and their vector computed once more."""

import numpy as np
import pytest

import mgcompile
from mgcore import Value, grad

SAMPLES = 200
TINY = (1e-310, -2e-309, 2.0**-1025)


def quotients(x, y, z):
    """Two quotients whose slopes by y and z are quotients by way of reciprocals."""
    return (x / y) * (x / z)


@pytest.fixture(scope="module")
def kernel():
    return mgcompile.trace(quotients, 3, cache=False)


@pytest.fixture
def batch():
    random = np.random.default_rng(5)
    return random.uniform(0.5, 2.0, (SAMPLES, 3)) * random.choice([-1.0, 1.0], (SAMPLES, 3))


@pytest.mark.parametrize("place", [0, 7, 63, 64, 130, SAMPLES - 1])
@pytest.mark.parametrize("column", [1, 2])
@pytest.mark.parametrize("tiny", TINY)
def test_a_lane_by_itself_is_right(kernel, batch, place, column, tiny):
    batch[place, column] = tiny
    batch[place, 0] = 1e-312
    value, gradient = kernel.value_and_grad(batch)
    leaves = [Value(number) for number in batch[place]]
    out = quotients(*leaves)
    assert value[place] == pytest.approx(out.data, rel=1e-14)
    wanted = grad(out, leaves)
    assert np.isfinite(wanted[column])
    assert gradient[place] == pytest.approx(wanted, rel=1e-14, abs=0)


@pytest.mark.parametrize("tiny", TINY)
def test_lanes_beside_it_keep_their_bits(kernel, batch, tiny):
    value, gradient = kernel.value_and_grad(batch)
    special = np.arange(SAMPLES) % 9 == 4
    batch[special, 1] = tiny
    again, slopes = kernel.value_and_grad(batch)
    assert np.array_equal(again[~special], value[~special])
    assert np.array_equal(slopes[~special], gradient[~special])
    assert not np.array_equal(slopes[special], gradient[special])

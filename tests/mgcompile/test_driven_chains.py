"""A chain driven at its first cell, in steps of Runge-Kutta: cells near there share what they read.

The slope of the first cell is a number that no step changes, so that stages of the cells beside it
are equal nodes, and equal nodes are one: near the border there are fewer of them.
"""

import re

import numpy as np
import pytest

import mgcompile
from mgcore import scan


def driven(x, steps):
    """Return the sum of squares of y after some steps; y_0' = x_0, y_i' = x_i y_(i-1)."""
    h = 1.0 / steps

    def slope(y):
        return [x[0], *[x[i] * y[i - 1] for i in range(1, len(x))]]

    def moved(y, h, k):
        return [a + h * b for a, b in zip(y, k, strict=True)]

    def step(y, _):
        k1 = slope(y)
        k2 = slope(moved(y, h / 2, k1))
        k3 = slope(moved(y, h / 2, k2))
        k4 = slope(moved(y, h, k3))
        ks = zip(k1, k2, k3, k4, strict=True)
        return moved(y, h / 6, [a + 2 * b + 2 * c + d for a, b, c, d in ks]), None

    y = scan(step, [0.1 * each for each in x], length=steps)[0]
    return sum(each * each for each in y)


def slopes(x, steps):
    """Return the gradient by complex steps: exact to rounding, and nobody's rules."""
    tiny = 1e-30
    moved = x + 1j * tiny * np.eye(len(x))
    return np.array([driven(list(row), steps).imag / tiny for row in moved])


@pytest.mark.parametrize(("cells", "steps"), [(12, 20), (32, 30)])
def test_it_is_one_loop_with_the_right_numbers(cells, steps):
    x = np.random.default_rng(cells).uniform(0.5, 1.5, size=cells)
    kernel = mgcompile.trace(lambda x: driven(x, steps), (x.tolist(),), cache=False)
    ((times, statements),) = re.findall(
        r"loop along depth: (\d+) iterations of (\d+)", kernel.explain()
    )
    assert int(times) >= steps - 5
    assert int(statements) <= 40
    value, gradient = kernel.value_and_grad(x)
    assert value == pytest.approx(driven(x.tolist(), steps), rel=1e-12)
    np.testing.assert_allclose(gradient, slopes(x, steps), rtol=1e-10)

"""Products that a scatter alone reads are computed where it adds them."""

import numpy as np

import mgcompile
from mgcompile.schedule.ir import ScatterUnit
from mgcompile.schedule.pipeline import schedule
from mgcore import Value, ops

ROWS = 6


def triangle():
    """Compile |L x|^2 for a lower triangle of parameters, rows of L one after the other."""
    rng = np.random.default_rng(5)
    values = rng.normal(size=ROWS * (ROWS + 1) // 2)
    params = [Value(x) for x in values]

    def squares(x):
        rows = []
        for i in range(ROWS):
            row = params[i * (i + 1) // 2 : (i + 1) * (i + 2) // 2]
            rows.append(ops.dot(*row, *[ops.tanh(each) for each in x[: i + 1]]))
        return ops.sum(*[row**2 for row in rows])

    kernel = mgcompile.trace(squares, ([0.1] * ROWS,), params=params)
    L = np.zeros((ROWS, ROWS))
    L[np.tril_indices(ROWS)] = values
    return kernel, L


def scatters(plan):
    return [unit for phase in plan.phases for unit in phase.tiled if isinstance(unit, ScatterUnit)]


def plan_of(kernel):
    return schedule(kernel._built.derived("inputs"), "float64", 4, None)


def test_the_products_of_a_triangle_have_no_place_in_memory():
    plan = plan_of(triangle()[0])
    (unit,) = scatters(plan)
    assert len(unit.bundles) >= 3
    assert all(bundle.result not in plan.places for bundle in unit.bundles)
    assert unit.scatter.result in plan.places


def test_gradients_of_a_triangle_are_those_by_hand():
    kernel, L = triangle()
    X = np.random.default_rng(6).normal(size=(37, ROWS))
    values, gradients = kernel.value_and_grad(X)
    t = np.tanh(X)
    np.testing.assert_allclose(values, ((t @ L.T) ** 2).sum(1), rtol=1e-13)
    expected = 2 * (t @ L.T) @ L * (1 - t**2)
    np.testing.assert_allclose(gradients, expected, rtol=1e-12, atol=1e-13)


def test_the_numbers_are_the_same_without_the_pass(monkeypatch):
    X = np.random.default_rng(7).normal(size=(20, ROWS))
    _, usual = triangle()[0].value_and_grad(X)
    monkeypatch.setenv("MGCOMPILE_SKIP", "sink-scatter")
    kernel, _ = triangle()
    assert not scatters(plan_of(kernel))
    np.testing.assert_allclose(kernel.value_and_grad(X)[1], usual, rtol=1e-13, atol=1e-14)


def test_a_small_product_stays_in_its_loop():
    """What takes as much memory to be computed later is computed at once."""
    for unit in scatters(plan_of(triangle()[0])):
        assert all(bundle.shape and bundle.shape[-1] > 1 for bundle in unit.bundles)

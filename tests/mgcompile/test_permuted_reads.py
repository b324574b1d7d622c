"""Leaves in another order than recorded: tables of element numbers, and which of them are equal."""

import itertools
import random

import numpy as np
import pytest
from plain import hold

import mgcompile
from mgcompile.program.ir import Access, Affine, Gather
from mgcore import Value, ops


def leaves(rng, count, label):
    return [Value(rng.uniform(-1, 1), f"{label}{i}") for i in range(count)]


def test_maps_are_equal_when_they_read_the_same_elements_at_the_same_points():
    table = np.array([[0, 2, 1]])
    across, down = Gather(table, (0, 0)), Gather(table.T, (0, 0))
    assert across != down
    assert across == Gather(table.copy(), (0, 0))
    assert hash(across) == hash(Gather(table.copy(), (0, 0)))
    assert across != Gather(table, (1, 0))
    assert across != Affine(0, (0, 0))
    known = {Access(4, across): "across", Access(4, down): "down", Access(5, across): "other"}
    assert len(known) == 3
    assert known[Access(4, Gather([[0, 2, 1]], (0, 0)))] == "across"


@pytest.mark.parametrize("backend", ["llvm", "numpy"])
def test_equal_tables_along_different_axes_are_two_reads(backend):
    rng = random.Random(0)
    x, w = leaves(rng, 5, "x"), leaves(rng, 25, "w")
    order = [0, 2, 1, 4, 3]
    pairs = [ops.tanh(x[i] - x[j]) for i in order for j in order]
    graph = ops.dot(*w, *pairs), x, w
    kernel = mgcompile.compile(*graph, backend=backend, cache=False)
    hold(kernel, graph, np.random.default_rng(0).normal(size=(3, 5)), second=False)


ENERGIES = {
    "lorentz": lambda d: 1.0 / (1.0 + d * d),
    "distance": abs,
    "spring": lambda d: ops.sqrt(d * d + 0.1),
}


def energy(form, x, order, diagonal):
    """Return the sum of a function of all differences, taken in an order of the leaves."""
    pairs = itertools.product(order, order) if diagonal else itertools.combinations(order, 2)
    return ops.sum(*(ENERGIES[form](x[i] - x[j]) for i, j in pairs))


@pytest.mark.parametrize("form", ENERGIES)
@pytest.mark.parametrize("count", [3, 4])
def test_pair_energies_are_right_in_every_order_of_the_inputs(count, form):
    rng = random.Random(count)
    X = np.random.default_rng(count).normal(size=(2, count))
    for order in itertools.permutations(range(count)):
        x = leaves(rng, count, "x")
        graph = energy(form, x, order, diagonal=form != "distance"), x, []
        hold(mgcompile.compile(*graph, backend="numpy", cache=False), graph, X, second=False)
    for order in random.Random(0).sample([*itertools.permutations(range(count))], 3):
        x = leaves(rng, count, "x")
        graph = energy(form, x, order, diagonal=form != "distance"), x, []
        hold(mgcompile.compile(*graph, cache=False), graph, X, second=False)


@pytest.mark.parametrize("seed", range(8))
def test_sums_over_tables_of_any_order_are_right(seed):
    rng = random.Random(seed)
    n, m = rng.randint(3, 7), rng.randint(3, 7)
    x, w = leaves(rng, n, "x"), leaves(rng, n * m, "w")
    rows, columns = rng.sample(range(n), n), [rng.randrange(n) for _ in range(m)]
    inner = rng.choice([lambda a, b: a * b, lambda a, b: ops.sin(a + b), lambda a, b: a / (2 + b)])
    terms = [inner(x[i], ops.tanh(x[j])) for i in rows for j in columns]
    per_row = [ops.dot(*w[k * m : k * m + m], *terms[k * m : k * m + m]) for k in range(n)]
    turned = [ops.sum(*terms[k::m]) * x[rows[0]] for k in range(m)]
    graph = ops.sum(*(ops.tanh(r) for r in per_row), *turned), x, rng.sample(w, len(w))
    X = np.random.default_rng(seed).uniform(-1, 1, size=(3, n))
    for backend in ("numpy", "llvm"):
        hold(mgcompile.compile(*graph, backend=backend, cache=False), graph, X, second=False)

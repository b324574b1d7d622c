"""How the terms of sums are added up: several in a turn where much of the work is."""

import numpy as np
import pytest

import mgcompile
from mgcompile.autodiff.pipeline import param_gradient
from mgcompile.schedule import matrix_product_tiles
from mgcompile.schedule.pipeline import schedule
from mgcore import Value, ops
from mgnn import MLP

WIDE, NARROW = 48, 3


def _kernel():
    """Return a kernel of two wide products, which have most of the work, and of a narrow one."""
    model = MLP(WIDE, [WIDE, WIDE, NARROW], activation="tanh", seed=0)

    def loss(x):
        return ops.sum(*[z * z for z in model(x)])

    return mgcompile.trace(loss, ([0.1] * WIDE,), params=model.parameters())


def _turns(program):
    """Return for each sum, in order, its extents and how many terms a turn of its loop adds."""
    loops = schedule(program, "float64", 8, None)
    sums = sorted(
        (product.bundle for product, _ in matrix_product_tiles.sums_of(loops)),
        key=lambda bundle: bundle.result,
    )
    return [
        ((*each.shape, *each.reduced), loops.blockings[each.result][0].turn.terms)
        for each in sums
        if loops.samples_in_lanes(each)
    ]


def test_a_sum_of_little_work_adds_one_term_in_a_turn():
    turns = _turns(_kernel().built.program)
    assert turns[:3] == [((WIDE, WIDE), 4), ((WIDE, WIDE), 4), ((NARROW, WIDE), 1)]


def test_work_within_loops_counts_as_often_as_it_is_done():
    weights = [[Value(0.01 * (i + j)) for j in range(8)] for i in range(8)]

    def loss(x):
        for _ in range(200):
            x = [ops.tanh(ops.dot(*row, *x)) for row in weights]
        return ops.sum(*[ops.sin(ops.dot(*row, *x)) for row in weights])

    turns = _turns(mgcompile.trace(loss, ([0.1] * 8,)).built.program)
    assert turns[:2] == [((8, 8), 4), ((8, 8), 1)]


@pytest.mark.parametrize("samples", [1, 7, 8, 64, 1_000])
def test_the_bits_do_not_depend_on_the_length_of_a_turn(samples, monkeypatch):
    X = np.random.default_rng(0).normal(size=(samples, WIDE))
    short = _kernel().loss_and_grad(X)
    monkeypatch.setattr(matrix_product_tiles, "SMALL_PART", float("inf"))
    long = _kernel()
    assert all(terms != 1 for _, terms in _turns(param_gradient(long.built.program)))
    found = long.loss_and_grad(X)
    assert found[0] == short[0]
    assert found[1].tobytes() == short[1].tobytes()

"""A bias in a dot, as the weight of a constant 1, compiles as a bias added to it."""

import random
from itertools import pairwise

import numpy as np
import pytest

import mgcompile
from mgcore import Constant, Value, ops


def net(samples, bias_inside):
    """Return the sum of a small net's outputs over samples, and its parameters."""
    rng, one = random.Random(3), Constant(1.0)
    sizes = [2, 4, 4]
    layers = [
        [[Value(rng.uniform(-1, 1)) for _ in range(nin + 1)] for _ in range(nout)]
        for nin, nout in pairwise(sizes)
    ]
    outs = []
    for x in samples:
        for neurons in layers:
            x = [
                ops.tanh(ops.dot(*w, *x, one) if bias_inside else ops.dot(*w[:-1], *x) + w[-1])
                for w in neurons
            ]
        outs += x
    return ops.sum(*outs), [p for neurons in layers for w in neurons for p in w]


def test_the_program_is_that_of_a_bias_added():
    programs = []
    for bias_inside in (True, False):
        x = [Value(0.1, label="x0"), Value(0.2, label="x1")]
        out, params = net([x], bias_inside)
        programs.append(mgcompile.compile(out, inputs=x, params=params, backend="numpy").explain())
    assert programs[0] == programs[1]


def test_a_data_set_in_the_graph_is_a_batch_with_either_bias():
    rows = np.random.default_rng(5).normal(size=(12, 2)).tolist()
    programs = []
    for bias_inside in (True, False):
        out, params = net([list(map(Value, row)) for row in rows], bias_inside)
        kernel = mgcompile.compile(out, inputs=[], params=params, backend="numpy")
        loss, slopes = kernel.loss_and_grad()
        out.backward()
        assert loss == pytest.approx(out.data, rel=1e-13)
        assert slopes == pytest.approx([p.grad for p in params], rel=1e-12)
        programs.append(kernel.explain())
    assert programs[0] == programs[1]


def test_a_sample_that_is_1_by_chance_stays_a_sample():
    w = [Value(0.3), Value(-0.7)]
    rows = [[0.5, 1.0], [0.25, -2.0], [1.5, 1.0]]
    loss = ops.sum(*[ops.tanh(ops.dot(*w, *map(Value, row))) for row in rows])
    kernel = mgcompile.compile(loss, inputs=[], params=w, backend="numpy")
    loss.backward()
    assert kernel.loss_and_grad()[1] == pytest.approx([p.grad for p in w], rel=1e-13)
    assert "add(" not in kernel.explain()

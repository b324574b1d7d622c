"""Models recorded in scalars: matrices and loops are found, results are the engine's."""

from __future__ import annotations

import random

import numpy as np
import pytest

import mgcompile
from mgcompile.program import Bundle, Tape
from mgcore import Value, ops


def bundles(kernel, name):
    return [s for s in kernel.program.statements if isinstance(s, Bundle) and s.op.name == name]


def leaves(count, rng, label=""):
    return [Value(rng.uniform(-1, 1), f"{label}{i}" if label else "") for i in range(count)]


def layer(x, n_out, rng, params, *, activation, shuffled=False):
    outs = []
    for _ in range(n_out):
        w, b = leaves(len(x), rng), Value(rng.uniform(-1, 1))
        params += [*w, b]
        terms = [*(wi * xi for wi, xi in zip(w, x, strict=True)), b]
        if shuffled:
            rng.shuffle(terms)
            terms = [
                t if rng.random() < 0.5 or t is b else t.operands[1] * t.operands[0] for t in terms
            ]
        total = terms[0]
        for term in terms[1:]:
            total = total + term
        outs.append(activation(total))
    return outs


def mlp(widths, rng, *, shuffled=False):
    x = leaves(widths[0], rng, "x")
    y = Value(0.5, "y")
    params, h = [], x
    for width in widths[1:]:
        h = layer(h, width, rng, params, activation=ops.tanh, shuffled=shuffled)
    loss = (h[0] - y) ** 2
    for out in h[1:]:
        loss = loss + (out - y) ** 2
    return loss, [*x, y], params


@pytest.mark.parametrize("shuffled", [False, True])
def test_an_mlp_in_binary_ops_becomes_matrix_products(shuffled, held_against_engine):
    rng = random.Random(3)
    loss, inputs, params = mlp((5, 8, 6, 3), rng, shuffled=shuffled)
    kernel = mgcompile.compile(loss, inputs, params, backend="numpy")
    dots = bundles(kernel, "dot")
    assert [(d.shape, d.reduced) for d in dots] == [((8,), (5,)), ((6,), (8,)), ((3,), (6,))]
    assert not any(isinstance(s, Tape) for s in kernel.program.statements)
    X = np.random.default_rng(0).normal(size=(7, 6))
    held_against_engine(kernel, loss, inputs, params, X)

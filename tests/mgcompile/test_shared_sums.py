"""A sum whose bias is added later, and that something else reads without it."""

import random

import numpy as np
import pytest
from plain import hold

import mgcompile
from mgcore import Value, ops


def leaves(rng, *shape):
    if not shape:
        return Value(rng.uniform(-0.7, 0.7))
    return [leaves(rng, *shape[1:]) for _ in range(shape[0])]


USES = {
    "squares": lambda z, a, c: [v * v for v in z],
    "a second bias": lambda z, a, c: [ops.relu(v + b) for v, b in zip(z, c, strict=True)],
    "times itself with bias": lambda z, a, c: [v * u for v, u in zip(z, a, strict=True)],
    "a product over all": lambda z, a, c: [ops.dot(*z, *c)],
    "one of them": lambda z, a, c: [z[-1]],
}


@pytest.mark.parametrize("use", [*USES, "all"])
@pytest.mark.parametrize("activation", [ops.relu, ops.tanh], ids=["relu", "tanh"])
def test_a_sum_is_read_before_its_bias(activation, use):
    rng = random.Random(1)
    x, w, b, c = leaves(rng, 4), leaves(rng, 16, 4), leaves(rng, 16), leaves(rng, 16)
    z = [ops.dot(*row, *x) for row in w]
    a = [v + u for v, u in zip(z, b, strict=True)]
    chosen = USES.values() if use == "all" else [USES[use]]
    terms = [term for each in chosen for term in each(z, a, c)]
    graph = ops.sum(*map(activation, a), *terms, *c), x, [p for row in [*w, b, c] for p in row]
    X = np.random.default_rng(0).normal(size=(3, 4))
    hold(mgcompile.compile(*graph, cache=False), graph, X, second=False)


@pytest.mark.parametrize("kept", ["all", "the last but one", "none"])
@pytest.mark.parametrize("linear", [False, True])
def test_a_recurrence_keeps_its_sums_from_before_the_bias(linear, kept):
    rng, n = random.Random(2), 5
    x, w, b = leaves(rng, n), leaves(rng, n, n), leaves(rng, n)
    h, before = x, []
    for _ in range(8):
        z = [ops.dot(*row, *h) for row in w]
        before.append(z)
        h = [v + u for v, u in zip(z, b, strict=True)]
        h = h if linear else [ops.tanh(v) for v in h]
    read = {"all": before, "the last but one": before[-2:-1], "none": []}[kept]
    graph = ops.sum(*h, *(v * v for z in read for v in z)), x, [p for r in [*w, b] for p in r]
    X = np.random.default_rng(0).normal(size=(2, n))
    for backend in ("numpy", "llvm"):
        hold(mgcompile.compile(*graph, backend=backend, cache=False), graph, X, second=False)


def test_a_sum_is_an_output_and_has_a_bias():
    rng = random.Random(3)
    x, w, b = leaves(rng, 3), leaves(rng, 8, 3), leaves(rng, 8)
    z = [ops.dot(*row, *x) for row in w]
    out = ops.sum(*(ops.relu(v + u) for v, u in zip(z, b, strict=True)))
    params = [p for row in [*w, b] for p in row]
    X = np.random.default_rng(0).normal(size=(4, 3))
    found = mgcompile.compile([*z, out], x, params, cache=False)(X)
    W = np.array([[p.data for p in row] for row in w])
    B = np.array([p.data for p in b])
    np.testing.assert_allclose(np.stack(found[:-1], axis=1), X @ W.T, rtol=1e-13)
    np.testing.assert_allclose(found[-1], np.maximum(X @ W.T + B, 0).sum(axis=1), rtol=1e-13)

"""Losses recorded over a whole data set: the samples become the batch, whatever is in them."""

from __future__ import annotations

import random

import numpy as np
import pytest

import mgcompile
from mgcompile.program.ir import Bundle, Loop, Tape
from mgcore import Value, ops
from mgnn import optim

BACKENDS = ["numpy", "llvm"]
SAMPLES = 9
RNG = np.random.default_rng(11)


def leaves(count, rng):
    return [Value(rng.uniform(-1, 1)) for _ in range(count)]


def weighted(w, x):
    return sum(wi * xi for wi, xi in zip(w, x, strict=True))


def integrated(rng):
    """Fit the rates of Lotka-Volterra equations to end points: Runge-Kutta in every sample."""
    a, b, c, d = rates = [Value(v) for v in (1.5, 1.0, 3.0, 1.0)]
    h = 0.02

    def slope(x, y):
        return a * x - b * x * y, d * x * y - c * y

    def step(u, v):
        k1 = slope(u, v)
        k2 = slope(u + h / 2 * k1[0], v + h / 2 * k1[1])
        k3 = slope(u + h / 2 * k2[0], v + h / 2 * k2[1])
        k4 = slope(u + h * k3[0], v + h * k3[1])
        return (
            u + h / 6 * (k1[0] + 2 * k2[0] + 2 * k3[0] + k4[0]),
            v + h / 6 * (k1[1] + 2 * k2[1] + 2 * k3[1] + k4[1]),
        )

    total = 0.0
    for _ in range(SAMPLES):
        u, v = rng.uniform(0.5, 2.0), rng.uniform(0.5, 2.0)
        for _ in range(15):
            u, v = step(u, v)
        total = total + (u - rng.uniform(0.5, 2.0)) ** 2 + (v - 1.0) ** 2
    return total / SAMPLES, rates


def recurrent(rng):
    """A recurrence over a sequence of bits, of which many are equal between samples."""
    hidden, steps = 4, 20
    wx, b, v = leaves(hidden, rng), leaves(hidden, rng), leaves(hidden, rng)
    wh = [leaves(hidden, rng) for _ in range(hidden)]
    total = 0.0
    for _ in range(SAMPLES):
        state = [0.0] * hidden
        for _ in range(steps):
            x = float(rng.randrange(2))
            state = [ops.tanh(wx[i] * x + weighted(wh[i], state) + b[i]) for i in range(hidden)]
        total = total + (weighted(v, state) - rng.uniform(-1, 1)) ** 2
    return total / SAMPLES, wx + b + v + [w for row in wh for w in row]


def polynomial(rng):
    """Horner's rule in every sample."""
    coefficients, total = leaves(15, rng), 0.0
    for _ in range(SAMPLES):
        x, value = rng.uniform(-1, 1), coefficients[0]
        for coefficient in coefficients[1:]:
            value = value * x + coefficient
        total = total + (value - rng.uniform(-1, 1)) ** 2
    return total, coefficients


DEEP = {"integration": (integrated, 12), "recurrence": (recurrent, 18), "horner": (polynomial, 12)}


def check(loss, params, backend):
    kernel = mgcompile.compile(loss, params=params, backend=backend, cache=False)
    for p in params:
        p.grad = 0.0
    loss.backward()
    assert kernel() == pytest.approx(loss.data, rel=1e-12)
    value, gradient = kernel.loss_and_grad()
    assert value == pytest.approx(loss.data, rel=1e-12)
    np.testing.assert_allclose(gradient, [p.grad for p in params], rtol=1e-9, atol=1e-12)
    return kernel


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", DEEP)
def test_what_every_sample_repeats_along_depth_is_a_loop(name, backend):
    record, iterations = DEEP[name]
    kernel = check(*record(random.Random(3)), backend)
    assert len(kernel.program.data) == SAMPLES
    (loop,) = (s for s in kernel.program.statements if isinstance(s, Loop))
    assert loop.count >= iterations
    assert all(kernel.program.arrays[carry.array].batched for carry in loop.carries)
    before = kernel.loss_and_grad()[0]
    losses = kernel.train(optimizer=optim.SGD(lr=1e-3), epochs=20, batch_size=4, seed=1)
    assert losses[-1] < before


@pytest.mark.parametrize("backend", BACKENDS)
def test_an_irregular_part_of_every_sample_is_a_tape_over_the_samples(backend):
    params = leaves(8, random.Random(5))

    def sample(x):
        rng = random.Random(6)
        nodes = [*params, params[0] * x]
        for _ in range(400):
            a, b = rng.choice(nodes), rng.choice(nodes[-20:])
            op = rng.choice([ops.sin, ops.tanh, ops.mul, ops.add, ops.sub])
            nodes.append(op(a) if op.arity == 1 else op(a, b))
        return sum(nodes[-15:])

    loss = sum(sample(float(x)) for x in RNG.normal(size=SAMPLES)) / SAMPLES
    kernel = check(loss, params, backend)
    arrays = kernel.program.arrays
    tapes = [s for s in kernel.program.statements if isinstance(s, Tape)]
    assert any(arrays[tape.result].batched for tape in tapes)


def features(row, w):
    return ops.tanh(ops.dot(*w[:3], *row) + w[3])


# Each: rows and parameters to a loss. What they have in common: one sample is one row.
SHAPES = {
    "rows that are equal": lambda rows, w: sum(features(r, w) for r in [*rows[:5], *rows[:5]]) / 10,
    "a statistic of all samples, used in each": lambda rows, w: centred(
        [features(r, w) for r in rows]
    ),
    "two sums": lambda rows, w: (
        sum(features(r, w) for r in rows) / SAMPLES
        + (sum(features(r, w) * r[0] for r in rows) / SAMPLES) ** 2
    ),
    "an expression of parameters recorded anew": lambda rows, w: sum(
        ops.softplus(w[3]) * features(r, w) for r in rows
    ),
    "products of what a sample computes": lambda rows, w: sum(
        features(r, w) * features(r[::-1], w) + features(r, w) * w[0] for r in rows
    ),
    "several terms a sample": lambda rows, w: sum(
        (features(r, w) - features([*r[:2], 0.5 * k], w)) ** 2 for r in rows for k in range(3)
    ),
    "weights": lambda rows, w: ops.dot(
        *[0.1 * k + 0.3 for k in range(len(rows))], *[features(r, w) for r in rows]
    ),
    "a penalty of as many terms as there are samples": lambda rows, w: (
        sum(features(r, w) for r in rows) + sum(ops.softplus(0.3 * k * w[k % 4]) for k in range(9))
    ),
}


def centred(values):
    mean = sum(values) / len(values)
    return sum((v - mean) ** 2 for v in values) / len(values)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", SHAPES)
def test_samples_are_found_in_losses_of_many_shapes(name, backend):
    rows = RNG.normal(size=(SAMPLES, 3)).tolist()
    params = leaves(4, random.Random(4))
    kernel = check(SHAPES[name](rows, params), params, backend)
    assert kernel.program.data is not None
    assert len(kernel.program.data) % SAMPLES == 0 or name == "rows that are equal"
    bundles = [s for s in kernel.program.statements if isinstance(s, Bundle)]
    assert any(bundle.over_batch for bundle in bundles)


def one_different(rows, w):
    values = [features(r, w) for r in rows]
    values[4] = ops.sin(values[4])
    return sum(values)


def crossed(rows, w):
    """Every sample reads its neighbour's feature."""
    values = [features(r, w) for r in rows]
    return sum(a * ops.sin(b) for a, b in zip(values, [*values[1:], values[0]], strict=True))


def own_parameters(rows, w):
    return sum(ops.sin(w[k % 4]) * r[0] for k, r in enumerate(rows[:8]))


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("record", [one_different, crossed, own_parameters])
def test_what_is_not_alike_in_all_samples_is_no_batch_and_still_right(record, backend):
    rows = RNG.normal(size=(SAMPLES, 3)).tolist()
    params = leaves(4, random.Random(4))
    kernel = check(record(rows, params), params, backend)
    assert kernel.program.data is None

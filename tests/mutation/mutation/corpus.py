"""Graphs on which a broken compiler is tried: small, and of every kind that it treats apart."""

from __future__ import annotations

import itertools
import random

from mgcore import Value, ops
from mgnn import optim

GRADIENTS = ("inputs", "loss", "input_product", "param_product", "sgd")
RECORDED = ("loss", "minibatch", "param_product", "adam")


def leaves(count, name, rng, low=-1.0, high=1.0):
    return [Value(rng.uniform(low, high), f"{name}{i}") for i in range(count)]


def perceptron():
    """Layers: matrix products, biases, shared inputs, more columns than a vector has lanes."""
    rng = random.Random(1)
    x, params = leaves(3, "x", rng), []
    h = x
    for width in (19, 6, 1):
        rows = [leaves(len(h) + 1, "w", rng) for _ in range(width)]
        params += [p for row in rows for p in row]
        h = [ops.tanh(sum(w * v for w, v in zip(row, h, strict=False)) + row[-1]) for row in rows]
    return [(h[0] - 0.5) ** 2], x, params, GRADIENTS


def recurrence():
    """A loop along depth that carries two states, its constants and inputs read in every turn."""
    rng = random.Random(2)
    x, w = leaves(3, "x", rng), leaves(4, "w", rng)
    u, v, total = x[0], x[1], 0.0
    for turn in range(24):
        u, v = (
            ops.sin(w[0] * u + w[1] * v) + x[2] * 0.125 * (turn % 3),
            ops.tanh(w[2] * u - v) * w[3],
        )
        total = total + u * v
    return [total], x, w, GRADIENTS


def stepped():
    """A loop whose final state alone is used."""
    rng = random.Random(3)
    start, rates = leaves(2, "x", rng, 0.5, 1.5), leaves(2, "w", rng, 0.2, 0.9)
    (x, y), (a, b) = start, rates
    for _ in range(40):
        x, y = x + 0.05 * (a * x - x * y), y + 0.05 * (x * y - b * y)
    return [x * x + y], start, rates, ("inputs", "loss", "param_product")


def pairs():
    """Energies of all pairs: reads through index tables, sums over them."""
    rng = random.Random(4)
    x, w = leaves(6, "x", rng), leaves(15, "w", rng)
    order = [3, 0, 5, 1, 4, 2]
    energies = [
        k / (1.0 + (x[order[i]] - x[order[j]]) ** 2)
        for k, (i, j) in zip(w, itertools.combinations(range(6), 2), strict=True)
    ]
    return [ops.sum(*energies)], x, w, GRADIENTS


def stencil():
    """Neighbours with held ends: reads shifted by one, a scatter in the gradient."""
    rng = random.Random(5)
    u, w = leaves(9, "u", rng), leaves(2, "w", rng)
    now = list(u)
    for _ in range(3):
        inner = [
            now[i] + w[0] * (now[i - 1] - 2.0 * now[i] + now[i + 1]) for i in range(1, len(now) - 1)
        ]
        now = [now[0], *inner, now[-1]]
    return [sum(v * v for v in now) * w[1]], u, w, GRADIENTS


def irregular():
    """No structure: a tape."""
    rng = random.Random(6)
    x, w = leaves(4, "x", rng, 0.3, 1.2), leaves(3, "w", rng, 0.3, 1.2)
    pool = [*x, *w]
    steps = (
        lambda a, b: a * b + 0.25,
        lambda a, b: ops.sin(a - b),
        lambda a, b: ops.exp(-a * a) - b,
        lambda a, b: a / (2.0 + b * b),
        lambda a, b: ops.select(ops.gt(a, b), a * 0.5, b + 0.125),
        lambda a, b: ops.maximum(a, b * 0.75),
        lambda a, b: ops.log(1.5 + ops.abs(a)) * -b,
    )
    for _ in range(90):
        a, b = rng.choice(pool[-12:]), rng.choice(pool)
        pool.append(rng.choice(steps)(a, b))
    return [ops.sum(Value(0.25), *pool[-9:], *x, *w)], x, w, GRADIENTS


def classes():
    """A softmax cross entropy of three classes, and logsumexp along an axis."""
    rng = random.Random(7)
    x, w = leaves(4, "x", rng), leaves(12, "w", rng)
    logits = [ops.dot(*w[4 * k : 4 * k + 4], *x) for k in range(3)]
    return [ops.logsumexp(*logits) - logits[1]], x, w, GRADIENTS


def several():
    """Several outputs, one of them without parameters; equal subexpressions; Jacobians."""
    rng = random.Random(8)
    x, w = leaves(3, "x", rng, 0.4, 1.6), leaves(3, "w", rng, 0.4, 1.6)
    shared = ops.sqrt(x[0] * w[0] + x[1]) * ops.exp(x[0] - w[1])
    again = ops.sqrt(x[0] * w[0] + x[1]) / (x[2] ** 3 + w[2])
    return (
        [shared - again, x[0] / x[1] - x[1] / x[0] + x[2], again * x[0] ** w[0]],
        x,
        w,
        ("inputs", "inputs_reverse", "params_reverse_shared"),
    )


def data_set():
    """A loss recorded over its samples: the batch is found in the graph."""
    rng = random.Random(9)
    params = leaves(13, "p", rng)
    rows = [leaves(3, "c", rng) for _ in range(11)]
    terms, shared = [], params[0] * params[1]
    for a, b, target in rows:
        hidden = [
            ops.tanh(params[3 * k] * a + params[3 * k + 1] * b + params[3 * k + 2])
            for k in range(3)
        ]
        out = sum(params[9 + k] * h for k, h in enumerate(hidden)) + params[12]
        terms += [(out - target) ** 2, shared]
    decay = Value(0.1) * Value(0.1) * sum(p * p for p in params)  # constants to be folded
    return [sum([*terms, params[12]]) * (1.0 / len(rows)) + decay], [], params, RECORDED


def cell():
    """A loop that carries a vector."""
    rng = random.Random(10)
    h, w = leaves(4, "h", rng), leaves(20, "w", rng)
    start = h
    for _ in range(24):
        h = [ops.tanh(ops.dot(*w[4 * i : 4 * i + 4], *h) + w[16 + i]) for i in range(4)]
    return [h[0] + 2.0 * h[1] - h[2] * h[3]], start, w, ("inputs", "loss")


def shifted():
    """A sum that begins with a constant."""
    rng = random.Random(11)
    x, w = leaves(3, "x", rng), leaves(3, "w", rng)
    out = 1.5 + ops.sin(x[0]) + ops.sin(x[1]) + ops.sin(x[2])
    return [out * ops.dot(*w, *x)], x, w, GRADIENTS


GRAPHS = {
    maker.__name__: maker
    for maker in (
        perceptron, recurrence, stepped, pairs, stencil, irregular, classes, several, data_set,
        cell, shifted,
    )
}  # fmt: skip

OPTIMISERS = {
    "sgd": lambda: optim.SGD(lr=0.1, momentum=0.9, weight_decay=0.01),
    "adam": lambda: optim.Adam(lr=0.1),
}

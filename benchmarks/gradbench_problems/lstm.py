"""Mean loss of a recurrent net that predicts the next of c characters of 14 bits; l layers.

As in ADBench, weights are diagonal, and the sum of exponentials has 2 added.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from gradbench_problems.systems import Instance, casadi_pair

BITS = 14
SIZES = {"tiny": (1, 4), "small": (2, 64), "medium": (4, 1_024)}
NAMES = ("l", "c")


def instance(layers: int, characters: int) -> Instance:
    rng = np.random.default_rng(0)
    main = rng.uniform(size=(layers, 2, 4, BITS)) / 2
    extra = rng.uniform(size=(3, BITS)) / 2
    state = rng.uniform(size=(layers, 2, BITS)) / 2
    sequence = rng.integers(2, size=(characters, BITS)).astype(float)
    return Instance((layers, characters), (main, extra), (state, sequence))


def loss(library: Any, params: Any, data: Any, size: Any) -> Any:
    np, (main, extra), (state, sequence), (layers, characters) = library.np, params, data, size

    def sigmoid(x: Any) -> Any:
        return 1.0 / (1.0 + np.exp(-x))

    def step(carry: Any, pair: Any) -> Any:
        states, total = carry
        y, found = pair[0] * extra[0], []
        for (weight, bias), (hidden, cell) in zip(main, states, strict=True):
            forget = sigmoid(y * weight[0] + bias[0])
            entry = sigmoid(hidden * weight[1] + bias[1])
            out = sigmoid(y * weight[2] + bias[2])
            change = np.tanh(hidden * weight[3] + bias[3])
            cell = cell * forget + entry * change
            y = out * np.tanh(cell)
            found.append((y, cell))
        y = y * extra[1] + extra[2]
        y = y - np.log(np.sum(np.exp(y)) + 2.0)
        return found, total + np.sum(pair[1] * y)

    start = [(state[i, 0], state[i, 1]) for i in range(layers)]
    pairs = np.stack([sequence[:-1], sequence[1:]], 1)
    total = library.scan(step, (start, 0.0 * extra[0, 0]), pairs)[1]
    return -total / ((characters - 1) * BITS)


def mgcore(instance: Instance) -> Any:
    import mgcompile
    from mgcore import Value, ops, scan

    (_, characters), (state, sequence) = instance.size, instance.data
    main, extra = (np.vectorize(Value, otypes=[object])(each).tolist() for each in instance.params)

    def step(carry: Any, pair: Any) -> Any:
        (states, total), found = carry, []
        y = [a * b for a, b in zip(pair[0], extra[0], strict=True)]
        for (weight, bias), (hidden, cell) in zip(main, states, strict=True):

            def gate(op: Any, i: int, x: Any, weight: Any = weight, bias: Any = bias) -> Any:
                return [op(a * w + b) for a, w, b in zip(x, weight[i], bias[i], strict=True)]

            forget, entry = gate(ops.sigmoid, 0, y), gate(ops.sigmoid, 1, hidden)
            out, change = gate(ops.sigmoid, 2, y), gate(ops.tanh, 3, hidden)
            gates = zip(cell, forget, entry, change, strict=True)
            cell = [c * f + e * g for c, f, e, g in gates]
            y = [o * ops.tanh(c) for o, c in zip(out, cell, strict=True)]
            found.append([y, cell])
        y = [a * b + c for a, b, c in zip(y, extra[1], extra[2], strict=True)]
        log = ops.log(ops.sum(*[ops.exp(each) for each in y]) + 2.0)
        terms = [gold * (each - log) for gold, each in zip(pair[1], y, strict=True)]
        return (found, total + ops.sum(*terms)), None

    def whole(state: Any, sequence: Any) -> Any:
        pairs = [list(pair) for pair in pairwise(sequence)]
        total = scan(step, (state, 0.0 * state[0][0][0]), pairs)[0][1]
        return -total / ((characters - 1) * BITS)

    params = np.array(main, dtype=object).ravel().tolist() + [each for row in extra for each in row]
    kernel = mgcompile.trace(whole, (state.tolist(), sequence.tolist()), params=params)
    X = np.concatenate([state.ravel(), sequence.ravel()])
    batch = X[None]
    return lambda: kernel(X), lambda: kernel.loss_and_grad(batch)


def casadi(instance: Instance) -> Any:
    import casadi as ca

    layers, characters = instance.size
    main, extra = ca.SX.sym("main", 8 * BITS * layers), ca.SX.sym("extra", BITS, 3)
    states, pair = ca.SX.sym("state", BITS, 2 * layers), ca.SX.sym("pair", 2 * BITS)
    total = ca.SX.sym("total")
    tables = ca.reshape(main, BITS, 8 * layers)

    def sigmoid(x: Any) -> Any:
        return 1.0 / (1.0 + ca.exp(-x))

    y, found = pair[:BITS] * extra[:, 0], []
    for i in range(layers):
        weight, bias = tables[:, 8 * i : 8 * i + 4], tables[:, 8 * i + 4 : 8 * i + 8]
        hidden, cell = states[:, 2 * i], states[:, 2 * i + 1]
        forget = sigmoid(y * weight[:, 0] + bias[:, 0])
        entry = sigmoid(hidden * weight[:, 1] + bias[:, 1])
        out = sigmoid(y * weight[:, 2] + bias[:, 2])
        change = ca.tanh(hidden * weight[:, 3] + bias[:, 3])
        cell = cell * forget + entry * change
        y = out * ca.tanh(cell)
        found += [y, cell]
    y = y * extra[:, 1] + extra[:, 2]
    y = y - ca.log(ca.sum1(ca.exp(y)) + 2.0)
    carry = ca.vertcat(ca.vec(states), total)
    after = ca.vertcat(*found, total + ca.sum1(pair[BITS:] * y))
    step = ca.Function("step", [carry, pair, main, extra], [after])
    main, extra = ca.MX.sym("main", 8 * BITS * layers), ca.MX.sym("extra", BITS, 3)
    state, sequence = ca.MX.sym("state", 2 * BITS * layers), ca.MX.sym("s", BITS, characters)
    pairs = ca.vertcat(sequence[:, :-1], sequence[:, 1:])
    chain = step.mapaccum(characters - 1)
    last = chain(ca.vertcat(state, 0.0), pairs, main, extra)[:, -1]
    value = -last[-1] / ((characters - 1) * BITS)
    arrays = (*instance.params, *instance.data)
    return casadi_pair(arrays, [main, extra, state, sequence], value, 2)

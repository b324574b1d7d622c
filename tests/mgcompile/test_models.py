"""Models recorded in scalars: matrices and loops are found, results are the engine's."""

from __future__ import annotations

import random
from functools import cache
from itertools import pairwise

import numpy as np
import pytest

import mgcompile
from mgcompile.program.ir import PARAMS, Bundle, Loop, Tape
from mgcore import Value, ops
from mgnn import optim

BACKENDS = ["numpy", "llvm"]


def found(kernel, kind):
    return [s for s in kernel.program.statements if isinstance(s, kind)]


def bundles(kernel, name):
    return [b for b in found(kernel, Bundle) if b.op.name == name]


def leaves(count, rng, label=""):
    return [Value(rng.uniform(-1, 1), f"{label}{i}" if label else "") for i in range(count)]


def neuron(w, x, b, *, rng=None):
    """One neuron in binary adds and multiplies; with `rng` in any order."""
    terms = [wi * xi for wi, xi in zip(w, x, strict=True)]
    if rng is not None:
        terms = [
            xi * wi if rng.random() < 0.5 else t for t, wi, xi in zip(terms, w, x, strict=True)
        ]
    terms = [*terms, b]
    if rng is not None:
        rng.shuffle(terms)
    total = terms[0]
    for term in terms[1:]:
        total = total + term
    return total


def layer(x, n_out, rng, params, activation=ops.tanh, *, shuffled=False):
    outs = []
    for _ in range(n_out):
        w, b = leaves(len(x), rng), Value(rng.uniform(-1, 1))
        params += [*w, b]
        outs.append(activation(neuron(w, x, b, rng=rng if shuffled else None)))
    return outs


def mlp(widths, rng, *, shuffled=False):
    x, y = leaves(widths[0], rng, "x"), Value(0.5, "y")
    params, h = [], x
    for width in widths[1:]:
        h = layer(h, width, rng, params, shuffled=shuffled)
    loss = (h[0] - y) ** 2
    for out in h[1:]:
        loss = loss + (out - y) ** 2
    return loss, [*x, y], params


def check(held, model, backend, samples=7):
    output, inputs, params = model
    kernel = mgcompile.compile(output, inputs, params, backend=backend, cache=False)
    X = np.random.default_rng(samples).uniform(-1, 1, size=(samples, len(inputs)))
    held(kernel, output, inputs, params, X)
    return kernel


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("shuffled", [False, True])
def test_an_mlp_in_binary_ops_becomes_matrix_products(shuffled, backend, held_against_engine):
    model = mlp((5, 8, 6, 3), random.Random(3), shuffled=shuffled)
    kernel = check(held_against_engine, model, backend)
    *dots, squares = bundles(kernel, "dot")
    assert [(d.shape, d.reduced) for d in dots] == [((8,), (5,)), ((6,), (8,)), ((3,), (6,))]
    assert all(dot.operands[0].array == PARAMS for dot in dots)
    assert (squares.shape, squares.reduced) == ((), (3,))
    assert squares.operands[0] == squares.operands[1]
    assert not found(kernel, Tape)


def siamese(rng):
    """Two inputs through the same two layers; the squared distance of the results."""
    params = leaves(4 * 6 + 3 * 5, rng)
    branches = [leaves(5, rng, "a"), leaves(5, rng, "b")]
    results = []
    for x in branches:
        h = [ops.tanh(neuron(params[6 * i : 6 * i + 5], x, params[6 * i + 5])) for i in range(4)]
        rest = params[24:]
        results.append(
            [ops.tanh(neuron(rest[5 * i : 5 * i + 4], h, rest[5 * i + 4])) for i in range(3)]
        )
    distance = sum((a - b) ** 2 for a, b in zip(*results, strict=True))
    return distance, [*branches[0], *branches[1]], params


@pytest.mark.parametrize("backend", BACKENDS)
def test_shared_weights_give_one_product_for_both_branches(backend, held_against_engine):
    kernel = check(held_against_engine, siamese(random.Random(5)), backend)
    *dots, squares = bundles(kernel, "dot")
    assert squares.operands[0] == squares.operands[1]
    assert [sorted(d.shape) for d in dots] == [[2, 4], [2, 3]]
    assert [d.reduced for d in dots] == [(5,), (4,)]
    weights = [d.operands[0].index for d in dots]
    assert all(0 in index.strides[:2] for index in weights)


def rnn(steps, hidden, rng):
    xs = [leaves(3, rng, f"x{t}.") for t in range(steps)]
    wx = [leaves(3, rng) for _ in range(hidden)]
    wh = [leaves(hidden, rng) for _ in range(hidden)]
    b, v = leaves(hidden, rng), leaves(hidden, rng)
    h, loss = [0.0] * hidden, 0.0
    for x in xs:
        h = [ops.tanh(neuron([*wx[i], *wh[i]], [*x, *h], b[i]) * 0.5) for i in range(hidden)]
        loss = loss + (neuron(v, h, 0.1) - 0.3) ** 2
    params = [w for row in (*wx, *wh) for w in row] + b + v
    return loss, [value for x in xs for value in x], params


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_recurrence_unrolled_50_steps_becomes_a_loop(backend, held_against_engine):
    kernel = check(held_against_engine, rnn(50, 6, random.Random(7)), backend, samples=3)
    (loop,) = found(kernel, Loop)
    assert loop.count >= 47
    products = [s for s in loop.body if isinstance(s, Bundle) and s.op.name == "dot"]
    assert ((6,), (6,)) in [(p.shape, p.reduced) for p in products]


def rk4(steps, h=0.01):
    """Lotka-Volterra by the classical Runge-Kutta method."""
    x, y = Value(1.0, "x"), Value(1.0, "y")
    a, b, c, d = params = [Value(v) for v in (1.5, 1.0, 3.0, 1.0)]

    def slope(x, y):
        return a * x - b * x * y, d * x * y - c * y

    u, v = x, y
    for _ in range(steps):
        k1 = slope(u, v)
        k2 = slope(u + h / 2 * k1[0], v + h / 2 * k1[1])
        k3 = slope(u + h / 2 * k2[0], v + h / 2 * k2[1])
        k4 = slope(u + h * k3[0], v + h * k3[1])
        u = u + h / 6 * (k1[0] + 2 * k2[0] + 2 * k3[0] + k4[0])
        v = v + h / 6 * (k1[1] + 2 * k2[1] + 2 * k3[1] + k4[1])
    return u + u * v, [x, y], params


@pytest.mark.parametrize("backend", BACKENDS)
def test_an_integration_of_many_steps_becomes_a_loop(backend, held_against_engine):
    steps = {"numpy": 60, "llvm": 1000}[backend]
    kernel = check(held_against_engine, rk4(steps), backend, samples=1)
    (loop,) = found(kernel, Loop)
    assert loop.count >= steps - 5
    assert len(loop.body) < 60


def horner(degree, rng):
    x, coefficients = Value(0.7, "x"), leaves(degree + 1, rng)
    total = coefficients[0]
    for coefficient in coefficients[1:]:
        total = total * x + coefficient
    return total, [x], coefficients


@pytest.mark.parametrize("backend", BACKENDS)
def test_horners_rule_becomes_a_loop_over_the_coefficients(backend, held_against_engine):
    kernel = check(held_against_engine, horner(20, random.Random(1)), backend)
    (loop,) = found(kernel, Loop)
    assert loop.count >= 18
    assert [s.op.name for s in loop.body] == ["mul", "add"]


def nested(outer, inner, rng):
    """Small steps within large ones, each with a parameter of its own."""
    x, a, b = Value(0.5, "x"), Value(0.3), Value(0.7)
    jumps = leaves(outer, rng)
    u = x
    for jump in jumps:
        for _ in range(inner):
            u = u + 0.05 * (ops.sin(a * u) - b * u)
        u = ops.tanh(u + jump)
    return u, [x], [a, b, *jumps]


def inner_loops(loop):
    return [s for s in loop.body if isinstance(s, Loop)]


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(
    ("outer", "inner", "levels"), [(8, 120, 2), (30, 6, 1)], ids=["long inside", "short inside"]
)
def test_loops_in_loops_stay_so_where_the_inner_ones_are_long(
    outer, inner, levels, backend, held_against_engine
):
    kernel = check(held_against_engine, nested(outer, inner, random.Random(2)), backend, samples=2)
    longest = max(found(kernel, Loop), key=lambda loop: (len(inner_loops(loop)), loop.count))
    inside = inner_loops(longest)
    assert longest.count >= outer - 1
    assert [loop.count >= inner - 2 for loop in inside] == [True] * (levels - 1)
    assert sum(len(loop.body) for loop in (*found(kernel, Loop), *inside)) < 120


def shared_sums(steps):
    """A recurrence whose steps add parameters up: a part of every step that no sample changes."""
    x, p = Value(0.3, "x"), [Value(0.2), Value(-0.4), Value(0.7)]
    u, total = x, 0.0
    for _ in range(steps):
        u = ops.tanh(p[0] + p[0] + 0.3 * u + ops.dot(p[1], p[2], p[2], p[1]))
        total = total + u
    return total * x, [x], p


@pytest.mark.parametrize("backend", BACKENDS)
def test_what_all_samples_share_in_a_loop_is_summed_over_the_samples(backend, held_against_engine):
    kernel = check(held_against_engine, shared_sums(20), backend)
    (loop,) = found(kernel, Loop)
    assert not all(kernel.program.arrays[s.result].batched for s in loop.body)


def mixture(rng):
    loss, inputs, params = mlp((4, 12, 12, 1), rng)
    penalty = irregular(60, rng, params[:20])
    return loss + 0.01 * penalty, inputs, params


def irregular(count, rng, roots):
    """A random graph of bounded ops."""
    nodes = list(roots)
    for _ in range(count):
        a, b = rng.choice(nodes), rng.choice(nodes[-20:])
        op = rng.choice([ops.sin, ops.tanh, ops.mul, ops.add, ops.sub])
        nodes.append(op(a) if op.arity == 1 else op(a, b))
    total = nodes[-1]
    for node in nodes[-9:-1]:
        total = total + node
    return total


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_mixture_keeps_its_matrices(backend, held_against_engine):
    kernel = check(held_against_engine, mixture(random.Random(11)), backend)
    dots = [(d.shape, d.reduced) for d in bundles(kernel, "dot")]
    assert dots[:2] == [((12,), (4,)), ((12,), (12,))]


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("seed", range(3))
def test_a_random_irregular_graph_becomes_a_tape(seed, backend, held_against_engine):
    rng = random.Random(seed)
    inputs, params = leaves(5, rng, "x"), leaves(5, rng)
    output = irregular(400, rng, inputs + params)
    output = output + sum(x * 0.1 for x in inputs)
    kernel = check(held_against_engine, (output, inputs, params), backend)
    assert found(kernel, Tape)


def recorded_over_data(samples, rng):
    """The demo of micrograd: a hinge loss over all samples, with a penalty."""
    X = np.random.default_rng(samples).normal(size=(samples, 2))
    y = np.where(X[:, 0] * X[:, 1] > 0, 1.0, -1.0)
    sizes, params, layers = [2, 8, 8, 1], [], []
    for n_in, n_out in pairwise(sizes):
        layers.append([(leaves(n_in, rng), Value(0.1)) for _ in range(n_out)])
        params += [p for w, b in layers[-1] for p in (*w, b)]
    losses = []
    for row, label in zip(X.tolist(), y.tolist(), strict=True):
        h = [Value(value) for value in row]
        for number, neurons in enumerate(layers):
            h = [neuron(w, h, b) for w, b in neurons]
            h = h if number == 2 else [ops.relu(z) for z in h]
        losses.append(ops.relu(1 + -label * h[0]))
    penalty = 1e-3 * sum(p * p for p in params)
    return sum(losses) * (1.0 / samples) + penalty, params


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("samples", [6, 50])
def test_a_loss_recorded_over_its_data_becomes_a_batch(samples, backend):
    loss, params = recorded_over_data(samples, random.Random(2))
    kernel = mgcompile.compile(loss, params=params, backend=backend, cache=False)
    assert kernel.program.data.shape == (samples, 3)
    dots = [d for d in bundles(kernel, "dot") if d.shape]
    assert [(d.shape, d.reduced) for d in dots] == [((8,), (2,)), ((8,), (8,))]
    loss.backward()
    assert kernel() == pytest.approx(loss.data, rel=1e-12)
    value, gradient = kernel.loss_and_grad()
    assert value == pytest.approx(loss.data, rel=1e-12)
    np.testing.assert_allclose(gradient, [p.grad for p in params], rtol=1e-9, atol=1e-12)


MODELS = {
    "mlp": lambda: mlp((5, 8, 6, 3), random.Random(3)),
    "shuffled": lambda: mlp((5, 8, 6, 3), random.Random(3), shuffled=True),
    "siamese": lambda: siamese(random.Random(5)),
    "recurrence": lambda: rnn(50, 6, random.Random(7)),
    "integration": lambda: rk4(30),
    "horner": lambda: horner(20, random.Random(1)),
    "mixture": lambda: mixture(random.Random(11)),
    "irregular": lambda: irregular_model(random.Random(2)),
}
TOLERANCE = {"float64": (1e-10, 1e-12), "float32": (2e-4, 2e-5)}
SAMPLES = (1, 7, 64, 1000)


@cache
def results_of_reference(name):
    """Return what the reference backend computes of a model in float64, for each of SAMPLES."""
    graph = _, inputs, _ = MODELS[name]()
    kernel = mgcompile.compile(*graph, backend="numpy")
    points = [np.random.default_rng(n).uniform(-1, 1, size=(n, len(inputs))) for n in SAMPLES]
    return [(X, all_results(kernel, X)) for X in points]


def all_results(kernel, X):
    return kernel(X), *kernel.value_and_grad(X), *kernel.loss_and_grad(X), kernel(X[0])


def irregular_model(rng):
    inputs, params = leaves(5, rng, "x"), leaves(5, rng)
    output = irregular(400, rng, inputs + params)
    return output + sum(x * 0.1 for x in inputs), inputs, params


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("name", MODELS)
def test_every_model_is_the_float64_reference_for_any_number_of_samples(name, dtype):
    output, inputs, params = MODELS[name]()
    native = mgcompile.compile(output, inputs, params, dtype=dtype, cache=False)
    rtol, atol = TOLERANCE[dtype]
    for X, expected in results_of_reference(name):
        found = all_results(native, X)
        for one, other in zip(found, expected, strict=True):
            assert np.asarray(one).dtype in (np.float64, np.dtype(dtype))
            scale = max(1.0, float(np.max(np.abs(other))))
            np.testing.assert_allclose(one, other, rtol=rtol, atol=atol * scale)
        assert native(X).dtype == np.dtype(dtype)


@pytest.mark.parametrize(
    "optimizer", [optim.SGD(lr=0.01), optim.Adam(lr=0.01)], ids=["sgd", "adam"]
)
@pytest.mark.parametrize("name", MODELS)
def test_every_model_has_the_engines_parameters_after_20_steps(name, optimizer, trained_by_engine):
    graph = _, inputs, params = MODELS[name]()
    X = np.random.default_rng(4).uniform(-1, 1, size=(3, len(inputs)))
    start = [p.data for p in params]
    expected = trained_by_engine(*graph, X, optimizer)
    for backend, dtype in (("llvm", "float64"), ("llvm", "float32"), ("numpy", "float64")):
        rtol, atol = TOLERANCE[dtype]
        kernel = mgcompile.compile(*graph, backend=backend, dtype=dtype, cache=False)
        kernel.params = start
        kernel.train(X, optimizer, epochs=20)
        scale = float(np.max(np.abs(expected)))
        np.testing.assert_allclose(
            kernel.params, expected, rtol=100 * rtol, atol=100 * atol * scale, err_msg=backend
        )
        for p, number in zip(params, start, strict=True):
            p.data = number
    assert not np.allclose(expected, start, rtol=1e-4)


def product(*extents, terms):
    sizes = " x ".join(map(str, extents))
    return f"matrix product: ({sizes}) results, each a sum over {terms}"


MLP = [
    product(8, "samples", terms=5),
    product(6, "samples", terms=8),
    product(3, "samples", terms=6),
]
EXPLAINED = {
    "mlp": MLP,
    "shuffled": MLP,
    "siamese": [product(2, 4, "samples", terms=5), product(3, 2, "samples", terms=4)],
    "recurrence": [
        "loop along depth: 49 iterations of 9 statements, 6 numbers carried",
        product(6, "samples", terms=3),
        product(6, "samples", terms=6),
    ],
    "integration": ["loop along depth: 29 iterations of 54 statements, 2 numbers carried"],
    "horner": ["loop along depth: 20 iterations of 2 statements, 1 numbers carried"],
    "mixture": [product(12, "samples", terms=4), product(12, "samples", terms=12)],
    "irregular": ["irregular: 97 instructions on a tape, nodes of which fewer than 4 are alike"],
}
EXPLAINED_LOSS = {
    "mlp": [product(6, 8, terms="samples"), product(8, 5, terms="samples")],
    "shuffled": [product(6, 8, terms="samples"), product(8, 5, terms="samples")],
    "siamese": [product(4, 5, terms="2 x samples")],
    "recurrence": [product(6, 6, terms="49 x samples"), product(6, 3, terms="49 x samples")],
    "horner": ["loop along depth: 20 iterations of 2 statements, 1 numbers carried"],
    "mixture": [product(12, 12, terms="samples"), product(12, 4, terms="samples")],
}


@pytest.mark.parametrize("name", MODELS)
def test_explain_tells_the_matrices_and_loops_of_every_model(name):
    output, inputs, params = MODELS[name]()
    kernel = mgcompile.compile(output, inputs, params, backend="numpy")
    forward, _, statements = kernel.explain().partition("\n\n")
    lines = [line.strip() for line in forward.splitlines()]
    assert [line for line in EXPLAINED[name] if line not in lines] == []
    loss = [line.strip() for line in kernel.explain("loss").splitlines()]
    assert [line for line in EXPLAINED_LOSS.get(name, []) if line not in loss] == []
    assert any(line.startswith("cost: ") and "flops a sample" in line for line in lines)
    assert "bytes a sample" in forward
    assert f"inputs[{len(inputs)}]*, params[{len(params)}]" in statements
    assert statements.strip().splitlines()[-1].startswith("return value")

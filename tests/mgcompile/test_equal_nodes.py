"""Nodes that compute the same become one, however deep and wide, with inputs or without."""

import random

import numpy as np
import pytest
from plain import hold

import mgcompile
from mgcompile.graph.canonicalize import flatten_sums, fold_constants
from mgcompile.graph.capture import capture
from mgcompile.graph.cse import merge_equal
from mgcompile.graph.ir import CONST
from mgcompile.graph.levels import levels
from mgcore import Value, ops


def numbered(graph):
    """Return how many different values a graph has: by a table, operands first."""
    leaf = {n: ("leaf", n) for n in np.flatnonzero(graph.code < 0).tolist()}
    for node in np.flatnonzero(graph.code == CONST).tolist():
        leaf[node] = ("constant", float(graph.value[node]).hex())
    known, number = {}, {}
    for node, what in leaf.items():
        number[node] = known.setdefault(what, len(known))
    for node in levels(graph)[1].tolist():
        op = graph.ops[graph.code[node]]
        reads = [
            number[x] for x in graph.operand[graph.start[node] : graph.start[node + 1]].tolist()
        ]
        if op.name in ("add", "mul"):
            reads.sort()
        number[node] = known.setdefault((op.name, *reads), len(known))
    return len(set(number.values()))


def twice(seed):
    """Return the root of a random graph in which much is written down twice."""
    rng = random.Random(seed)
    x = [Value(rng.uniform(0.5, 1.5)) for _ in range(4)]
    nodes = list(x)
    recipes = []
    for _ in range(rng.randint(10, 60)):
        if recipes and rng.random() < 0.5:
            name, places = rng.choice(recipes)
        else:
            name, width = rng.choice(
                [("add", 2), ("mul", 2), ("sub", 2), ("tanh", 1), ("sum", 5), ("dot", 6)]
            )
            places = [rng.randrange(len(nodes)) for _ in range(width)]
            recipes.append((name, places))
        if name in ("add", "mul") and rng.random() < 0.5:
            places = places[::-1]
        twin = [p + 1 if p + 1 < len(nodes) and rng.random() < 0.05 else p for p in places]
        nodes.append(getattr(ops, name)(*(nodes[p] for p in twin)))
    return ops.sum(*nodes[4:]), x


@pytest.mark.parametrize("seed", range(40))
def test_as_many_nodes_are_left_as_there_are_different_values(seed):
    output, x = twice(seed)
    graph = capture([output], x, [])
    merged = merge_equal(graph)
    assert len(merged.code) == numbered(graph) == numbered(merged)


def chain(x, w, steps):
    h = x
    for _ in range(steps):
        h = ops.tanh(w * h - 0.1)
    return h


def test_two_copies_of_a_deep_chain_become_one():
    x, w = Value(0.3), Value(0.7)
    output = chain(x, w, 50) * 2.0 - chain(x, w, 50) / 3.0
    graph = fold_constants(capture([output], [x], [w]))
    assert len(merge_equal(graph).code) == numbered(graph) < 160
    hold(
        mgcompile.compile(output, [x], [w], backend="numpy"),
        (output, [x], [w]),
        np.array([[0.2], [0.5]]),
    )


def determinant(rows):
    """Return a determinant by its first row, minors written anew wherever they are needed."""
    if len(rows) == 1:
        return rows[0][0]
    total = None
    for j, head in enumerate(rows[0]):
        term = head * determinant([row[:j] + row[j + 1 :] for row in rows[1:]])
        term = -term if j % 2 else term
        total = term if total is None else total + term
    return total


def matrix(size, seed=0):
    rng = random.Random(seed)
    return [[Value(rng.uniform(-1, 1)) for _ in range(size)] for _ in range(size)]


def test_a_determinant_of_parameters_alone_has_each_minor_once():
    size = 6
    rows = matrix(size)
    output, params = determinant(rows), [p for row in rows for p in row]
    graph = flatten_sums(capture([output], [], params))
    assert len(graph.code) > 1000
    # 2**6 minors, each of a few sums and negated products
    assert len(merge_equal(graph).code) == numbered(graph) < 400


@pytest.mark.parametrize("backend", ["llvm", "numpy"])
def test_the_gradient_of_a_determinant_is_its_cofactors(backend):
    size = 5
    rows = matrix(size, 1)
    params = [p for row in rows for p in row]
    kernel = mgcompile.compile(determinant(rows), [], params, backend=backend, cache=False)
    loss, gradient = kernel.loss_and_grad()
    A = np.array([[p.data for p in row] for row in rows])
    minors = [
        [np.linalg.det(np.delete(np.delete(A, i, 0), j, 1)) for j in range(size)]
        for i in range(size)
    ]
    signs = np.fromfunction(lambda i, j: (-1.0) ** (i + j), A.shape)
    np.testing.assert_allclose(loss, np.linalg.det(A), rtol=1e-13)
    np.testing.assert_allclose(gradient.reshape(A.shape), signs * minors, rtol=0, atol=1e-14)


@pytest.mark.parametrize("backend", ["llvm", "numpy"])
def test_constants_without_a_data_set_are_merged_too(backend):
    rows = matrix(4, 2)
    params = [p for row in rows for p in row]
    output = 2.0 * determinant(rows) + ops.tanh(0.5 * rows[0][0]) - ops.tanh(0.5 * rows[0][0]) ** 2
    graph = output, [], params
    hold(mgcompile.compile(*graph, backend=backend, cache=False), graph, None)


def test_samples_that_are_equal_by_chance_stay_samples():
    w, b = Value(0.4), Value(-0.2)
    data = [(0.5, 1.0), (0.5, 1.0), (0.25, 1.0), (0.5, 0.0), (0.75, 0.0), (0.25, 1.0)]
    loss = ops.sum(*((ops.tanh(w * x + b) - y) ** 2 for x, y in data))
    kernel = mgcompile.compile(loss, [], [w, b], cache=False)
    assert kernel.program.data.shape == (6, 2)
    hold(kernel, (loss, [], [w, b]), None)


def test_a_gradient_computes_once_what_its_values_compute_too(capfd, monkeypatch):
    params = [Value(0.1 * k, f"w{k}") for k in range(27)]
    inputs = [Value(0.2 * k, f"x{k}") for k in range(27)]
    products = [p * x for p, x in zip(params, inputs, strict=True)]
    total = ops.logsumexp(*products)
    loss = ops.sum(*(ops.exp(p - total) ** 3 for p in products))
    found = {}
    for left_out in ("", "merge-equal"):
        monkeypatch.setenv("MGCOMPILE_SKIP", left_out)
        monkeypatch.setenv("MGCOMPILE_PRINT", "after:merge-equal")
        kernel = mgcompile.compile(loss, inputs=inputs, params=params, cache=False)
        _, gradient = kernel.loss_and_grad([x.data for x in inputs])
        printed = capfd.readouterr().err
        found[left_out] = gradient, printed.count(" = exp("), printed.count(" = sub(")
    exponentials, differences = found["merge-equal"][1:]
    assert exponentials == 2
    assert found[""][1:] == (1, differences - 1)  # the slope keeps what its difference loses
    np.testing.assert_allclose(found[""][0], found["merge-equal"][0], rtol=1e-13)
    loss.backward()
    np.testing.assert_allclose(found[""][0], [p.grad for p in params], rtol=1e-12)

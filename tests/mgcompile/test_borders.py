"""Rows and grids whose cells differ at their borders: right numbers, and loops all the same."""

import random
import re

import numpy as np
import pytest
from plain import hold
from stencils import KINDS, record, truth

import mgcompile
from mgcompile.graph.capture import capture
from mgcompile.graph.pipeline import canonicalize
from mgcompile.reroll.borders import merge_at_borders
from mgcompile.reroll.isomorphism import find_classes
from mgcore import Value, ops


def made(name, cells, steps, backend="llvm"):
    """Return a kernel of a kind, its numbers, and the numbers of cells."""
    kind = KINDS[name]
    cells = kind.wide**2 or cells * (2 if name == "string" else 1)
    count = cells + min(kind.extras, steps)
    numbers = np.random.default_rng(count).uniform(-0.7, 0.7, size=(3, count))
    leaves = [Value(x, f"x{i}") for i, x in enumerate(numbers[0])]
    graph = record(kind, leaves, steps, cells)
    return mgcompile.compile(graph, inputs=leaves, backend=backend, cache=False), numbers, cells


def held_to_truth(name, kernel, numbers, steps, cells):
    values, gradients = kernel.value_and_grad(numbers)
    for row, value, gradient in zip(numbers, values, gradients, strict=True):
        expected, slopes = truth(KINDS[name], row, steps, cells)
        np.testing.assert_allclose(value, expected, rtol=1e-11)
        np.testing.assert_allclose(gradient, slopes, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("name", KINDS)
def test_a_border_of_any_kind_leaves_one_loop_with_the_right_numbers(name):
    kernel, numbers, cells = made(name, 20, 14)
    held_to_truth(name, kernel, numbers, 14, cells)
    loops = re.findall(r"loop along depth: (\d+) iterations of (\d+)", kernel.explain())
    (times, statements), *others = loops
    assert not others
    assert int(times) >= 11
    assert int(statements) <= 40
    assert "irregular" not in kernel.explain()


@pytest.mark.parametrize("name", ["held", "given", "fixed", "own rates", "upwind", "string"])
def test_cells_beside_a_border_need_no_table(name):
    kernel, _, _ = made(name, 20, 14)
    body = re.search(r"^for k.*?^a", kernel.explain(), re.DOTALL | re.MULTILINE)
    assert "table" not in body[0].replace("from inputs[table(i)]", "")


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize(("cells", "steps"), [(5, 8), (9, 7), (12, 6)])
def test_borders_are_right_in_the_reference_at_all_sizes(name, cells, steps):
    kernel, numbers, cells = made(name, cells, steps, backend="numpy")
    held_to_truth(name, kernel, numbers, steps, cells)


def test_a_held_row_takes_as_many_statements_however_long_it_runs():
    def statements(steps):
        return made("held", 16, steps)[0].explain().count("\n")

    assert statements(12) == statements(40)


def test_a_data_set_of_rows_recorded_into_the_graph_becomes_a_batch_of_loops():
    rate, rng = Value(0.2), np.random.default_rng(4)
    starts = rng.uniform(-1, 1, size=(6, 12))
    terms = []
    for row in starts:
        u = [Value(x) for x in row]
        for _ in range(9):
            inner = [u[i] + rate * (u[i - 1] - 2.0 * u[i] + u[i + 1]) for i in range(1, 11)]
            u = [u[0], *inner, u[-1]]
        terms += [a * a for a in u]
    kernel = mgcompile.compile(ops.sum(*terms), params=[rate], cache=False)
    loss, slope = kernel.loss_and_grad()

    def by_hand(rate):
        u = starts.astype(complex)
        for _ in range(9):
            inner = u[:, 1:-1] + rate * (u[:, :-2] - 2.0 * u[:, 1:-1] + u[:, 2:])
            u = np.concatenate([u[:, :1], inner, u[:, -1:]], axis=1)
        return np.sum(u * u)

    np.testing.assert_allclose(loss, by_hand(0.2).real, rtol=1e-12)
    np.testing.assert_allclose(slope, [by_hand(0.2 + 1e-30j).imag / 1e-30], rtol=1e-10)
    assert "loop along depth: 8 iterations" in kernel.explain("loss")


def any_row(rng):
    """Return a random row of cells: what they do, how far they look, what the ends do."""
    cells, steps, reach = rng.randint(6, 10), rng.randint(6, 8), rng.choice([1, 1, 2])
    weights = [rng.choice([0.1, 0.2, -0.15]) for _ in range(2 * reach + 1)]
    squash = rng.choice([None, ops.tanh, ops.sin])
    low, high = (rng.choice(["held", "number", "mirror", "ring", "own"]) for _ in range(2))
    rate = Value(0.3)

    def cell(near):
        flow = near[0] * weights[0]
        for x, weight in zip(near[1:], weights[1:], strict=True):
            flow = flow + x * weight if rng_free else flow - x * weight
        new = near[reach] + rate * flow
        return squash(new) if squash else new

    def beyond(u, k, how, first):
        """Return what stands `k` places outside of the row, at its beginning or its end."""
        if how == "number":
            return 0.5 + k
        if how == "ring":
            return u[-k] if first else u[k - 1]
        return u[k - 1] if first else u[-k]

    rng_free = rng.random() < 0.5
    start = [Value(rng.uniform(-1, 1), f"u{i}") for i in range(cells)]
    u = list(start)
    for _ in range(steps):
        wide = [
            *(beyond(u, k, low, first=True) for k in range(reach, 0, -1)),
            *u,
            *(beyond(u, k, high, first=False) for k in range(1, reach + 1)),
        ]
        new = [cell(wide[i : i + 2 * reach + 1]) for i in range(cells)]
        for how, at in ((low, 0), (high, -1)):
            if how == "held":
                new[at] = u[at]
            if how == "own":
                new[at] = ops.exp(u[at] * -0.5) * rate + ops.sin(new[at])
        u = new
    output = ops.sum(*u) if rng.random() < 0.5 else ops.sum(*(x * x for x in u))
    return output, start, [rate]


@pytest.mark.parametrize("seed", range(24))
def test_random_rows_with_random_borders_are_right(seed):
    rng = random.Random(seed)
    graph = any_row(rng)
    X = np.random.default_rng(seed).uniform(-1, 1, size=(2, len(graph[1])))
    backend = "llvm" if seed % 4 == 0 else "numpy"
    kernel = mgcompile.compile(*graph, backend=backend, cache=False)
    hold(kernel, graph, X, second=seed % 6 == 0)


def test_a_graph_without_rows_is_left_as_it_is():
    rng = random.Random(2)
    x = [Value(0.1 + 0.1 * i) for i in range(12)]
    nodes = list(x)
    for _ in range(600):
        p, q = rng.choice(nodes[-60:]), rng.choice(nodes)
        nodes.append(rng.choice([p + q, p * q, ops.tanh(p - q)]))
    graph = canonicalize(capture([ops.sum(*nodes)], x, []))
    classes = find_classes(graph)
    assert merge_at_borders(classes, classes.written) is None

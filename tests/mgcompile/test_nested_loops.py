"""Loops inside loops: they are found to any depth, and the numbers are those of unrolled graphs."""

import random

import numpy as np
import pytest
import torch
from plain import hold

import mgcompile
from mgcompile.program.ir import Bundle, Loop
from mgcompile.reroll import inner_loops
from mgcore import Value, ops, scan
from mgnn import optim

BACKENDS = ["numpy", "llvm"]


@pytest.fixture
def short_bodies(monkeypatch):
    """Look for loops in short bodies too, so that small graphs have them."""
    monkeypatch.setattr(inner_loops, "SHORTEST_BODY", 12)


def loops(kernel):
    """Return the lengths of the loops of a kernel, each with those inside of it."""

    def of(statements):
        return [(s.count, of(s.body)) for s in statements if isinstance(s, Loop)]

    return of(kernel.built.program.statements)


def depth(found):
    return max((1 + depth(inside) for _, inside in found), default=0)


def loops_inside(kernel):
    """Return how many loops are inside of the only long one."""
    ((_, inside),) = [loop for loop in loops(kernel) if loop[1]]
    assert all(count >= 9 for count, _ in inside)
    return len(inside)


def size(kernel):
    """Return how many statements a program has, in bodies too."""

    def of(statements):
        return sum(1 + of(s.body) if isinstance(s, Loop) else 1 for s in statements)

    return of(kernel.built.program.statements)


def times(n, step, carry, *, scanned):
    """Apply a step n times, as a scan or as a loop of Python."""
    if scanned:
        return scan(lambda v, _: (step(v), None), carry, length=n)[0]
    for _ in range(n):
        carry = step(carry)
    return carry


def implicit(y, a, steps, newton, sin=ops.sin, *, scanned):
    """Runge-Kutta steps for a slope k that Newton's method finds: k + a sin k = -y."""
    h = 0.05

    def slope(y):
        def improved(k):
            return k - (k + a * sin(k) + y) / (1.0 + a * sin(k + np.pi / 2))

        return times(newton, improved, -1.0 * y, scanned=scanned)

    def step(y):
        k1 = slope(y)
        k2 = slope(y + h / 2 * k1)
        k3 = slope(y + h / 2 * k2)
        k4 = slope(y + h * k3)
        return y + h / 6 * (k1 + 2.0 * k2 + 2.0 * k3 + k4)

    return times(steps, step, y, scanned=scanned)


def by_torch(f, *at):
    leaves = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in at]
    value = f(*leaves)
    gradient = torch.autograd.grad(value, leaves, create_graph=True)
    rows = [torch.autograd.grad(g, leaves, retain_graph=True, allow_unused=True) for g in gradient]
    bends = [[0.0 if x is None else x.item() for x in row] for row in rows]
    return value.item(), [g.item() for g in gradient], bends


@pytest.mark.parametrize("scanned", [True, False])
@pytest.mark.parametrize("backend", BACKENDS)
def test_newton_inside_an_integrator(scanned, backend):
    def f(y, a):
        return implicit(y, a, 12, 11, scanned=scanned)

    at = [0.7, 0.3]
    kernel = mgcompile.trace(f, 2, backend=backend, cache=False)
    assert loops_inside(kernel) == 4
    assert size(kernel) < 180
    value, gradient, bends = by_torch(
        lambda y, a: implicit(y, a, 12, 11, torch.sin, scanned=False), *at
    )
    found, slopes = kernel.value_and_grad(at)
    np.testing.assert_allclose([kernel(at), found], value, rtol=1e-12)
    np.testing.assert_allclose(slopes, gradient, rtol=1e-10)
    np.testing.assert_allclose(kernel.hessian(at), bends, rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(kernel.hvp(at, [1.0, -2.0]), bends @ np.array([1, -2]), rtol=1e-8)
    for mode in ("forward", "reverse"):
        np.testing.assert_allclose(kernel.jacobian(at, mode=mode), gradient, rtol=1e-10)


def test_values_find_what_a_trace_finds():
    y, a = Value(0.7, "y"), Value(0.3, "a")
    output = implicit(y, a, 12, 11, scanned=False)
    kernel = mgcompile.compile(output, [y], [a], backend="numpy", cache=False)
    assert loops_inside(kernel) == 4
    value, gradient, _ = by_torch(
        lambda y, a: implicit(y, a, 12, 11, torch.sin, scanned=False), 0.7, 0.3
    )
    found, slope = kernel.value_and_grad([0.7])
    assert found == pytest.approx(value, rel=1e-12)
    assert slope == pytest.approx([gradient[0]], rel=1e-10)
    assert kernel.loss_and_grad([[0.7]])[1] == pytest.approx([gradient[1]], rel=1e-10)


def threefold(x, w, lengths, tanh=ops.tanh, *, scanned):
    """Three levels of loops: each has a step of its own around that of the one inside."""
    outer, middle, inner = lengths

    def first(u):
        return tanh(u * w[0] + x * 0.1)

    def second(u):
        return times(inner, first, u * w[1], scanned=scanned) - 0.5 * u

    def third(u):
        return tanh(times(middle, second, u + w[2], scanned=scanned) * 1.5)

    return times(outer, third, x, scanned=scanned)


@pytest.mark.parametrize("backend", BACKENDS)
def test_three_levels(backend):
    lengths, w = (9, 8, 70), [0.9, 0.7, -0.2]
    params = [Value(a) for a in w]
    kernel = mgcompile.trace(
        lambda x: threefold(x, params, lengths, scanned=True),
        1, params, backend=backend, cache=False,
    )  # fmt: skip
    assert depth(loops(kernel)) == 3
    value, gradient, _ = by_torch(
        lambda x, *w: threefold(x, w, lengths, torch.tanh, scanned=False), 0.4, *w
    )
    found, slope = kernel.value_and_grad([0.4])
    assert found == pytest.approx(value, rel=1e-11)
    assert slope == pytest.approx([gradient[0]], rel=1e-8)
    assert kernel.loss_and_grad([[0.4]])[1] == pytest.approx(gradient[1:], rel=1e-8)


def test_programs_do_not_grow_with_the_lengths():
    def of(*lengths):
        f = lambda x: threefold(x, [0.9, 0.7, -0.2], lengths, scanned=True)  # noqa: E731 - one expression
        return size(mgcompile.trace(f, 1, backend="numpy", cache=False, verify=False))

    assert of(9, 8, 100) == of(12, 8, 100) == of(9, 16, 100) == of(9, 8, 200)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_threads_and_number_types(dtype):
    f = lambda y, a: implicit(y, a, 8, 12, scanned=True)  # noqa: E731 - one expression
    one = mgcompile.trace(f, 2, dtype=dtype, cache=False)
    two = mgcompile.trace(f, 2, dtype=dtype, threads=2, cache=False)
    X = np.random.default_rng(1).uniform(0.1, 0.6, size=(300, 2))
    values, slopes = one.value_and_grad(X)
    np.testing.assert_array_equal(two.value_and_grad(X)[0], values)
    np.testing.assert_array_equal(two.value_and_grad(X)[1], slopes)
    right = [
        by_torch(lambda y, a: implicit(y, a, 8, 12, torch.sin, scanned=False), *row)
        for row in X[:5].tolist()
    ]
    rtol = 1e-10 if dtype == "float64" else 2e-4
    np.testing.assert_allclose(values[:5], [r[0] for r in right], rtol=rtol)
    np.testing.assert_allclose(slopes[:5], [r[1] for r in right], rtol=rtol, atol=rtol)


def test_strict_kernels_give_the_bits_of_the_engine():
    at = [0.7, 0.3]
    f = lambda y, a: implicit(y, a, 8, 12, scanned=True)  # noqa: E731 - one expression
    kernel = mgcompile.trace(f, 2, strict=True, cache=False)
    assert depth(loops(kernel)) == 2
    assert kernel(at) == f(*map(Value, at)).data


def cells(rng, count):
    """Return steps for the inner and the outer loop, and what the loss adds up."""
    kind = rng.choice(["own params", "own numbers", "mixed numbers", "two", "start"])
    state = 2 if kind == "two" else 1
    params = [Value(rng.uniform(-0.9, 0.9)) for _ in range(count + 2)]
    numbers = [rng.uniform(-0.9, 0.9) for _ in range(count)]
    mixed = [0.25 if k % 3 else numbers[k] for k in range(count)]

    def inner(u, k, start):
        a = {"own params": params[k], "own numbers": numbers[k], "mixed numbers": mixed[k]}.get(
            kind, params[-1]
        )
        if kind == "two":
            return [ops.sin(u[1] * a), u[0] * 0.5 + params[-2]]
        more = start * 0.3 if kind == "start" else params[-2]
        return [ops.tanh(u[0] * a + more) + 0.1 * u[0]]

    def outer(u):
        return [ops.tanh(v * params[-2] + 0.2) for v in u]

    return state, params, inner, outer


def nest(seed):
    """Return a random nest as a graph: state, params by step, sums over all or a few steps."""
    rng = random.Random(seed)
    outer_count, inner_count = rng.randint(9, 11), rng.randint(9, 11)
    state, params, inner, outer = cells(rng, inner_count)
    inputs = [Value(rng.uniform(-1, 1), f"x{i}") for i in range(state)]
    kept = rng.choice(["last", "all", "weighted", "some"])
    u, terms = list(inputs), []
    for step in range(outer_count):
        start = u[0]
        for k in range(inner_count):
            u = inner(u, k, start)
            if kept == "all" or (kept == "some" and k == 4):
                terms.append(u[0])
            if kept == "weighted":
                terms.append(u[-1] * params[k])
        u = outer(u)
        if step == 3 and rng.random() < 0.3:
            u[0] = u[0] * params[0]  # an exception to the rule
    return ops.sum(*u, *terms), inputs, params


SEEDS = range(24)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.usefixtures("short_bodies")
def test_random_nests_are_right_in_the_reference(seed):
    graph = nest(seed)
    kernel = mgcompile.compile(*graph, backend="numpy", cache=False, verify=False)
    hold(kernel, graph, np.random.default_rng(seed).normal(size=(1, len(graph[1]))), second=False)


@pytest.mark.usefixtures("short_bodies")
def test_most_random_nests_have_loops_in_loops():
    found = [
        depth(loops(mgcompile.compile(*nest(s), backend="numpy", cache=False, verify=False)))
        for s in SEEDS
    ]
    assert found.count(2) > 0.7 * len(found)


@pytest.mark.parametrize("seed", random.Random(5).sample(SEEDS, 4))
@pytest.mark.usefixtures("short_bodies")
def test_random_nests_are_right_in_native_code(seed):
    graph = nest(seed)
    X = np.random.default_rng(seed).normal(size=(2, len(graph[1])))
    hold(mgcompile.compile(*graph, cache=False), graph, X)


@pytest.mark.usefixtures("short_bodies")
@pytest.mark.parametrize("backend", BACKENDS)
def test_a_recorded_data_set_of_series_with_loops_inside(backend):
    rng = np.random.default_rng(3)
    series, targets = rng.uniform(-1, 1, size=(16, 12)), rng.uniform(-1, 1, size=16)
    start = [0.4, -0.3, 0.6]

    def error(xs, y, w, tanh):
        u = 0.0 * w[0]
        for x in xs:
            for _ in range(10):  # settles before the next number comes
                u = u + 0.2 * (tanh(w[0] * u + w[1] * x + w[2]) - u)
            u = tanh(u)
        return (u - y) * (u - y)

    w = [Value(a) for a in start]
    losses = [
        error(xs, y, w, ops.tanh) for xs, y in zip(series.tolist(), targets.tolist(), strict=True)
    ]
    kernel = mgcompile.compile(ops.sum(*losses) / 16.0, [], w, backend=backend, cache=False)
    assert depth(loops(kernel)) == 2

    p = torch.tensor(start, dtype=torch.float64, requires_grad=True)
    xs, y = torch.tensor(series).T, torch.tensor(targets)
    expected = []
    for _ in range(4):
        loss = error(xs, y, p, torch.tanh).mean()
        expected.append(loss.item())
        (slopes,) = torch.autograd.grad(loss, p)
        if len(expected) == 1:
            np.testing.assert_allclose(kernel.loss_and_grad()[1], slopes.numpy(), rtol=1e-10)
        with torch.no_grad():
            p -= 0.1 * slopes
    np.testing.assert_allclose(kernel.train(None, optim.SGD(lr=0.1), epochs=4), expected, rtol=1e-9)


@pytest.mark.usefixtures("short_bodies")
def test_what_is_kept_of_an_inner_loop_is_summed_along_an_axis():
    x, a = Value(0.3, "x"), Value(0.8)
    u, terms = x, []
    for _ in range(12):
        for _ in range(10):
            u = ops.tanh(u * a + 0.1)
            terms.append(u)
        u = ops.sin(u) + ops.sum(*terms[-10:])
    graph = u, [x], [a]
    kernel = mgcompile.compile(*graph, backend="numpy", cache=False)
    outer = max(kernel.built.program.statements, key=lambda s: getattr(s, "count", 0))
    (inner,) = (s for s in outer.body if isinstance(s, Loop))
    sums = [s.reduced for s in outer.body if isinstance(s, Bundle) and s.reduced]
    assert sums == [(inner.count,)]
    assert len(inner.stacks) == 1
    hold(kernel, graph, np.array([[0.3], [-0.4]]))


@pytest.mark.usefixtures("short_bodies")
def test_what_repeats_itself_and_carries_nothing_is_a_bundle():
    x, w = Value(0.3, "x"), [Value(0.1 * k) for k in range(10)]
    u = x
    for _ in range(12):
        parts = []
        for k in range(10):
            u = ops.tanh(u * 0.9 + 0.1)
            parts.append(u * w[k])
        u = ops.sin(ops.sum(*parts))
    graph = u, [x], w
    kernel = mgcompile.compile(*graph, backend="numpy", cache=False)
    outer = max(kernel.built.program.statements, key=lambda s: getattr(s, "count", 0))
    (inner,) = (s for s in outer.body if isinstance(s, Loop))
    weighted = [s.shape for s in outer.body if isinstance(s, Bundle) and s.op is ops.mul]
    assert (inner.count,) in weighted
    hold(kernel, graph, np.array([[0.3], [-0.4]]))


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(("steps", "newton", "levels"), [(20, 4, 1), (9, 30, 2)])
def test_steps_that_are_nothing_but_a_loop_inside(steps, newton, levels, backend):
    def euler(a, y, sin, cos):  # the implicit method: a new y solves y = old + h (a sin y - y^3)
        for _ in range(steps):
            old = y
            for _ in range(newton):
                miss = y - old - 0.1 * (a * sin(y) - y * y * y)
                y = y - miss / (1.0 - 0.1 * (a * cos(y) - 3.0 * y * y))
        return y

    kernel = mgcompile.trace(
        lambda a, y: euler(a, y, ops.sin, ops.cos), 2, backend=backend, cache=False
    )
    assert steps - 1 in [count for count, _ in loops(kernel)]
    assert depth(loops(kernel)) == levels
    value, gradient, bends = by_torch(lambda a, y: euler(a, y, torch.sin, torch.cos), 0.4, 0.2)
    found, slopes = kernel.value_and_grad([0.4, 0.2])
    np.testing.assert_allclose([kernel([0.4, 0.2]), found], value, rtol=1e-12)
    np.testing.assert_allclose(slopes, gradient, rtol=1e-10)
    np.testing.assert_allclose(kernel.hessian([0.4, 0.2]), bends, rtol=1e-8, atol=1e-10)

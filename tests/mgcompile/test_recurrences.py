"""Stencils and recurrences of all small sizes, with some of their numbers shared by all samples."""

import itertools
import random

import numpy as np
import pytest
from plain import hold

import mgcompile
from mgcore import Value, ops

SIZES = [*itertools.product((3, 4, 5, 6), (5, 6, 8, 12), (1, 2, 3))]
NATIVE = random.Random(0).sample(SIZES, 6)


def diffusion(cells, steps, inputs, others, output):
    """Return a graph of diffusion with held ends: some first cells are inputs."""
    start = [Value(0.3 + 0.1 * i, f"u{i}") for i in range(cells)]
    u = start if others == "params" else [*start[:inputs], *(x.data for x in start[inputs:])]
    for _ in range(steps):
        inner = [u[i] + 0.2 * (u[i - 1] - 2.0 * u[i] + u[i + 1]) for i in range(1, cells - 1)]
        u = [u[0], *inner, u[-1]]
    made = ops.sum(*u) if output == "sum" else 1.0 * u[1]
    return made, start[:inputs], start[inputs:] if others == "params" else []


@pytest.mark.parametrize("output", ["sum", "one cell"])
@pytest.mark.parametrize("others", ["params", "constants"])
def test_held_ends_of_all_sizes_are_right_in_the_reference(others, output):
    for number, (cells, steps, inputs) in enumerate(SIZES):
        graph = diffusion(cells, steps, inputs, others, output)
        X = np.random.default_rng(steps).normal(size=(1 + number % 3, inputs))
        kernel = mgcompile.compile(*graph, backend="numpy", cache=False)
        hold(kernel, graph, X, second=False)


@pytest.mark.parametrize(("cells", "steps", "inputs"), NATIVE)
def test_held_ends_are_right_in_native_code(cells, steps, inputs):
    others, output = ("params", "constants")[cells % 2], ("sum", "one cell")[steps % 3 == 0]
    graph = diffusion(cells, steps, inputs, others, output)
    X = np.random.default_rng(steps).normal(size=(2, inputs))
    hold(mgcompile.compile(*graph, cache=False), graph, X)


def cell(kind, h, x, w):
    """Return the next state of a small recurrence."""
    match kind:
        case "tanh":
            return [ops.tanh(w[0] * a + w[1] * x) for a in h]
        case "leaky":
            return [a * 0.9 + x * w[0] + w[1] for a in h]
        case "swapped":
            return [ops.sin(b * w[0]) + x for b in h[::-1]]
        case "shared":  # a part of the state that no input goes into
            return [h[0] * w[0] + 0.1, *(ops.tanh(a + h[0] * x) for a in h[1:])]
    raise AssertionError(kind)


@pytest.mark.parametrize("start", ["constants", "params", "inputs", "mixed"])
@pytest.mark.parametrize("kind", ["tanh", "leaky", "swapped", "shared"])
def test_recurrences_from_any_start_are_right(kind, start):
    rng = random.Random(f"{kind}{start}")
    for size, steps in ((1, 7), (3, 9)):
        w = [Value(rng.uniform(-1, 1)) for _ in range(2)]
        x, h0 = Value(0.4), [Value(rng.uniform(-1, 1)) for _ in range(size)]
        kinds = ["constants", "params", "inputs"]
        how = [start if start != "mixed" else kinds[i % 3] for i in range(size)]
        h = [0.25 if k == "constants" else v for k, v in zip(how, h0, strict=True)]
        h = [Value(v) if isinstance(v, float) else v for v in h]
        inputs = [x, *(v for k, v in zip(how, h0, strict=True) if k == "inputs")]
        params = [*w, *(v for k, v in zip(how, h0, strict=True) if k == "params")]
        seen = []
        for _ in range(steps):
            h = cell(kind, h, x, w)
            seen.append(h[-1])
        # every leaf takes part, as a kernel wants it
        graph = ops.sum(*h, *seen[::2], *(p * p for p in params), x), inputs, params
        X = np.random.default_rng(size).normal(size=(3, len(inputs)))
        for backend in ("numpy", "llvm"):
            kernel = mgcompile.compile(*graph, backend=backend, cache=False)
            hold(kernel, graph, X, second=size == 3 and backend == "numpy")

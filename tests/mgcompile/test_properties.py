"""Random graphs over all ops: every backend against the engine."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest

import mgcompile
from mgcore import Value, grad, ops

# An op, and a map that brings any number into its domain, away from kinks and overflow.
UNARY = {
    "neg": lambda x: x,
    "exp": lambda x: ops.tanh(x),
    "log": lambda x: x * x + 0.5,
    "sqrt": lambda x: x * x + 0.5,
    "abs": lambda x: x,
    "sin": lambda x: x,
    "cos": lambda x: x,
    "erf": lambda x: x,
    "relu": lambda x: x,
    "leaky_relu": lambda x: x,
    "elu": lambda x: x,
    "tanh": lambda x: x,
    "sigmoid": lambda x: x,
    "softplus": lambda x: x,
    "silu": lambda x: ops.tanh(x) * 3.0,
    "gelu": lambda x: ops.tanh(x) * 3.0,
}
BINARY = ("add", "sub", "mul", "maximum", "minimum", "gt", "ge", "lt", "le")
VARIADIC = ("sum", "dot", "logsumexp")


def random_graph(seed):
    """A bounded graph over all ops, in which every input matters."""
    rng = random.Random(seed)
    inputs = [Value(rng.uniform(-1, 1), f"x{i}") for i in range(rng.randint(1, 5))]
    params = [Value(rng.uniform(-1, 1), f"p{i}") for i in range(rng.randint(1, 6))]
    nodes = [*inputs, *params]
    for _ in range(rng.randint(5, 60)):
        kind = rng.random()
        if kind < 0.4:
            name = rng.choice(list(UNARY))
            made = getattr(ops, name)(UNARY[name](rng.choice(nodes)))
        elif kind < 0.7:
            made = getattr(ops, rng.choice(BINARY))(rng.choice(nodes), rng.choice(nodes))
        elif kind < 0.78:
            made = rng.choice(nodes) / (rng.choice(nodes) ** 2 + 1.0)
        elif kind < 0.84:
            made = ops.select(ops.gt(rng.choice(nodes), 0.1), rng.choice(nodes), rng.choice(nodes))
        elif kind < 0.88:
            made = (ops.tanh(rng.choice(nodes)) + 1.5) ** rng.choice([2.0, 3.0, -1.5, 0.5])
        elif kind < 0.9:
            made = (ops.tanh(rng.choice(nodes)) + 1.5) ** ops.tanh(rng.choice(nodes))
        else:
            name, count = rng.choice(VARIADIC), rng.randint(1, 4)
            count *= 2 if name == "dot" else 1
            made = getattr(ops, name)(*(rng.choice(nodes) for _ in range(count)))
        bounded = abs(made.data) < 20.0
        nodes.append(made if bounded else ops.tanh(made))
    output = ops.dot(*inputs, *(rng.choice(nodes) for _ in inputs))
    return output + ops.sum(*nodes[-4:]), inputs, params


def numbers(seed, count, columns):
    return np.random.default_rng(seed).uniform(-1.5, 1.5, size=(count, columns))


@pytest.mark.parametrize("block", range(10))
def test_the_reference_backend_is_the_engine_on_random_graphs(block, held_against_engine):
    for seed in range(block * 20, block * 20 + 20):
        output, inputs, params = random_graph(seed)
        kernel = mgcompile.compile(output, inputs, params, backend="numpy")
        X = numbers(seed, 3, len(inputs))
        try:
            held_against_engine(kernel, output, inputs, params, X)
        except AssertionError as error:
            raise AssertionError(f"random_graph({seed})") from error


@pytest.mark.parametrize("seed", range(1000, 1010))
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_the_native_backend_is_the_reference_on_random_graphs(dtype, seed):
    rtol, atol = (1e-9, 1e-10) if dtype == "float64" else (3e-3, 3e-4)
    output, inputs, params = random_graph(seed)
    reference, native = (
        mgcompile.compile(output, inputs, params, dtype=dtype, backend=backend, cache=False)
        for backend in ("numpy", "llvm")
    )
    for samples in (1, 7, 64, 1000):
        X = numbers(seed, samples, len(inputs)).astype(dtype)
        if dtype == "float32":
            X = X[_away_from_kinks(output, inputs, X)]
        for expected, found in zip(
            (reference(X), *reference.value_and_grad(X), *reference.loss_and_grad(X, "sum")),
            (native(X), *native.value_and_grad(X), *native.loss_and_grad(X, "sum")),
            strict=True,
        ):
            scale = max(1.0, float(np.max(np.abs(expected)))) if np.size(expected) else 1.0
            np.testing.assert_allclose(
                found, expected, rtol=rtol, atol=atol * scale, err_msg=f"random_graph({seed})"
            )


def _away_from_kinks(output, inputs, X):
    """Which rows have all comparisons 1e-3 from a tie, so that rounding cannot flip one."""
    from mgcore.order import topological_order

    order = topological_order(output)
    good = []
    for row in X.tolist():
        for leaf, number in zip(inputs, row, strict=True):
            leaf.data = number
        clear = True
        for node in order:
            if node.op is not None:
                operands = [operand.data for operand in node.operands]
                node.data = node.op(*operands)
                if node.op.kink is not None:
                    clear &= abs(node.op.kink(*operands)) > 1e-3 or node.op.name == "select"
        good.append(clear)
    return np.array(good, dtype=bool)


class Sgd:
    """Settings by the names that mgnn's optimisers have."""

    lr, momentum, weight_decay = 0.05, 0.9, 0.0


Sgd.__name__ = "SGD"


class Adam:
    """Settings by the names that mgnn's optimisers have."""

    lr, betas, eps, weight_decay = 0.05, (0.9, 0.999), 1e-8, 0.0


@pytest.mark.parametrize("optimizer", [Sgd(), Adam()], ids=["sgd", "adam"])
@pytest.mark.parametrize("backend", ["numpy", "llvm"])
def test_parameters_after_20_steps_are_the_engines(backend, optimizer):
    for seed in (3, 8, 21):
        output, inputs, params = random_graph(seed)
        output = ops.tanh(output)
        X = numbers(seed, 16, len(inputs))
        kernel = mgcompile.compile(output, inputs, params, backend=backend, cache=False)
        expected = _steps_by_engine(output, inputs, params, X, optimizer)
        kernel.train(X, optimizer, epochs=20)
        np.testing.assert_allclose(kernel.params, expected, rtol=1e-7, atol=1e-9)
        np.testing.assert_array_equal([p.data for p in params], kernel.params)


def _steps_by_engine(output, inputs, params, X, optimizer):
    from mgcore.order import topological_order

    start = [p.data for p in params]
    order = topological_order(output)
    first, second = [0.0] * len(params), [0.0] * len(params)
    for step in range(1, 21):
        total = np.zeros(len(params))
        for row in X:
            for leaf, number in zip(inputs, row, strict=True):
                leaf.data = float(number)
            for node in order:
                if node.op is not None:
                    node.data = node.op(*(operand.data for operand in node.operands))
            total += grad(output, params)
        for i, g in enumerate((total / len(X)).tolist()):
            if isinstance(optimizer, Sgd):
                first[i] = optimizer.momentum * first[i] + g
                params[i].data -= optimizer.lr * first[i]
                continue
            beta1, beta2 = optimizer.betas
            first[i] = beta1 * first[i] + (1 - beta1) * g
            second[i] = beta2 * second[i] + (1 - beta2) * g * g
            spread = math.sqrt(second[i] / (1 - beta2**step)) + optimizer.eps
            params[i].data -= optimizer.lr * first[i] / (1 - beta1**step) / spread
    found = [p.data for p in params]
    for p, value in zip(params, start, strict=True):
        p.data = value
    return found

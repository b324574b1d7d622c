"""The truth for kernels: a graph's values and derivatives, interpreted node by node.

Nothing of the engine or the compiler takes part but the list of nodes: each op's value, slope and
curvature are written down here from the textbook, and are carried forward from the leaves, all
first and second derivatives beside the value.
"""

from __future__ import annotations

import math

import attrs
import numpy as np

from mgcore import topological_order


@attrs.frozen
class Jet:
    """A number with its gradient (n,) and its Hessian (n, n) to the leaves."""

    value: float
    slopes: np.ndarray
    curvature: np.ndarray


def _chain(x, value, slope, bend):
    """Return f(x), given f, f' and f'' at x."""
    return Jet(
        value,
        slope * x.slopes,
        slope * x.curvature + bend * np.outer(x.slopes, x.slopes),
    )


def _add(*xs):
    return Jet(
        math.fsum(x.value for x in xs),
        np.sum([x.slopes for x in xs], axis=0),
        np.sum([x.curvature for x in xs], axis=0),
    )


def _mul(x, y):
    cross = np.outer(x.slopes, y.slopes)
    return Jet(
        x.value * y.value,
        x.value * y.slopes + y.value * x.slopes,
        x.value * y.curvature + y.value * x.curvature + cross + cross.T,
    )


def _neg(x):
    return Jet(-x.value, -x.slopes, -x.curvature)


def _reciprocal(x):
    return _chain(x, 1 / x.value, -1 / x.value**2, 2 / x.value**3)


def _power(x, y):
    if np.any(y.slopes) or np.any(y.curvature):
        return _exp(_mul(_log(x), y))
    n, a = y.value, x.value
    slope = n * a ** (n - 1) if n else 0.0
    bend = n * (n - 1) * a ** (n - 2) if n not in (0.0, 1.0) else 0.0
    return _chain(x, a**n, slope, bend)


def _exp(x):
    e = math.exp(x.value)
    return _chain(x, e, e, e)


def _log(x):
    return _chain(x, math.log(x.value), 1 / x.value, -1 / x.value**2)


def _sqrt(x):
    root = math.sqrt(x.value)
    return _chain(x, root, 0.5 / root, -0.25 / root**3)


def _tanh(x):
    t = math.tanh(x.value)
    return _chain(x, t, 1 - t * t, -2 * t * (1 - t * t))


def _sigmoid(x):
    s = 1 / (1 + math.exp(-x.value))
    return _chain(x, s, s * (1 - s), s * (1 - s) * (1 - 2 * s))


def _sin(x):
    return _chain(x, math.sin(x.value), math.cos(x.value), -math.sin(x.value))


def _cos(x):
    return _chain(x, math.cos(x.value), -math.sin(x.value), -math.cos(x.value))


def _abs(x):
    return _chain(x, abs(x.value), float(np.sign(x.value)), 0.0)


def _relu(x):
    return _chain(x, max(x.value, 0.0), float(x.value > 0), 0.0)


def _dot(*xs):
    half = len(xs) // 2
    return _add(*(_mul(x, y) for x, y in zip(xs[:half], xs[half:], strict=True)))


RULES = {
    "add": _add,
    "sum": _add,
    "sub": lambda x, y: _add(x, _neg(y)),
    "mul": _mul,
    "div": lambda x, y: _mul(x, _reciprocal(y)),
    "neg": _neg,
    "pow": _power,
    "exp": _exp,
    "log": _log,
    "sqrt": _sqrt,
    "tanh": _tanh,
    "sigmoid": _sigmoid,
    "sin": _sin,
    "cos": _cos,
    "abs": _abs,
    "relu": _relu,
    "dot": _dot,
}


def interpret(output, leaves, numbers):
    """Return the value, gradient and Hessian of a Value when `leaves` are at `numbers`."""
    n = len(leaves)
    unit = np.eye(n)
    known = {
        leaf: Jet(float(number), unit[i], np.zeros((n, n)))
        for i, (leaf, number) in enumerate(zip(leaves, numbers, strict=True))
    }
    for node in topological_order(output):
        if node in known:
            continue
        if node.op is None:
            known[node] = Jet(float(node.data), np.zeros(n), np.zeros((n, n)))
        else:
            known[node] = RULES[node.op.name](*(known[x] for x in node.operands))
    return known[output]


def hold(kernel, graph, X, *, rtol=1e-10, second=True):
    """Hold everything that a kernel computes against the interpreter, on the rows of X.

    Each column is compared in its own scale, at least 1. X is None for a kernel without inputs.
    """
    output, inputs, params = graph
    rows = np.zeros((1, 0)) if X is None else np.asarray(X, np.float64)
    here = [p.data for p in params]
    jets = [interpret(output, [*inputs, *params], [*row, *here]) for row in rows.tolist()]
    n = len(inputs)
    values = np.array([jet.value for jet in jets])
    gradients = np.array([jet.slopes for jet in jets])
    hessians = np.array([jet.curvature for jet in jets])
    mean = hessians[:, n:, n:].mean(axis=0)
    if X is not None:
        _close(kernel(X), values, rtol, "values")
        found, slopes = kernel.value_and_grad(X)
        _close(found, values, rtol, "values with gradients")
        _close(slopes, gradients[:, :n], rtol, "gradients to inputs")
        _close(kernel(X[0]), values[0], rtol, "one sample")
        if second:
            _close(kernel.hessian(X), hessians[:, :n, :n], rtol, "Hessians to inputs")
    if params:
        given = () if X is None else (X,)
        loss, slopes = kernel.loss_and_grad(*given)
        _close(loss, values.mean(), rtol, "loss")
        _close(slopes, gradients[:, n:].mean(axis=0), rtol, "gradient to params")
        if second:
            _close(kernel.hessian(*given, wrt="params"), mean, rtol, "Hessian to params")


def _close(found, expected, rtol, what):
    found, expected = np.asarray(found), np.asarray(expected)
    assert found.shape == expected.shape, what
    scale = np.maximum(1.0, np.max(np.abs(expected), initial=0.0))
    error = np.abs(found - expected) / scale
    assert np.all(error <= rtol), f"{what}: {found}, right is {expected}"

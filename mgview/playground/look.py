"""Look into a net of two inputs: what every neuron gives, its slopes, and the loss's gradient.

The activation runs as one native kernel over all rows, so that an op of any package can be looked
into; the rest are a few products of small arrays.
"""

from __future__ import annotations

import warnings
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

import mgcompile
from mgcompile.errors import PythonCallbackWarning
from mgcore import Value, ops

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Activation = Callable[[Floats], tuple[Floats, Floats]]


def activation_of(name: str) -> Activation:
    """Return a function of an array that gives an op's values and slopes, each of its shape."""
    x = Value(0.5, "x")
    with warnings.catch_warnings():  # of a rule that only Python runs; the training says it too
        warnings.simplefilter("ignore", PythonCallbackWarning)
        kernel = mgcompile.compile(getattr(ops, name)(x), inputs=[x])
        kernel.value_and_grad([[x.data]])  # now, so that whatever it says is said here

    def run(z: Floats) -> tuple[Floats, Floats]:
        values, slopes = kernel.value_and_grad(z.reshape(-1, 1))
        return np.reshape(values, z.shape), np.reshape(slopes, z.shape)

    return run


# The slope of a row's loss by the output, given output and target: those of `mgnn.losses`.
SLOPES: dict[str, Callable[[Floats, Floats], Floats]] = {
    "binary_cross_entropy": lambda out, target: 0.5 * (1.0 + np.tanh(0.5 * out)) - target,
    "hinge": lambda out, target: np.where(1.0 - target * out > 0.0, -target, 0.0),
    "mse": lambda out, target: 2.0 * (out - target),
}
COSTS: dict[str, Callable[[Floats, Floats], Floats]] = {
    "binary_cross_entropy": lambda out, target: np.logaddexp(0.0, out) - target * out,
    "hinge": lambda out, target: np.maximum(0.0, 1.0 - target * out),
    "mse": lambda out, target: (out - target) ** 2,
}


@attrs.frozen
class Layers:
    """Hold what every layer gives for n rows.

    Attributes:
        inputs: of each layer, shape (n, inputs).
        outs: of each layer, shape (n, neurons); the last one's are those of the net.
        slopes: of the activation of each hidden layer, shape (n, neurons).
    """

    inputs: list[Floats]
    outs: list[Floats]
    slopes: list[Floats]


def weights_of(params: Floats, sizes: Sequence[int]) -> list[Floats]:
    """Return a matrix for each layer, shape (neurons, inputs + 1), the bias last."""
    found, start = [], 0
    for inputs, neurons in pairwise(sizes):
        end = start + neurons * (inputs + 1)
        found.append(params[start:end].reshape(neurons, inputs + 1))
        start = end
    return found


def forward(weights: list[Floats], X: Floats, activation: Activation) -> Layers:
    """Compute all layers for rows X, shape (n, 2)."""
    layers = Layers([], [], [])
    below = X
    for w in weights:
        layers.inputs.append(below)
        below = below @ w[:, :-1].T + w[:, -1]
        if w is not weights[-1]:
            below, slopes = activation(below)
            layers.slopes.append(slopes)
        layers.outs.append(below)
    return layers


def backward(
    weights: list[Floats], layers: Layers, upstream: Floats
) -> tuple[Floats, list[Floats]]:
    """Return the gradient to all parameters, and to the sums of each hidden layer.

    Args:
        weights: of each layer.
        layers: what they gave.
        upstream: d loss / d output, shape (n, 1).

    """
    delta, grads, deltas = upstream, [], []
    for at in reversed(range(len(weights))):
        w, inputs = weights[at], layers.inputs[at]
        grads.append(np.hstack([delta.T @ inputs, delta.sum(axis=0)[:, None]]).ravel())
        if at:
            back = delta @ w[:, :-1]
            # nothing comes of nothing, whatever the slope, as everywhere in the engine
            with np.errstate(invalid="ignore"):
                delta = np.where(back == 0.0, 0.0, back * layers.slopes[at - 1])
            deltas.append(delta)
    return np.concatenate(grads[::-1]), deltas[::-1]


def signs_right(outputs: Floats, labels: Any) -> float:
    """Return the share of rows whose output has the sign of their class."""
    return float(np.mean((outputs[:, 0] > 0.0) == (np.asarray(labels) == 1)))

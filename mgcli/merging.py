"""Several nets and a linear model as one net."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from mgcli.linear import Linear
from mgnn import MLP

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["linear_net", "one_net"]


def one_net(
    net: MLP,
    members: "Sequence[Floats]",
    share: float,
    linear: Linear,
    beside: float,
    activation: str,
) -> MLP:
    """Return ``share`` of the members' mean plus ``beside`` of a linear model, as an MLP.

    The members stand side by side in wider layers, with zeros between them; their last weights are
    divided by their number. The linear model is what the last layer makes of the inputs themselves.

    Args:
        net: of the members' shape.
        members: the parameters of each, in the order of ``net.parameters()``.
        share: of their mean.
        linear: the model.
        beside: of it.
        activation: of the hidden layers.

    """
    inputs, *hidden = (len(layer.neurons[0].w) for layer in net.layers)
    outputs, count = len(net.layers[-1].neurons), len(members)
    made = MLP(inputs, [*(n * count for n in hidden), outputs], activation, seed=0, skip=True)
    parts = [_by_neuron(net, numbers) for numbers in members]
    for depth, layer in enumerate(made.layers[:-1]):
        neurons = iter(layer.neurons)
        for k, part in enumerate(parts):
            for *w, b in part[depth]:
                row = w if depth == 0 else _padded(w, k, count)
                _set(next(neurons), row, b)
    for i, neuron in enumerate(made.layers[-1].neurons):
        rows = [part[-1][i] for part in parts]
        w = [share / count * x for row in rows for x in row[:-1]]
        bias = share / count * sum(row[-1] for row in rows) + beside * float(linear.biases[i])
        _set(neuron, [*w, *(beside * x for x in linear.weights[i].tolist())], bias)
    return made


def linear_net(linear: Linear) -> MLP:
    """Return a linear model as an MLP without hidden layers."""
    outputs, inputs = linear.weights.shape
    made = MLP(inputs, [outputs], seed=0)
    for i, neuron in enumerate(made.layers[0].neurons):
        _set(neuron, linear.weights[i].tolist(), float(linear.biases[i]))
    return made


def _padded(w: list[float], which: int, count: int) -> list[float]:
    """Return the weights of a member's neuron for the layers of all members, side by side."""
    row = [0.0] * (len(w) * count)
    row[which * len(w) : (which + 1) * len(w)] = w
    return row


def _by_neuron(net: MLP, numbers: "Floats") -> list[list[list[float]]]:
    """Cut a net's parameters into layers and neurons: w..., b."""
    flat = iter(numbers.tolist())
    return [
        [[next(flat) for _ in range(len(neuron.w) + 1)] for neuron in layer.neurons]
        for layer in net.layers
    ]


def _set(neuron: Any, w: Iterable[float], b: float) -> None:
    for parameter, number in zip(neuron.w, w, strict=True):
        parameter.data = number
    neuron.b.data = b

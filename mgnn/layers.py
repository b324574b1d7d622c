"""Neuron, Layer and MLP, each reading like its definition."""

import random
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from mgcore import Constant, Op, Value, ops
from mgcore.explain.html import card, table
from mgnn.errors import ShapeError, UnknownNameError, near_matches
from mgnn.module import Module
from mgnn.settings import count_of, seed_of

if TYPE_CHECKING:
    from mgnn.result_types import Outputs

__all__ = ["INITIALISERS", "MLP", "Layer", "Neuron"]

# Weights of a neuron with n inputs. "uniform" is micrograd's; the others keep the variance of the
# activations from layer to layer: "he" for relu (He et al. 2015), "lecun" for tanh and sigmoid
# (LeCun et al. 1998).
INITIALISERS: dict[str, Callable[[Any, int], float]] = {
    "uniform": lambda rng, _: rng.uniform(-1.0, 1.0),
    "he": lambda rng, n: rng.gauss(0.0, (2.0 / n) ** 0.5),
    "lecun": lambda rng, n: rng.gauss(0.0, (1.0 / n) ** 0.5),
}


class Neuron(Module):
    """Compute activation(dot(w, x) + b).

    Args:
        nin: number of inputs, at least 1.
        nonlin: whether the activation is applied; False gives a linear neuron.
        activation: an op with one operand, or the name of a registered one.
        init: how weights begin: "uniform" in [-1, 1] as micrograd, "he" or "lecun"; b begins at 0.
        rng: where the numbers come from; the module `random` by default.

    Raises:
        ShapeError: if `nin` is no positive whole number.
        UnknownOpError, UnknownNameError: for an unknown activation or init, with near matches.

    """

    def __init__(
        self,
        nin: int,
        nonlin: bool = True,
        *,
        activation: str | Op = "relu",
        init: str = "uniform",
        rng: Any = random,
    ) -> None:
        nin = count_of("nin", nin, ShapeError)
        if init not in INITIALISERS:
            raise UnknownNameError(f"no init is called {init!r}{near_matches(init, INITIALISERS)}")
        draw = INITIALISERS[init]
        self.w = [Value(draw(rng, nin), label=f"w{i}") for i in range(nin)]
        self.b = Value(0.0, label="b")
        self.one = Constant(1.0)
        self.nonlin = nonlin
        self.activation = _checked_activation(activation) if nonlin else activation

    def __call__(self, x: Sequence[Any]) -> Value:
        """Return the output for `nin` numbers or Values: a Value.

        Raises:
            ShapeError: if `x` has another length.

        """
        if len(x) != len(self.w):
            raise ShapeError(f"x has {len(x)} numbers, but this neuron has {len(self.w)} inputs")
        # The bias is the weight of an input that is always 1: one node for the whole sum.
        out: Value = ops.dot(*self.w, self.b, *x, self.one)
        if not self.nonlin:
            return out
        activation = self.activation
        op: Op = getattr(ops, activation) if isinstance(activation, str) else activation
        return op(out)  # type: ignore[no-any-return]  # a Value, as `out` is

    def parameters(self) -> list[Value]:
        """Return w..., b."""
        return [*self.w, self.b]

    def __repr__(self) -> str:
        name = self.activation if isinstance(self.activation, str) else self.activation.name
        return f"{_title(name) if self.nonlin else 'Linear'}Neuron({len(self.w)})"


class Layer(Module):
    """Hold `nout` neurons that see the same inputs; `kwargs` go to `Neuron`."""

    def __init__(self, nin: int, nout: int, **kwargs: Any) -> None:
        self.neurons = [Neuron(nin, **kwargs) for _ in range(count_of("nout", nout, ShapeError))]

    def __call__(self, x: Sequence[Any]) -> "Outputs":
        """Return a list of `nout` Values, or the Value if `nout` is 1."""
        # A plain number becomes one constant for all neurons.
        x = [v if type(v) is Value else _operand(v) for v in x]
        out: Any = [neuron(x) for neuron in self.neurons]
        return out[0] if len(out) == 1 else out  # type: ignore[no-any-return]  # either of both

    def parameters(self) -> list[Value]:
        """Return the parameters, neuron by neuron."""
        return [p for neuron in self.neurons for p in neuron.parameters()]

    def __repr__(self) -> str:
        return f"Layer of [{', '.join(map(repr, self.neurons))}]"


class MLP(Module):
    """Chain layers; the last one is linear.

    Args:
        nin: number of inputs.
        nouts: the size of each layer; the last number is that of outputs. One number stands for a
            single, linear layer.
        activation: of the hidden layers: an op with one operand, or the name of a registered one.
        seed: makes the weights repeatable and independent of the global generator; without it they
            come from the module `random`, as micrograd's do.
        init: see `Neuron`.
        skip: whether the last layer sees the inputs too, after the last hidden layer's outputs: a
            linear model and a net in one (wide and deep, Cheng et al. 2016).

    Raises:
        ShapeError: if a size is no positive whole number, `nouts` is empty, or has a last layer
            alone although `skip` is asked for.
        UnknownOpError, UnknownNameError: for an unknown activation or init, with near matches.

    >>> model = MLP(2, [16, 16, 1], activation="tanh", seed=7)
    >>> len(model.parameters())
    337

    """

    def __init__(
        self,
        nin: int,
        nouts: Sequence[int] | int,
        activation: str | Op = "relu",
        seed: int | None = None,
        *,
        init: str = "uniform",
        skip: bool = False,
    ) -> None:
        sizes = [nin, *(nouts if isinstance(nouts, Iterable) else [nouts])]
        if len(sizes) < 2:
            raise ShapeError("nouts is empty; give the size of each layer, as in MLP(2, [16, 1])")
        if skip and len(sizes) < 3:
            raise ShapeError("skip=True needs a hidden layer; MLP(2, [1]) is linear as it is")
        self.skip = skip
        activation, seed = _checked_activation(activation), seed_of(seed)
        rng = random if seed is None else random.Random(seed)  # noqa: S311 - no secret
        self.layers = [
            Layer(
                sizes[i] + nin * (skip and i == len(sizes) - 2),
                sizes[i + 1],
                nonlin=i != len(sizes) - 2,
                activation=activation,
                init=init,
                rng=rng,
            )
            for i in range(len(sizes) - 1)
        ]

    def __call__(self, x: Sequence[Any]) -> "Outputs":
        """Return the output for one sample: a Value, or a list of them.

        Args:
            x: `nin` numbers or Values.

        Raises:
            ShapeError: if `x` has another length.

        """
        out: Any = x
        for layer in self.layers:
            if isinstance(out, Value):  # a layer of one neuron
                out = [out]
            if self.skip and layer is self.layers[-1]:
                out = [*out, *x]
            out = layer(out)
        return out  # type: ignore[no-any-return]  # what the last layer gives

    def parameters(self) -> list[Value]:
        """Return the parameters, layer by layer, for each neuron w..., b."""
        return [p for layer in self.layers for p in layer.parameters()]

    def __repr__(self) -> str:
        return f"MLP of [{', '.join(map(repr, self.layers))}]"

    def _repr_html_(self) -> str:
        """Show the layers and their sizes in a notebook."""
        rows = []
        for number, layer in enumerate(self.layers, 1):
            first = layer.neurons[0]
            name = first.activation if isinstance(first.activation, str) else first.activation.name
            count = len(layer.parameters())
            nin, nout = len(first.w), len(layer.neurons)
            rows.append((number, nin, nout, name if first.nonlin else "linear", f"{count:,}"))
        head = ("layer", "inputs", "neurons", "activation", "parameters")
        total = f"MLP, {len(self.parameters()):,} parameters"
        if self.skip:
            total += "; the last layer sees the inputs too"
        return card(total, table(rows, head))


def _operand(v: Any) -> Any:
    return v if hasattr(type(v), "__mgcore_apply__") else Constant(v)


def _checked_activation(activation: str | Op) -> str | Op:
    """Return what is applied: the name of a registered op, or an op of the user's own."""
    if not isinstance(activation, str | Op):
        raise UnknownNameError(
            f"activation is {activation!r}; give an op (ops.tanh) or the name of a registered one"
        )
    op: Op = activation if isinstance(activation, Op) else getattr(ops, activation)
    if op.arity not in {1, None}:
        raise ShapeError(
            f"the op {op.name} takes {op.arity} operands; an activation takes 1, as tanh and relu "
            "do"
        )
    # By name where it has one: names stay what they are in copies and files.
    return op.name if getattr(ops, op.name, None) is op else op


def _title(activation: str) -> str:
    return "".join(map(str.capitalize, activation.split("_"))).replace("Relu", "ReLU")

"""One playground that trains in this process: native code, with any installed op."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from mgcore import Op, Value, ops, plugins
from mgnn import MLP, Trainer, losses, optim
from mgnn.errors import DivergenceError
from mgview.playground import look
from mgview.playground.data import targets
from mgview.playground.errors import BadPlaygroundError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mgview.playground.data import Labels, Rows
    from mgview.playground.settings import Settings

MOMENTUM = 0.9
LIVE = ("optimizer", "lr", "decay", "l1", "batch")


def installed_activations() -> list[str]:
    """Return the names of all ops with one operand that are installed and in order."""
    return sorted(
        info.name for info in plugins(load=True) if isinstance(info.op, Op) and info.op.arity == 1
    )


def optimizer_of(settings: Settings) -> optim.Optimizer:
    """Return mgnn's optimiser for some settings."""
    rates = {
        "lr": float(settings.lr),
        "weight_decay": float(settings.decay),
        "l1": float(settings.l1),
    }
    if settings.optimizer in {"sgd", "momentum"}:
        return optim.SGD(**rates, momentum=MOMENTUM if settings.optimizer == "momentum" else 0.0)
    return optim.Adam(**rates) if settings.optimizer == "adam" else optim.AdamW(**rates)


@attrs.frozen(eq=False)
class Moment:
    """Hold how a net stands: what the page draws, named as in page/src/playground/engine.ts.

    Attributes:
        epochs: trained so far.
        params: numbers of all parameters.
        grads: gradient of the mean training loss.
        change: what the last epoch added.
        judged: mean losses and shares of right rows.
        slopes: the largest of each hidden neuron.
        deltas: root mean square of the gradient to each hidden layer's sums.
        fields: what every neuron gives over the grid, float32, by layer and neuron.
        backend: who trained: "compiled" or "eager"; empty before the first epoch.
    """

    epochs: int
    params: look.Floats
    grads: look.Floats
    change: look.Floats
    judged: dict[str, float]
    slopes: list[list[float]]
    deltas: list[float]
    fields: list[Any]
    backend: str


class Session:
    """Train one net, and tell how it stands.

    Args:
        settings: of the page.
        train: rows and classes to train on.
        test: the same to test with.

    """

    def __init__(
        self, settings: Settings, train: tuple[Rows, Labels], test: tuple[Rows, Labels]
    ) -> None:
        self.settings = settings
        self.sizes = [2, *settings.layers, 1]
        self.model = MLP(
            2,
            self.sizes[1:],
            activation=settings.activation,
            seed=settings.seed,
            init=settings.init,
        )
        self.parameters = self.model.parameters()
        self.trainer = Trainer(self.model, loss=settings.loss, optimizer=optimizer_of(settings))
        self.activation = look.activation_of(settings.activation)
        self.train, self.test = (_arrays(targets(part, settings.loss)) for part in (train, test))
        self.labels = train[1], test[1]
        self.epochs = 0
        self.change = np.zeros(len(self.parameters))
        self.backend = ""
        self.diverged = False

    @property
    def params(self) -> look.Floats:
        """Return the numbers of all parameters now."""
        return np.array([p.data for p in self.parameters])

    def advance(self, epochs: int) -> None:
        """Train for some epochs; after a divergence nothing happens any more."""
        if self.diverged:
            return
        X, y = self.train
        batch, seed = self.settings.batch or None, self.settings.seed
        try:
            if epochs > 1:
                self.trainer.fit(X, y, epochs=epochs - 1, batch_size=batch, seed=seed)
            before = self.params
            history = self.trainer.fit(X, y, epochs=1, batch_size=batch, seed=seed)
        except DivergenceError:
            self.diverged = True
            return
        self.change = self.params - before
        self.backend = history.backend
        self.epochs += epochs

    def set(self, settings: Settings) -> None:
        """Train on with other settings of `LIVE`; a new optimiser begins afresh."""
        before, self.settings = self.settings, settings
        if any(getattr(before, name) != getattr(settings, name) for name in LIVE[:-1]):
            self.trainer.restart(optimizer_of(settings))

    def edit(self, index: int, value: float) -> None:
        """Set one parameter by hand.

        Raises:
            BadPlaygroundError: there is no such parameter, or the number is not finite.
        """
        if not 0 <= index < len(self.parameters) or not math.isfinite(value):
            raise BadPlaygroundError(f"parameter {index} cannot become {value!r}")
        self.parameters[index].data = float(value)

    def moment(self, size: int, half: float) -> Moment:
        """Tell how the net stands, with what it gives over size x size points of -half..half."""
        weights = look.weights_of(self.params, self.sizes)
        loss = self.settings.loss
        parts, judged = [], {}
        for name, (X, y), labels in zip(
            ("train", "test"), (self.train, self.test), self.labels, strict=True
        ):
            layers, wanted = look.forward(weights, X, self.activation), y[:, None]
            parts.append((layers, wanted))
            cost = float(np.mean(look.COSTS[loss](layers.outs[-1], wanted)))
            judged[f"{name}Loss"] = float("nan") if self.diverged else cost
            judged[f"{name}Score"] = look.signs_right(layers.outs[-1], labels)
        layers, wanted = parts[0]
        upstream = look.SLOPES[loss](layers.outs[-1], wanted) / len(wanted)
        grads, deltas = look.backward(weights, layers, upstream)
        plane = look.forward(weights, _grid(size, half), self.activation)
        return Moment(
            epochs=self.epochs,
            params=self.params,
            grads=grads,
            change=self.change,
            judged=judged,
            slopes=[np.abs(slopes).max(axis=0).tolist() for slopes in layers.slopes],
            deltas=[float(np.sqrt(np.mean(delta**2))) for delta in deltas],
            fields=[np.ascontiguousarray(out.T, dtype=np.float32) for out in plane.outs],
            backend=self.backend,
        )

    def stepper(
        self, x: Sequence[float], label: int, neuron: tuple[int, int] | None, title: str
    ) -> str:
        """Return the page that steps through one row's loss, or through one neuron on it."""
        from mgview.stepper import stepper

        inputs = [Value(float(number), f"x{i + 1}") for i, number in enumerate(x)]
        if neuron is None:
            target = label if self.settings.loss == "binary_cross_entropy" else 2 * label - 1
            root = losses.by_name(self.settings.loss).sample([self.model(inputs)], [float(target)])
            root.label = "loss"
        else:
            layer, unit = neuron
            for at, below in enumerate(self.model.layers[:layer]):
                found = [n([value.data for value in inputs]).data for n in below.neurons]
                inputs = [Value(number, f"h{at}.{i}") for i, number in enumerate(found)]
            root = self.model.layers[layer].neurons[unit](inputs)
            root.label = f"h{layer}.{unit}"
        return stepper(root, title=title, model=self.model).html()


def _arrays(part: tuple[Rows, Labels]) -> tuple[look.Floats, look.Floats]:
    """Return rows, shape (n, 2), and what the loss wants, shape (n,)."""
    return np.asarray(part[0], dtype=np.float64), np.asarray(part[1], dtype=np.float64)


def _grid(size: int, half: float) -> look.Floats:
    """Return points in rows from the top, each in the middle of its square, shape (size**2, 2)."""
    at = half * ((2.0 * np.arange(size) + 1.0) / size - 1.0)
    x, y = np.meshgrid(at, -at)
    return np.column_stack([x.ravel(), y.ravel()])


def check_activation(name: str) -> None:
    """Raise the error that names near matches, if no op of one operand is called so."""
    op = getattr(ops, name)
    if op.arity != 1:
        raise BadPlaygroundError(f"the op {name} takes not one operand, so it is no activation")

"""Choose how a net is trained by what it says of rows that it did not see.

Settings are tried in a fixed order, better ones varied, within a budget of work; each is trained
without the rows of one fold after the other, and judged on those after every epoch. So the number
of epochs is chosen too (early stopping), and how much of the net is mixed with the linear model.
Everything is drawn from the seed, and nothing depends on the clock.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import attrs

from mgcli.linear import Linear, fit_linear
from mgcli.offset import rows_with_offset, with_offset
from mgcore import Value
from mgnn import MLP, Trainer, backends, losses, optim
from mgnn.data import Table
from mgnn.errors import DivergenceError
from mgnn.modelparts import parameter_count
from mgnn.tablemodel import Task

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mgnn import Epoch, History

    Floats = NDArray[np.float64]

__all__ = ["Found", "Problem", "Session", "Settings", "search"]

BUDGET = 1.0e10  # multiplications and additions, some 3 to 8 seconds
COMPILING, CALL, EPOCH = 1e9, 2e7, 1.5e6  # what else a shape, a training, an epoch cost, as much as
MOST_ROWS = 12_000  # that are looked at; more tell no more about the settings
FOLDS, FOLDED_BELOW = 5, 2_000  # rows; larger tables are judged on one part of five
SHARES = (0.1, 0.25, 0.5, 0.75, 1.0)  # of the net in the mixture with the linear model


@attrs.frozen(eq=False)
class Problem:
    """Hold what is to be learnt.

    Attributes:
        task: classification or regression.
        X: inputs (n, inputs).
        y: standardised quantities, or class numbers (n,).
        weights: how much each row counts (n,).
        classes: how many; 0 for a quantity.
        seed: of everything drawn.

    """

    task: Task
    X: "Floats"
    y: "NDArray[Any]"
    weights: "Floats"
    classes: int
    seed: int

    @property
    def outputs(self) -> int:
        """Return how many outputs the net needs: one for a quantity or for two classes."""
        return self.classes if self.classes > 2 else 1

    @property
    def loss(self) -> losses.Loss:
        """Return the loss that fits the task."""
        if self.task == "regression":
            return losses.mse
        return losses.cross_entropy if self.classes > 2 else losses.binary_cross_entropy

    def part(self, rows: "NDArray[np.int64]") -> "Problem":
        """Return some of the rows."""
        X, y, weights = self.X[rows], self.y[rows], self.weights[rows]
        return attrs.evolve(self, X=X, y=y, weights=weights)

    def linear(self) -> Linear:
        """Return a linear model of these rows."""
        return fit_linear(self.task, self.X, self.y, self.weights, self.classes)

    def row_losses(self, outputs: "Floats") -> "Floats":
        """Return the loss of each row, given the net's outputs for it (n, outputs)."""
        import numpy as np

        losses: Floats
        if self.task == "regression":
            losses = (outputs[:, 0] - self.y) ** 2
        elif self.classes == 2:
            losses = np.logaddexp(0.0, outputs[:, 0]) - self.y * outputs[:, 0]
        else:
            top = outputs.max(axis=1)
            total = top + np.log(np.exp(outputs - top[:, None]).sum(axis=1))
            losses = total - outputs[np.arange(len(self.y)), self.y]
        return losses * self.weights


@attrs.frozen
class Settings:
    """Hold the settings of one training.

    Attributes:
        hidden: sizes of the hidden layers.
        lr: the learning rate.
        weight_decay: pulls the weights to 0.
        epochs: passes over the rows.
        batch_size: rows per update.
        beside_linear: whether the net learns what the linear model leaves over, or all.
        optimizer: adam or sgd.
        falling: whether the rate falls to 0 along half a cosine, as is right where the number of
            epochs is known before.

    """

    hidden: tuple[int, ...]
    lr: float
    weight_decay: float
    epochs: int
    batch_size: int
    beside_linear: bool = False
    optimizer: str = "adam"
    falling: bool = False

    def rate(self, epoch: int) -> float:
        """Return the learning rate of an epoch, from 0."""
        if not self.falling:
            return self.lr
        # Large steps find the valley, small ones its floor (Loshchilov and Hutter 2017).
        return self.lr * (1.0 + math.cos(math.pi * epoch / self.epochs)) / 2.0


@attrs.frozen(eq=False)
class Found:
    """Hold what the search chose.

    Attributes:
        settings: of the best training, with its best number of epochs.
        share: of the net in the mixture with the linear model, in (0, 1].
        tried: how many settings were.
        loss: of the mixture, mean over the rows it was judged on.
        linear_loss: of the linear model on the same rows.

    """

    settings: Settings
    share: float
    tried: int
    loss: float
    linear_loss: float


class Session:
    """Train nets of one shape again and again.

    Args:
        problem: for inputs, outputs and loss.
        hidden: sizes of the hidden layers.
        activation: of them.
        backend: of `mgnn.fit`.

    """

    def __init__(
        self, problem: Problem, hidden: Sequence[int], activation: str, backend: str
    ) -> None:
        self.net = MLP(
            problem.X.shape[1], [*hidden, problem.outputs], activation=activation, seed=0
        )
        self.parameters = self.net.parameters()
        self.loss = with_offset(problem.loss)
        self._trainer = Trainer(self.net, loss=self.loss, backend=backend)
        self._wide = 2.0 if activation.endswith("lu") else 1.0  # He et al. 2015, LeCun et al. 1998
        self._outputs: Callable[[Floats, Floats], Floats] | None = None

    def outputs(self, X: "Floats") -> "Floats":
        """Return the net's outputs as it is now, shape (n, outputs), in native code."""
        if self._outputs is None:
            self._outputs = backends.find("compiled").predictor(self.net, Table(array=X))  # type: ignore[attr-defined]  # ours has it
        return self._outputs(X, self.numbers())

    def start(self, seed: int) -> None:
        """Begin afresh: hidden weights that keep the variance of activations, outputs 0."""
        import numpy as np

        rng = np.random.default_rng(seed)
        for layer in self.net.layers[:-1]:
            for neuron in layer.neurons:
                spread = (self._wide / len(neuron.w)) ** 0.5
                _assign(neuron.w, rng.normal(0.0, spread, len(neuron.w)))
                neuron.b.data = float(rng.normal(0.0, 0.5))
        for neuron in self.net.layers[-1].neurons:
            _assign([*neuron.w, neuron.b], np.zeros(len(neuron.w) + 1))

    def numbers(self) -> "Floats":
        """Return the parameters as they are."""
        import numpy as np

        return np.array([p.data for p in self.parameters])

    def set_numbers(self, numbers: "Floats") -> None:
        """Set the parameters."""
        _assign(self.parameters, numbers)

    def train(
        self,
        problem: Problem,
        offset: "Floats",
        settings: Settings,
        *,
        callback: "Callable[[Epoch], Any] | None" = None,
        progress: bool = False,
    ) -> "History":
        """Train the net as it is now on a problem's rows, beside the offset (n, outputs).

        Raises:
            DivergenceError: if the loss becomes infinite.

        """
        maker = optim.SGD if settings.optimizer == "sgd" else optim.Adam
        more = {"momentum": 0.9} if settings.optimizer == "sgd" else {}
        self._trainer.restart(maker(lr=settings.rate, weight_decay=settings.weight_decay, **more))
        return self._trainer.fit(
            problem.X,
            rows_with_offset(problem.y, problem.weights, offset),
            epochs=settings.epochs,
            batch_size=settings.batch_size,
            seed=problem.seed,
            progress=progress,
            callbacks=[callback] if callback is not None else [],
        )


def _assign(parameters: Sequence[Value], numbers: "Floats") -> None:
    for parameter, number in zip(parameters, numbers.tolist(), strict=True):
        parameter.data = number


@attrs.frozen(eq=False)
class _Fold:
    train: Problem
    test: Problem
    linear: Linear


def search(
    problem: Problem,
    first: Settings,
    free: frozenset[str],
    activation: str,
    backend: str,
    tell: Callable[[str], Any] = lambda _: None,
) -> Found | None:
    """Choose settings.

    Args:
        problem: what is to be learnt.
        first: where the search begins; what is not free stays so.
        free: names of settings that may be varied: hidden, lr, weight_decay, epochs.
        activation: of the hidden layers.
        backend: of `mgnn.fit`.
        tell: called with a line on how far it is.

    Returns:
        What was chosen; None if every training diverged.

    """
    import numpy as np

    folds = list(_folds(problem))
    judged = [fold.test for fold in folds]
    sessions: dict[tuple[int, ...], Session] = {}
    trials: dict[Settings, tuple[float, int, Floats]] = {}
    linear = np.concatenate([fold.linear.outputs(fold.test.X) for fold in folds])
    linear_losses = _losses(judged, linear)
    left = BUDGET
    for settings in _plan(first, free, trials):
        cost = _cost(settings, folds) + COMPILING * (settings.hidden not in sessions)
        if trials and cost > left:
            continue
        left -= cost
        tell(f"choosing settings, {len(trials) + 1} tried")
        if settings.hidden not in sessions:
            sessions[settings.hidden] = Session(problem, settings.hidden, activation, backend)
        trials[settings] = _trial(sessions[settings.hidden], folds, settings)
    loss, epochs, outputs = min(trials.values(), key=lambda trial: trial[0])
    if not np.isfinite(loss):
        return None
    best = next(s for s, trial in trials.items() if trial[0] == loss)
    mixed = {w: _losses(judged, linear + w * (outputs - linear)) for w in SHARES}
    right = {w: _right(judged, linear + w * (outputs - linear)) for w in (0.0, *SHARES)}
    fit = [w for w in SHARES if right[w] >= right[0.0]] or [SHARES[0]]
    share = min(fit, key=lambda w: float(mixed[w].mean()))
    gain = linear_losses - mixed[share]
    if gain.mean() < gain.std() / len(gain) ** 0.5:  # no better than chance gives
        share = SHARES[0]
    return Found(
        attrs.evolve(best, epochs=max(1, epochs)),
        share,
        len(trials),
        float(mixed[share].mean()),
        float(linear_losses.mean()),
    )


def _folds(problem: Problem) -> Iterator[_Fold]:
    """Yield parts to train on and to judge on; classes in the same shares in both."""
    import numpy as np

    rng = np.random.default_rng(problem.seed)
    rows = rng.permutation(len(problem.y))[:MOST_ROWS]
    if problem.classes:
        rows = rows[np.argsort(problem.y[rows], kind="stable")]
    for first in range(min(FOLDS, len(rows) // 2)):
        test = np.arange(len(rows)) % FOLDS == first  # of each class every fifth row
        train = problem.part(np.sort(rows[~test]))
        yield _Fold(train, problem.part(np.sort(rows[test])), train.linear())
        if len(rows) >= FOLDED_BELOW:
            return


def _losses(judged: "Sequence[Problem]", outputs: "Floats") -> "Floats":
    """Return the loss of each row judged on; the outputs are those of all folds in a row."""
    import numpy as np

    ends = np.cumsum([len(problem.y) for problem in judged])[:-1]
    parts = np.split(outputs, ends, axis=-2)
    return np.concatenate([p.row_losses(out) for p, out in zip(judged, parts, strict=True)])


def _right(judged: "Sequence[Problem]", outputs: "Floats") -> int:
    """Return how many rows are given their class; 0 for a quantity."""
    import numpy as np

    if not judged[0].classes:
        return 0
    y = np.concatenate([problem.y for problem in judged])
    if outputs.shape[1] == 1:
        return int(((outputs[:, 0] > 0.0) == y).sum())
    return int((outputs.argmax(axis=1) == y).sum())


def _plan(
    first: Settings,
    free: frozenset[str],
    trials: "dict[Settings, tuple[float, int, Floats]]",
) -> Iterator[Settings]:
    """Yield what to try next, each once: a small grid, then variations of the best so far."""
    decays = (1e-3, 1e-2, 1e-1) if "weight_decay" in free else (first.weight_decay,)
    grid = [
        attrs.evolve(first, weight_decay=decay, beside_linear=beside)
        for decay in decays
        for beside in (False, True)
    ]
    yield from grid
    for _ in range(2):
        best = min(trials, key=lambda s: trials[s][0])
        epochs = trials[best][1]
        varied: list[dict[str, Any]] = []
        if "lr" in free:
            varied += [{"lr": best.lr * 3.0}, {"lr": best.lr / 3.0}]
        if "hidden" in free:
            varied += [{"hidden": (2 * best.hidden[0],)}]
        if "weight_decay" in free:
            varied += [{"weight_decay": d} for d in (best.weight_decay / 10, best.weight_decay * 3)]
        if "epochs" in free and epochs > 0.8 * best.epochs:
            varied += [{"epochs": 3 * best.epochs}]
        for change in varied:
            settings = attrs.evolve(best, **change)
            if settings not in trials:
                yield settings


def _cost(settings: Settings, folds: Sequence[_Fold]) -> float:
    nin, outputs = folds[0].train.X.shape[1], folds[0].train.outputs
    parameters = parameter_count(nin, [*settings.hidden, outputs])
    rows = sum(len(fold.train.y) for fold in folds)
    each = EPOCH * len(folds) + 8.0 * parameters * rows
    return settings.epochs * each + CALL * len(folds)


def _trial(
    session: Session, folds: Sequence[_Fold], settings: Settings
) -> "tuple[float, int, Floats]":
    """Train without each fold, and return the best loss, its epoch and the outputs then."""
    import numpy as np

    curves = []
    try:
        for number, fold in enumerate(folds):
            curves.append(_curve(session, fold, settings, number))
    except DivergenceError:
        return np.inf, 0, np.empty(0)
    outputs = np.concatenate(curves, axis=1)  # (1 + epochs, rows, outputs)
    judged = [fold.test for fold in folds]
    means = [float(_losses(judged, now).mean()) for now in outputs]
    best = int(np.argmin(means))
    if not np.isfinite(means[best]):
        return np.inf, 0, np.empty(0)
    return means[best], best, outputs[best]


def _curve(session: Session, fold: _Fold, settings: Settings, number: int) -> "Floats":
    """Return the outputs for the rows judged on before training and after each epoch."""
    import numpy as np

    train, test = fold.train, fold.test
    beside = float(settings.beside_linear)
    offset = beside * fold.linear.outputs(test.X)
    session.start(1000 * train.seed + number)
    seen = [offset]

    def look(_: "Epoch") -> None:
        seen.append(offset + session.outputs(test.X))

    history = session.train(train, beside * fold.linear.outputs(train.X), settings, callback=look)
    if history.note.startswith("interrupted"):
        raise KeyboardInterrupt
    return np.stack(seen)

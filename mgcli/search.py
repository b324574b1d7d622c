"""Choose how a net is trained by what it says of rows that it did not see.

Settings are tried in a fixed order, better ones varied, within a budget of work; each is trained
without the rows of one fold after the other, and judged on those after every epoch. So the number
of epochs is chosen too (early stopping), and how much of the net is mixed with the linear model:
nothing, where it is not surely better. Everything is drawn from the seed. The budget counts
operations, not seconds; only where those take longer than `MOST_SECONDS` is the search cut short.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import attrs

from mgcli.problem import Problem
from mgcli.session import Session, Sessions, Settings
from mgcli.validation import Fold, Validation, validation_of
from mgnn.errors import DivergenceError
from mgnn.modelparts import parameter_count

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mgnn import Epoch

    Floats = NDArray[np.float64]

__all__ = ["Found", "search"]

BUDGET = 8.0e10  # multiplications and additions, some 5 seconds
COMPILING, CALL, EPOCH = 3e9, 2e7, 1.5e6  # what else a shape, a training, an epoch cost, as much as
MOST_SECONDS = 7.0  # of processor time, for slow machines
DEEP = (64, 32)  # tried beside one hidden layer
PARAMETERS_PER_ROW = 100  # at most; wider nets take time, and give nothing
ROUNDS = 4  # of variations of the best so far
SHARES = (0.1, 0.25, 0.5, 0.75, 1.0)  # of the net in the mixture with the linear model


@attrs.frozen(eq=False)
class Trial:
    """Hold what came of one training without each fold.

    Attributes:
        settings: of it.
        curve: the mean loss on validation rows before training and after each epoch.
        best: the epoch of the smallest one; 0 is before training.
        outputs: for the validation rows, after that epoch.

    """

    settings: Settings
    curve: "Floats"
    best: int
    outputs: "Floats"

    @property
    def loss(self) -> float:
        """Return the smallest loss; infinite if the training diverged."""
        return float(self.curve[self.best])


@attrs.frozen(eq=False)
class Found:
    """Hold what the search chose.

    Attributes:
        settings: of the best training, with its best number of epochs.
        share: of the net in the mixture with the linear model, in [0, 1].
        strength: of the linear model's penalty.
        tried: how many settings were.
        loss: of the mixture, mean over the rows it was judged on.
        linear_loss: of the linear model on the same rows.
        curve: the net's loss on validation rows after each epoch, those beyond the best one too.
        hurried: whether the search was cut short by the clock.

    """

    settings: Settings
    share: float
    strength: float
    tried: int
    loss: float
    linear_loss: float
    curve: tuple[float, ...]
    hurried: bool


def search(
    problem: Problem,
    first: Settings,
    free: frozenset[str],
    sessions: Sessions,
    tell: Callable[[str], Any] = lambda _: None,
) -> Found | None:
    """Choose settings.

    Args:
        problem: what is to be learnt.
        first: where the search begins; what is not free stays so.
        free: names of settings that may be varied: hidden, lr, weight_decay, epochs.
        sessions: that train.
        tell: called with a line on how far it is.

    Returns:
        What was chosen; None if every training diverged.

    """
    import numpy as np

    end = time.process_time() + MOST_SECONDS
    validation = validation_of(problem)
    trials: dict[Settings, Trial] = {}
    left, hurried = BUDGET, False
    for settings in _plan(first, free, trials):
        if settings.hidden != first.hidden and _too_wide(problem, settings):
            continue
        cost = _cost(settings, validation.folds) + COMPILING * (settings.hidden not in sessions)
        if trials and cost > left:
            continue
        if hurried := bool(trials) and time.process_time() > end:
            break
        left -= cost
        tell(f"choosing settings, {len(trials) + 1} tried")
        trials[settings] = _trial(sessions.of(settings.hidden), validation.folds, settings)
    best = min(trials.values(), key=lambda trial: trial.loss)
    if not np.isfinite(best.loss):
        return None
    linear = validation.linear()
    share = _share(validation, linear, best.outputs)
    return Found(
        settings=attrs.evolve(best.settings, epochs=max(1, best.best)),
        share=share,
        strength=validation.strength,
        tried=len(trials),
        loss=float(validation.losses(_mixed(linear, best.outputs, share)).mean()),
        linear_loss=float(validation.losses(linear).mean()),
        curve=tuple(best.curve[1:].tolist()),
        hurried=hurried,
    )


def _share(validation: Validation, linear: "Floats", outputs: "Floats") -> float:
    """Return the share of the net that serves best; 0 where none is surely better than none."""
    sure = [w for w in SHARES if validation.better(_mixed(linear, outputs, w), linear)]
    losses = {w: float(validation.losses(_mixed(linear, outputs, w)).mean()) for w in sure}
    return min(losses, key=losses.__getitem__, default=0.0)


def _mixed(linear: "Floats", outputs: "Floats", share: float) -> "Floats":
    return linear + share * (outputs - linear)


def _plan(
    first: Settings, free: frozenset[str], trials: dict[Settings, Trial]
) -> Iterator[Settings]:
    """Yield what to try next, each once: a small grid, then variations of the best so far."""
    for beside in (False, True):
        yield attrs.evolve(first, beside_linear=beside)
    if "hidden" in free:
        yield attrs.evolve(_best(trials).settings, hidden=DEEP)
    if "weight_decay" in free:
        for decay in (10.0 * first.weight_decay, 100.0 * first.weight_decay):
            for beside in (False, True):
                yield attrs.evolve(first, weight_decay=decay, beside_linear=beside)
    for _ in range(ROUNDS):
        best = _best(trials)
        for change in _variations(best, free):
            settings = attrs.evolve(best.settings, **change)
            if settings not in trials:
                yield settings
        if _best(trials) is best:
            return


def _variations(best: Trial, free: frozenset[str]) -> Iterator[dict[str, Any]]:
    """Yield changes of the best settings, those that promise most first."""
    now = best.settings
    if "epochs" in free and best.best > 0.7 * now.epochs:
        yield {"epochs": 3 * now.epochs, "falling": 3 * now.falling}
    if "weight_decay" in free:
        yield {"weight_decay": now.weight_decay / 10.0}
        yield {"weight_decay": now.weight_decay * 3.0}
    if "lr" in free:
        yield {"lr": now.lr * 3.0}
        yield {"lr": now.lr / 3.0}
    if "hidden" in free:
        yield {"hidden": tuple(2 * size for size in now.hidden)}


def _best(trials: dict[Settings, Trial]) -> Trial:
    return min(trials.values(), key=lambda trial: trial.loss)


def _too_wide(problem: Problem, settings: Settings) -> bool:
    size = parameter_count(problem.X.shape[1], [*settings.hidden, problem.outputs])
    return size > PARAMETERS_PER_ROW * len(problem.y)


def _cost(settings: Settings, folds: Sequence[Fold]) -> float:
    nin, outputs = folds[0].train.X.shape[1], folds[0].train.outputs
    parameters = parameter_count(nin, [*settings.hidden, outputs])
    rows = sum(len(fold.train.y) for fold in folds)
    each = EPOCH * len(folds) + 8.0 * parameters * rows
    return settings.epochs * each + CALL * len(folds)


def _trial(session: Session, folds: Sequence[Fold], settings: Settings) -> Trial:
    """Train without each fold, and return how that went."""
    import numpy as np

    diverged = Trial(settings, np.array([np.inf]), 0, np.empty(0))
    try:
        seen = [_watched(session, fold, settings, k) for k, fold in enumerate(folds)]
    except DivergenceError:
        return diverged
    outputs = np.concatenate(seen, axis=1)  # (1 + epochs, rows, outputs)
    judged = Validation(tuple(folds))
    curve = np.array([judged.losses(now).mean() for now in outputs])
    best = int(np.argmin(curve))
    return Trial(settings, curve, best, outputs[best]) if np.isfinite(curve[best]) else diverged


def _watched(session: Session, fold: Fold, settings: Settings, number: int) -> "Floats":
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

"""Training: check the data, hand the job to a backend, show progress, keep the history."""

import random
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import attrs

from mgnn import backends, losses, optim
from mgnn.backends import Training
from mgnn.data import Table, table
from mgnn.eager import outputs_of
from mgnn.errors import (
    BackendError,
    BackendRefusalError,
    ShapeError,
    StopTraining,
)
from mgnn.losses import Loss
from mgnn.optim import Optimizer
from mgnn.settings import count_of, seed_of

__all__ = ["Epoch", "History", "fit"]


@attrs.frozen
class Epoch:
    """Tell a callback about a finished epoch.

    Attributes:
        number: from 1.
        loss: mean over all samples, each at the time it was used.
        score: accuracy or R^2 over all samples after the epoch.
        seconds: since training began.
        model: as it is now.

    """

    number: int
    loss: float
    score: float
    seconds: float
    model: Any


@attrs.define
class History:
    """Hold what happened while training.

    Attributes:
        loss: of each epoch: the mean over all samples, each at the time it was used.
        score: of each epoch, after it: accuracy, or R^2 for mse.
        score_name: "accuracy" or "R2".
        seconds: of all epochs together, without checking the data.
        backend: "eager" or "compiled": who trained.
        note: why the training ended early, or why the eager engine had to step in; else empty.

    """

    score_name: str
    loss: list[float] = attrs.field(factory=list)
    score: list[float] = attrs.field(factory=list)
    seconds: float = 0.0
    backend: str = ""
    note: str = ""


def fit(
    model: Any,
    X: Any,
    y: Any,
    *,
    loss: str | Loss = "mse",
    optimizer: str | Optimizer = "adam",
    epochs: int = 100,
    batch_size: int | None = 32,
    shuffle: bool = True,
    seed: int | None = None,
    backend: str = "auto",
    progress: bool = True,
    callbacks: Sequence[Callable[[Epoch], Any]] = (),
) -> History:
    """Train `model` in place.

    Args:
        model: a `Module`, or anything callable on one row of X that has ``parameters()``.
        X: n rows of numbers: lists, a NumPy array or a pandas frame; finite.
        y: n targets, or n rows of them. "hinge" takes labels -1 and 1, "binary_cross_entropy"
            0 and 1, "cross_entropy" the classes 0, 1, ..., "mse" any numbers.
        loss: the name of a loss, or a `mgnn.losses.Loss`.
        optimizer: "sgd", "adam", or one with settings, as ``optim.SGD(lr=0.1)``. Its state starts
            afresh in every call.
        epochs: passes over the data.
        batch_size: samples per update; None for all at once.
        shuffle: whether each epoch takes the samples in a new order.
        seed: of that order; drawn from the module `random` if not given.
        backend: "eager" (the engine), "compiled" (native code), or "auto": compiled where it is
            installed and able to. Both train the same to rounding.
        progress: whether to show a bar (needs tqdm).
        callbacks: called with an `Epoch` after each; may raise `StopTraining`.

    Returns:
        The losses, scores and time. Ctrl-C ends the training, and the model stays as it is then.

    Raises:
        ShapeError, DataError, LabelError: naming row and column, if X or y does not fit.
        UnknownNameError: for a loss or optimiser that there is not, with near matches.
        TrainingSettingError: for an impossible number of epochs or batch size.
        DivergenceError: if the loss becomes infinite or NaN, naming epoch and mini-batch.
        BackendError: if the backend asked for is not there or cannot train this model.

    """
    the_loss, the_optimizer = losses.by_name(loss), optim.by_name(optimizer)
    rows, targets = _checked_data(model, X, y, the_loss)
    epochs = count_of("epochs", epochs)
    batch_size = len(rows) if batch_size is None else count_of("batch_size", batch_size)
    seed = seed_of(seed)
    if seed is None:
        seed = random.getrandbits(63)
    recorder = _Recorder(model, epochs, History(the_loss.score.name), callbacks)
    training = Training(
        model=model,
        X=rows,
        targets=targets,
        loss=the_loss,
        optimizer=the_optimizer,
        epochs=epochs,
        batch_size=min(batch_size, len(rows)),
        seed=seed if shuffle else None,
        report=recorder.report,
        watched=bool(callbacks),
    )
    interrupted = False
    with recorder.bar(progress):
        recorder.start()
        try:
            _run(training, backend, recorder.history)
        except KeyboardInterrupt:
            recorder.interrupted()
            interrupted = True
        except StopTraining as request:
            recorder.history.note = str(request) or "stopped by a callback"
        recorder.stop()
    if interrupted:
        sys.stderr.write(f"{recorder.history.note}; the model keeps what it has learnt so far\n")
    return recorder.history


def _run(training: Training, backend: str, history: History) -> None:
    """Train with the backend asked for, or with the first of those that "auto" means."""
    if backend != "auto":
        run = backends.find(backend)
        history.backend = backend
        run(training)
        return
    if "compiled" in backends.installed():
        try:
            compiled = backends.find("compiled")
            history.backend = "compiled"
            compiled(training)
            return
        except BackendRefusalError as refusal:
            history.note = f"not compiled: {refusal}"
        except BackendError as broken:
            history.note = f"not compiled: {broken}"
    history.backend = "eager"
    backends.find("eager")(training)


def _checked_data(model: Any, X: Any, y: Any, loss: Loss) -> tuple[Table, Table]:
    rows, wanted = table(X, "X"), table(y, "y")
    if len(rows) != len(wanted):
        raise ShapeError(f"X has {len(rows)} rows, y has {len(wanted)}; give one target a row")
    if not model.parameters():
        raise ShapeError("the model has no parameters, so there is nothing to train")
    first = rows.rows[0] if "rows" in vars(rows) else rows.array[0].tolist()
    try:
        outputs = len(outputs_of(model, first))
    except ShapeError as error:
        raise ShapeError(
            f"X has {rows.columns} column{'s' * (rows.columns != 1)}, which the model does not "
            f"take: {error}"
        ) from error
    return rows, Table(rows=loss.encode(wanted.rows, outputs))


class _Recorder:
    """Write down each epoch, move the bar, and call the callbacks."""

    def __init__(
        self,
        model: Any,
        epochs: int,
        history: History,
        callbacks: Sequence[Callable[[Epoch], Any]],
    ) -> None:
        self.model = model
        self.epochs = epochs
        self.history = history
        self.callbacks = tuple(callbacks)
        self._bar: Any = None
        self._began = 0.0
        self._shown = 0.0

    def bar(self, progress: bool) -> AbstractContextManager[Any]:
        """Return the progress bar as a context; an empty one if there is to be none."""
        if not progress:
            return nullcontext()
        try:
            from tqdm import tqdm
        except ImportError:  # the extra `nn` is not installed: train without a bar
            return nullcontext()
        self._bar = tqdm(total=self.epochs, desc="training", unit="epoch", leave=True)
        bar: AbstractContextManager[Any] = self._bar
        return bar

    def start(self) -> None:
        self._began = time.perf_counter()

    def report(self, epoch: int, loss: float, score: float) -> None:
        self.history.loss.append(loss)
        self.history.score.append(score)
        seconds = time.perf_counter() - self._began
        if self._bar is not None:
            # Formatting costs more than a compiled epoch: ten times a second is enough to read.
            if seconds - self._shown > 0.1 or epoch + 1 == self.epochs:
                self._shown = seconds
                text = f"loss {loss:.4g}, {self.history.score_name} {score:.3f}"
                self._bar.set_postfix_str(text, refresh=False)
            self._bar.update()
        for callback in self.callbacks:
            callback(Epoch(epoch + 1, loss, score, seconds, self.model))

    def interrupted(self) -> None:
        done = len(self.history.loss)
        self.history.note = f"interrupted in epoch {done + 1} of {self.epochs}"

    def stop(self) -> None:
        self.history.seconds = time.perf_counter() - self._began

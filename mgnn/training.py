"""Training: check the data, hand the job to a backend, show progress, keep the history."""

import random
import sys
from collections.abc import Callable, Sequence
from typing import Any

from mgnn import backends, losses, optim
from mgnn.backends import Backend, Training
from mgnn.data import Table, table
from mgnn.eager import outputs_of
from mgnn.errors import (
    BackendError,
    BackendMissingError,
    BackendRefusalError,
    ShapeError,
    StopTraining,
    TrainingSettingError,
)
from mgnn.history import Epoch, History
from mgnn.losses import Loss
from mgnn.optim import Optimizer
from mgnn.prediction import keep_predictor
from mgnn.recorder import Recorder
from mgnn.sample_weights import weighted, weights_of, with_weights
from mgnn.settings import count_of, seed_of
from mgnn.stopping import EarlyStopping, Watch, stopping_of

__all__ = ["Epoch", "History", "Trainer", "fit"]


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
    sample_weight: Any = None,
    validation_data: Any = None,
    early_stopping: EarlyStopping | bool | None = None,
    client: Any = None,
    local_updates: int | None = None,
) -> History:
    """Train `model` in place.

    Args:
        model: a `Module`, or anything callable on one row of X that has ``parameters()``.
        X: n rows of numbers: lists, a NumPy array or a pandas frame; finite. A Dask array or frame
            is trained on where it is, on a cluster (see docs/scale.md); y and sample_weight are
            then Dask collections with the same partitions, or names of columns of the frame, and
            validation_data stays in memory.
        y: n targets, or n rows of them. "mse", "mae" and "huber" take any numbers, "poisson" counts
            (the outputs are logarithms of rates), "hinge" labels -1 and 1, "binary_cross_entropy"
            0 and 1, "cross_entropy" and "multiclass_hinge" the classes 0, 1, ...
        loss: the name of a loss, or a `mgnn.losses.Loss`.
        optimizer: "sgd", "adam", or one with settings, as ``optim.SGD(lr=0.1)``. Its state starts
            afresh in every call; a `Trainer` keeps it.
        epochs: passes over the data.
        batch_size: samples per update; None for all at once.
        shuffle: whether each epoch takes the samples in a new order.
        seed: of that order; drawn from the module `random` if not given.
        backend: "eager" (the engine), "compiled" (native code), "dask" (native code on a cluster),
            or "auto": dask for Dask collections, else compiled where it is installed and able to.
            All train the same to rounding; on a cluster, mini-batches have other samples.
        progress: whether to show a bar (needs tqdm).
        callbacks: called with an `Epoch` after each; may raise `StopTraining`.
        sample_weight: n numbers of at least 0: how much each sample counts, beside the others. The
            mean loss is then the weighted mean, and so are the scores.
        validation_data: ``(X, y)`` or ``(X, y, sample_weight)`` to judge the model on after every
            epoch.
        early_stopping: True or an `EarlyStopping`: end when nothing gets better any more, with the
            best parameters.
        client: a `distributed.Client`; the one made last if not given.
        local_updates: on a cluster, so many updates (of `batch_size` samples each) every partition
            does by itself, before the parameters of all are averaged: local SGD. None: every update
            is by the gradient of `batch_size` samples of all partitions together.

    Returns:
        The losses, scores and time. Ctrl-C ends the training, and the model stays as it is then.

    Raises:
        ShapeError, DataError, LabelError: naming row and column, if X or y does not fit.
        UnknownNameError: for a loss or optimiser that there is not, with near matches.
        TrainingSettingError: for an impossible setting.
        DivergenceError: if the loss becomes infinite or NaN, naming epoch and mini-batch.
        BackendError: if the backend asked for is not there or cannot train this model.
        mgcompile.errors.ClusterError: if the Dask client is gone, or a worker has other versions.
        mgcompile.errors.PartitionError: naming a partition that does not fit the others.

    """
    trainer = Trainer(model, loss=loss, optimizer=optimizer, backend=backend)
    return trainer.fit(
        X,
        y,
        epochs=epochs,
        batch_size=batch_size,
        shuffle=shuffle,
        seed=seed,
        progress=progress,
        callbacks=callbacks,
        sample_weight=sample_weight,
        validation_data=validation_data,
        early_stopping=early_stopping,
        client=client,
        local_updates=local_updates,
    )


class Trainer:
    """Train one model in several calls, which go on where the last one ended.

    What is costly is done once: the compiled program is kept, and so is the optimiser's state
    (momentum, Adam's moments) with the number of updates and epochs done. The model's parameters
    may be changed between calls, not what it computes of them.

    Args:
        model: as for `fit`.
        loss: as for `fit`.
        optimizer: as for `fit`.
        backend: as for `fit`.

    Attributes:
        epochs: how many are done.
        updates: how many are done.

    """

    def __init__(
        self,
        model: Any,
        *,
        loss: str | Loss = "mse",
        optimizer: str | Optimizer = "adam",
        backend: str = "auto",
    ) -> None:
        self.model = model
        self.loss = losses.by_name(loss)
        self.optimizer = optim.by_name(optimizer)
        self.epochs = 0
        self.updates = 0
        self._weighted = weighted(self.loss)
        self._backends = _Backends(backend)
        self._memory: dict[Any, Any] = {}
        self._outputs: dict[int, int] = {}  # by the number of columns of X

    def fit(
        self,
        X: Any,
        y: Any,
        *,
        epochs: int = 1,
        batch_size: int | None = 32,
        shuffle: bool = True,
        seed: int | None = None,
        progress: bool = False,
        callbacks: Sequence[Callable[[Epoch], Any]] = (),
        sample_weight: Any = None,
        validation_data: Any = None,
        early_stopping: EarlyStopping | bool | None = None,
        client: Any = None,
        local_updates: int | None = None,
    ) -> History:
        """Train on; all arguments, results and errors are those of `mgnn.fit`."""
        rows, targets, validation, loss = self._read(X, y, sample_weight, validation_data, client)
        if local_updates is not None:
            local_updates = count_of("local_updates", local_updates)
            if rows.backend is None:
                raise TrainingSettingError(
                    "local_updates is of training on Dask; give X and y as Dask collections"
                )
        epochs = count_of("epochs", epochs)
        batch_size = len(rows) if batch_size is None else count_of("batch_size", batch_size)
        seed = seed_of(seed)
        if seed is None:
            seed = random.getrandbits(63)
        stopping = stopping_of(early_stopping, validated=validation is not None)
        watch = None if stopping is None else Watch(stopping, self.model.parameters())
        calls: list[Callable[[Epoch], Any]] = [*callbacks, *([] if watch is None else [watch])]
        recorder = Recorder(self.model, epochs, History(loss.score.name), calls)
        training = Training(
            model=self.model,
            X=rows,
            targets=targets,
            loss=loss,
            optimizer=self.optimizer,
            epochs=epochs,
            batch_size=min(batch_size, len(rows)),
            seed=seed if shuffle else None,
            report=recorder.report,
            watched=bool(calls),
            validation=validation,
            first_epoch=self.epochs,
            first_update=self.updates,
            memory=self._memory,
            local_updates=local_updates,
        )
        self._train(training, recorder, progress)
        if watch is not None:
            watch.restore()
            recorder.history.best_epoch = watch.best_epoch
        return recorder.history

    def restart(self, optimizer: str | Optimizer | None = None) -> None:
        """Forget the optimiser's state and what is done, but not the compiled program.

        Args:
            optimizer: to train on with; the same if not given. Parameters stay as they are.

        """
        if optimizer is not None:
            self.optimizer = optim.by_name(optimizer)
        self.epochs = self.updates = 0
        for name in backends.PROGRESS:
            self._memory.pop(name, None)

    def __getstate__(self) -> dict[str, Any]:
        """Return what a file or another process needs: no compiled programs.

        The state of an optimiser goes along where native code trained; the engine's starts afresh.
        """
        return {
            "settings": (self.model, self.loss, self.optimizer, self._backends.wanted),
            "done": (self.epochs, self.updates),
            "progress": self._memory.get("progress"),
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        model, loss, optimizer, backend = state["settings"]
        self.__init__(model, loss=loss, optimizer=optimizer, backend=backend)  # type: ignore[misc]  # a trainer is its settings
        self.epochs, self.updates = state["done"]
        if state["progress"] is not None:
            self._memory["progress"] = state["progress"]

    def _train(self, training: Training, recorder: Recorder, progress: bool) -> None:
        interrupted = False
        history = recorder.history
        with recorder.bar(progress):
            recorder.start()
            try:
                self._backends.run(training, history)
            except KeyboardInterrupt:
                recorder.interrupted()
                interrupted = True
            except StopTraining as request:
                history.note = str(request) or "stopped by a callback"
            finally:
                done = len(history.loss)
                self.epochs += done
                self.updates += done * training.updates_per_epoch
            recorder.stop()
        if "predictor" in self._memory:
            keep_predictor(self.model, training.X.columns, self._memory["predictor"])
        if interrupted:
            sys.stderr.write(f"{history.note}; the model keeps what it has learnt so far\n")

    def _read(
        self, X: Any, y: Any, sample_weight: Any, validation_data: Any, client: Any
    ) -> tuple[Table, Table, tuple[Table, Table] | None, Loss]:
        """Return rows, targets, validation data and the loss.

        Weights, if there are any, are the last target of all.
        """
        given = validation_data if isinstance(validation_data, Sequence) else ()
        weighs = sample_weight is not None or (len(given) == 3 and given[2] is not None)
        if client is not None or self._backends.wanted == "dask" or _is_distributed(X):
            rows, targets = self._backends.load(
                X,
                y,
                sample_weight,
                client=client,
                loss=self.loss,
                outputs=lambda some: self._count(some, "X"),
                weighted=weighs,
            )
        else:
            rows, targets = self._checked(X, y, ("X", "y"))
            if weighs:
                weights = [1.0] * len(rows)
                if sample_weight is not None:
                    weights = weights_of(sample_weight, len(rows))
                targets = with_weights(targets, weights)
        validation = self._validation(validation_data, rows, targets.columns - weighs, weighs)
        return rows, targets, validation, self._weighted if weighs else self.loss

    def _checked(self, X: Any, y: Any, names: tuple[str, str]) -> tuple[Table, Table]:
        """Return rows and targets, as many of each, as the model and the loss take them."""
        rows, wanted = table(X, names[0]), table(y, names[1])
        if len(rows) != len(wanted):
            raise ShapeError(
                f"{names[0]} has {len(rows)} rows, {names[1]} has {len(wanted)}; give one target a "
                "row"
            )
        return rows, Table(rows=self.loss.encode(wanted.rows, self._count(rows, names[0])))

    def _count(self, rows: Table, name: str) -> int:
        """Return how many outputs the model has for such rows."""
        if rows.columns not in self._outputs:
            self._outputs[rows.columns] = _outputs_of(self.model, rows, name)
        return self._outputs[rows.columns]

    def _validation(
        self, data: Any, rows: Table, targets: int, weighs: bool
    ) -> tuple[Table, Table] | None:
        """Return the validation data; weights, if there are any, as the last target."""
        if data is None:
            return None
        if not isinstance(data, Sequence) or len(data) not in {2, 3}:
            raise TrainingSettingError(
                "validation_data is given as (X, y) or (X, y, sample_weight), not as "
                f"{type(data).__name__}"
            )
        if _is_distributed(data[0]):
            raise TrainingSettingError(
                "validation_data is a Dask collection; give a part that fits into memory, with "
                ".compute()"
            )
        names = "X of validation_data", "y of validation_data"
        found, wanted = self._checked(data[0], data[1], names)
        if found.columns != rows.columns or wanted.columns != targets:
            raise ShapeError(
                f"validation_data has {found.columns} columns of X and {wanted.columns} targets, "
                f"but the data to train on have {rows.columns} and {targets}"
            )
        if weighs:
            weights = [1.0] * len(found)
            if len(data) == 3 and data[2] is not None:
                weights = weights_of(data[2], len(found), "sample_weight of validation_data")
            wanted = with_weights(wanted, weights)
        return found, wanted


def _is_distributed(X: Any) -> bool:
    """Tell whether X is a Dask collection; Dask need not be installed to tell."""
    return hasattr(X, "__dask_graph__")


class _Backends:
    """Find training backends, each once: reading what is installed takes longer than an epoch."""

    def __init__(self, wanted: str) -> None:
        self.wanted = wanted
        self._found: dict[str, Backend] = {}
        self._compiled = True

    def load(self, *data: Any, **settings: Any) -> tuple[Table, Table]:
        """Lay data out where the backend "dask" trains on them."""
        if self.wanted not in {"auto", "dask"}:
            raise TrainingSettingError(
                f"backend is {self.wanted!r}, which does not train on Dask; take backend='dask', "
                "or give X and y in memory and no client"
            )
        backend: Any = self._find("dask")
        found: tuple[Table, Table] = backend.load(*data, **settings)
        return found

    def run(self, training: Training, history: History) -> None:
        """Train with the backend asked for, or with the first of those that "auto" means."""
        wanted = training.X.backend or self.wanted
        if wanted != "auto":
            run = self._find(wanted)
            history.backend = wanted
            run(training)
            return
        if self._compiled:
            try:
                compiled = self._find("compiled")
                history.backend = "compiled"
                compiled(training)
                return
            except BackendMissingError:
                self._compiled = False
            except BackendRefusalError as refusal:
                history.note = f"not compiled: {refusal}"
            except BackendError as broken:
                history.note = f"not compiled: {broken}"
        history.backend = "eager"
        self._find("eager")(training)

    def _find(self, name: str) -> Backend:
        if name not in self._found:
            self._found[name] = backends.find(name)
        return self._found[name]


def _outputs_of(model: Any, rows: Table, name: str) -> int:
    """Return how many numbers the model gives for a row."""
    if not model.parameters():
        raise ShapeError("the model has no parameters, so there is nothing to train")
    first = rows.rows[0] if "rows" in vars(rows) else rows.array[0].tolist()
    try:
        return len(outputs_of(model, first))
    except ShapeError as error:
        raise ShapeError(
            f"{name} has {rows.columns} column{'s' * (rows.columns != 1)}, which the model "
            f"does not take: {error}"
        ) from error

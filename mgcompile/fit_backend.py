"""The training backend "compiled" of `mgnn.fit`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from mgcompile.api import build
from mgcompile.backends.interface import Options
from mgcompile.errors import CompileError
from mgcompile.fit_recording import record
from mgcompile.graph.capture import capture
from mgcompile.runtime.proof import chosen_level
from mgcompile.runtime.prove import numbers_of
from mgcompile.runtime.train_loop import OptimizerState, TrainingRun, rule_of
from mgcompile.support.cache_dir import cache_folder
from mgcore import MgcoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from mgcompile.runtime.kernel import Kernel
    from mgcore import Value

    Floats = NDArray[np.float64]

__all__ = ["CompiledTraining", "compiled_of", "fit_compiled", "validated"]


def _train(training: Any) -> None:
    """Train a model in native code.

    Args:
        training: A `mgnn.backends.Training`, which says what is to be done. The model is recorded
            on the first sample, and that graph is compiled: its loss to train, its outputs for the
            score. Others are recorded too, to see that it stands for all (see `fit_recording`).

    Raises:
        BackendRefusalError: if the model cannot be compiled or the optimiser is not known.
    """
    try:
        rule = rule_of(training.optimizer)
        known = compiled_of(training)
        # What does not compute what was recorded is refused here, before anything is trained.
        size = min(training.batch_size, len(training.X.array))
        trainer = known.loss.trainer(rule, size)
        known.outputs.prepare()
    except ImportError as error:
        remedy = ImportError(f'{error}; pip install "mgcore[compile]"')
        raise training.refused(remedy) from error
    except (CompileError, MgcoreError) as error:
        raise training.refused(error) from error
    loss, outputs = known.loss, known.outputs
    loss.params = np.array([p.data for p in known.params])
    X, targets = training.X.array, training.targets.array
    data = np.ascontiguousarray(np.hstack([X, targets]))
    epochs = training.epochs

    def report(epoch: int, mean_loss: float, params: np.ndarray[Any, Any]) -> None:
        if training.watched:
            loss.write_back(params)
        outputs.params = params
        found = np.stack(outputs(X), axis=1)
        if not np.all(np.isfinite(found)):
            raise training.diverged(epoch)
        training.on_epoch(
            epoch, mean_loss, training.score(found), validated(training, loss, outputs, params)
        )

    def diverged(epoch: int, batch: int) -> None:
        raise training.diverged(epoch, batch)

    loss.run(
        TrainingRun(
            trainer=trainer,
            rule=rule,
            inputs=data,
            count=len(data),
            epochs=epochs,
            batch_size=training.batch_size,
            order=None if training.seed is None else training.order_array,
            rates=lambda first, count: _rates(training, first, count),
            progress=report,
            diverged=diverged,
            state=training.memory.setdefault("progress", OptimizerState()),
        )
    )


def _rates(training: Any, first: int, count: int) -> Floats:
    """Return the learning rates of some epochs, shape (count, updates of an epoch)."""
    rows = np.array([training.epoch_rates(epoch) for epoch in range(first, first + count)])
    return np.broadcast_to(rows, (count, training.updates_per_epoch))


def _predictor(model: Any, X: Any) -> Callable[[Floats, Floats], Floats]:
    """Compile a model's outputs.

    Args:
        model: Callable on a row, with `parameters()`.
        X: A `mgnn.data.Table` of rows to record with.

    Returns:
        A function of rows (m, columns) and the parameters' numbers that gives outputs (m, k).

    Raises:
        CompileError: if the model cannot be compiled.
    """
    sample = record(model, X.array)
    return _running(_compiled(sample.outputs, sample.x, sample.params))


def _running(kernel: Kernel) -> Callable[[Floats, Floats], Floats]:
    def run(rows: Floats, params: Floats) -> Floats:
        kernel.params = params
        return np.stack(kernel(rows), axis=1)

    return run


def validated(
    training: Any, loss: Kernel, outputs: Kernel, params: np.ndarray[Any, Any]
) -> tuple[float, float] | None:
    """Return mean loss and score of the validation data, if there is any."""
    if training.validation is None:
        return None
    X, targets = training.validation
    loss.params = params
    (losses,) = loss(np.hstack([X.array, targets.array]))
    found = np.stack(outputs(X.array), axis=1)
    return float(losses.mean()), training.score(found, targets)


@attrs.frozen(slots=True)
class CompiledFit:
    """The backend, as `mgnn.backends` describes it."""

    def __call__(self, training: Any) -> None:
        """Train a model (see `_train`)."""
        _train(training)

    def predictor(self, model: Any, X: Any) -> Callable[[Floats, Floats], Floats]:
        """Return a model as a function of rows and parameters (see `_predictor`)."""
        return _predictor(model, X)


fit_compiled = CompiledFit()


@attrs.frozen(slots=True, eq=False)
class CompiledTraining:
    """What was compiled of a model and a loss: it serves every training of the two."""

    params: list[Value]
    loss: Kernel
    outputs: Kernel


def compiled_of(training: Any) -> CompiledTraining:
    """Return what an earlier call of the same trainer compiled, or record and compile it."""
    key = "compiled", training.loss, training.X.columns, training.targets.columns
    found: CompiledTraining | None = training.memory.get(key)
    params = training.model.parameters()
    if found is None or [*map(id, found.params)] != [*map(id, params)]:
        found = training.memory[key] = _recorded(training)
    training.memory["predictor"] = _running(found.outputs)
    return found


def _recorded(training: Any) -> CompiledTraining:
    """Record a sample and compile its loss and the model's outputs."""
    sample = record(training.model, training.X.array, training.loss.sample, training.targets.array)
    loss = _compiled([sample.loss], [*sample.x, *sample.y], sample.params)
    return CompiledTraining(sample.params, loss, _compiled(sample.outputs, sample.x, sample.params))


def _compiled(roots: Sequence[Value], inputs: Sequence[Value], params: Sequence[Value]) -> Kernel:
    # By itself, not by name: to read what is installed takes as long as to compile.
    from mgcompile.backends.llvm.backend import backend

    options = Options("float64", 1, cache_folder())
    graph = capture(roots, inputs, params)
    llvm: Any = backend
    return build(
        graph, [x.label for x in inputs], params, options, llvm, several=True,
        recorded=numbers_of(roots, inputs, params), level=chosen_level(None),
    )  # fmt: skip

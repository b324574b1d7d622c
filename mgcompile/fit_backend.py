"""The training backend "compiled" of `mgnn.fit`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mgcompile.api import build
from mgcompile.backends.interface import Options
from mgcompile.errors import CompileError
from mgcompile.fit_recording import record
from mgcompile.graph.capture import capture
from mgcompile.runtime.train_loop import Course, rule_of
from mgcompile.support.cache_dir import cache_folder
from mgcore import MgcoreError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mgcompile.runtime.kernel import Kernel
    from mgcore import Value

__all__ = ["fit_compiled"]


def fit_compiled(training: Any) -> None:
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
        loss, outputs = _recorded(training)
    except ImportError as error:
        remedy = ImportError(f'{error}; pip install "mgcore[compile]"')
        raise training.refused(remedy) from error
    except (CompileError, MgcoreError) as error:
        raise training.refused(error) from error
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
        training.on_epoch(epoch, mean_loss, training.score(found))

    def diverged(epoch: int, batch: int) -> None:
        raise training.diverged(epoch, batch)

    loss.run(
        Course(
            trainer=loss.trainer(rule),
            rule=rule,
            inputs=data,
            count=len(data),
            epochs=epochs,
            batch_size=training.batch_size,
            order=None if training.seed is None else training.order_array,
            rates=lambda first, count: np.array(
                [training.rate(epoch) for epoch in range(first, first + count)]
            ),
            progress=report,
            diverged=diverged,
        )
    )


def _recorded(training: Any) -> tuple[Kernel, Kernel]:
    """Record a sample and compile its loss and the model's outputs."""
    sample = record(training.model, training.X.array, training.loss.sample, training.targets.array)
    loss = _compiled([sample.loss], [*sample.x, *sample.y], sample.params)
    return loss, _compiled(sample.outputs, sample.x, sample.params)


def _compiled(roots: Sequence[Value], inputs: Sequence[Value], params: Sequence[Value]) -> Kernel:
    options = Options("float64", 1, cache_folder())
    graph = capture(roots, inputs, params)
    return build(graph, inputs, params, options, "llvm", several=True)

"""The training backend "dask" of `mgnn.fit`: shards and kernels stay with the workers.

An epoch has as many updates as mini-batches; each shard gives to each its share of rows, so what is
computed depends on how the data are cut and on nothing else. Either every update takes the gradient
of all shards (full batch, large batch), or each shard does some updates by itself, and parameters
and the optimiser's state become the mean of all, weighted by rows: local SGD.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from mgcompile.backends.numpy.interpreter import update
from mgcompile.dask.shipment import packed
from mgcompile.fit_backend import compiled_of, validated
from mgcompile.runtime.train_loop import OptimizerState, rule_of
from mgcore import MgcoreError
from mgnn.dask import shards
from mgnn.dask.partitions import load

if TYPE_CHECKING:
    from collections.abc import Sequence

    from distributed import Future
    from numpy.typing import NDArray

    from mgcompile.dask.cluster import Cluster
    from mgcompile.fit_backend import CompiledTraining
    from mgcompile.program.optimizer import OptimizerSpec
    from mgnn.dask.partitions import Partitioned
    from mgnn.job import Training
    from mgnn.losses import Loss
    from mgnn.scores import Sums

    Floats = NDArray[np.float64]

__all__ = ["fit_dask"]


@attrs.frozen(slots=True)
class DaskFit:
    """The backend, as `mgnn.backends` describes it."""

    def __call__(self, training: Training) -> None:
        """Train a model on the rows that `load` laid out.

        Raises:
            BackendRefusalError: if the model cannot be compiled, the optimiser is not known, or the
                score is of no use with parts of the data.
            ClusterError: if the cluster is gone.
        """
        run = _begun(training)
        try:
            for epoch in range(training.epochs):
                loss, score = run.epoch(epoch), run.score(epoch)
                if training.watched:
                    run.write_back()
                training.on_epoch(epoch, loss, score, run.judged())
        finally:
            run.write_back()

    def load(self, *data: Any, **settings: Any) -> Any:
        """Lay data out on the workers: see `mgnn.dask.partitions.load`."""
        return load(*data, **settings)


fit_dask = DaskFit()


@attrs.define(slots=True, eq=False)
class _Run:
    """A training as it goes on.

    Args:
        training: What is to be done.
        known: The kernels, here.
        cluster: Where the shards are.
        kernel: The loss, sent.
        outputs: The model's outputs, sent.
        loss: The loss as the user gave it, sent.
        rule: Of the update.
        progress: How far the optimiser has come.
        numbers: Parameters and the optimiser's state, shape (1 + rule.state_rows, n_params). It is
            replaced whole, so that Ctrl-C finds finished updates only.
        constant: Sums of the score for constant outputs, or None.
    """

    training: Training
    known: CompiledTraining
    cluster: Cluster
    kernel: Future[Any]
    outputs: Future[Any]
    loss: Future[Any]
    rule: OptimizerSpec
    progress: OptimizerState
    numbers: Floats
    constant: Floats | None
    _sent: tuple[Floats, Future[Any]] | None = None

    def epoch(self, epoch: int) -> float:
        """Do the updates of an epoch; return the mean loss."""
        training, rows = self.training, self._rows
        count, stride = training.updates_per_epoch, training.local_updates or 1
        rates = np.broadcast_to(training.epoch_rates(epoch), (count,))
        parts = rows.shards
        if count > 1 and training.seed is not None:
            order = str(training.seed), training.first_epoch + epoch
            parts = self.cluster.each("mgnn-mixed", shards.mixed, parts, *order)
        total = 0.0
        for first in range(0, count, stride):
            cut = shards.Cut(first, min(first + stride, count), count)
            step = self._together if training.local_updates is None else self._local
            total += step(parts, cut, rates[cut.first : cut.last])
            if not np.isfinite(total):
                raise training.diverged(epoch, first)
        self.progress.epochs += 1
        return total / len(rows)

    def _together(self, parts: Sequence[Future[Any]], cut: shards.Cut, rates: Floats) -> float:
        """Do one update by the gradient of all shards; return the sum of losses."""
        found = self.cluster.sum(
            "mgnn-gradient", shards.gradient, parts, self.kernel, self._parameters(), cut
        )
        numbers, step = self.numbers.copy(), self.progress.updates + 1
        slopes, scale = found[2:], 1.0 / found[0]
        update(numbers[0], numbers[1:], slopes, self.rule, float(rates[0]), scale, step)
        self._take(numbers, 1)
        return float(found[1])

    def _local(self, parts: Sequence[Future[Any]], cut: shards.Cut, rates: Floats) -> float:
        """Let each shard do its updates; take the mean of what they came to; as `_together`."""
        work = shards.Local(cut, self.rule, self.numbers, self.progress.updates, rates)
        sent = self.cluster.constant("mgnn-parameters", work)
        found = self.cluster.sum("mgnn-local", shards.local, parts, self.kernel, sent)
        self._take(found[2:].reshape(self.numbers.shape) / found[0], len(rates))
        return float(found[1])

    def score(self, epoch: int) -> float:
        """Return the score of all rows."""
        rows = self._rows
        found = self.cluster.sum(
            "mgnn-score", shards.scored, rows.shards, self.outputs, self._parameters(), self.loss
        )
        if not np.all(np.isfinite(found)):
            raise self.training.diverged(epoch)
        return _sums(rows.loss).score(found, self.constant, len(rows))

    def judged(self) -> tuple[float, float] | None:
        """Return mean loss and score of the validation data, which are here."""
        params, outputs = self.numbers[0], self.known.outputs
        outputs.params = params
        return validated(self.training, self.known.loss, outputs, params)

    def write_back(self) -> None:
        """Give the model its parameters."""
        self.known.loss.write_back(self.numbers[0])

    @property
    def _rows(self) -> Partitioned:
        rows: Any = self.training.X
        found: Partitioned = rows
        return found

    def _parameters(self) -> Future[Any]:
        """Return the parameters as they are now, sent once."""
        if self._sent is None or self._sent[0] is not self.numbers:
            sent = self.cluster.constant("mgnn-parameters", self.numbers[0])
            self._sent = self.numbers, sent
        return self._sent[1]

    def _take(self, numbers: Floats, updates: int) -> None:
        self.numbers = numbers
        self.progress.rows = numbers[1:]
        self.progress.updates += updates


def _begun(training: Training) -> _Run:
    """Compile, and send what every worker needs."""
    rows: Any = training.X
    loss: Loss = rows.loss
    if loss.score.sums is None:
        reason = f"its score, {loss.score.name}, has no sums that parts of the data could give"
        raise training.refused(f"{reason}; give the Score sums=mgnn.scores.Sums(...)")
    try:
        rule = rule_of(training.optimizer)
        known = compiled_of(training)
        trained = rule if training.local_updates is not None else None
        kernel, outputs = packed(known.loss, ["loss"], trained), packed(known.outputs)
    except MgcoreError as error:
        raise training.refused(error) from error
    cluster: Cluster = rows.cluster
    params = np.array([p.data for p in known.params])
    progress = training.memory.setdefault("progress", OptimizerState())
    state = progress.started(rule, params)
    sent = cluster.constant("mgnn-loss", loss)
    return _Run(
        training, known, cluster, cluster.constant("mgnn-kernel", kernel),
        cluster.constant("mgnn-kernel", outputs), sent, rule, progress,
        np.vstack([params[None, :], state]), _of_constant(rows, sent),
    )  # fmt: skip


def _of_constant(rows: Partitioned, loss: Future[Any]) -> Floats | None:
    """Return the sums of the score for constant outputs, where it compares with such."""
    constant = _sums(rows.loss).constant
    if constant is None:
        return None
    mean = rows.cluster.sum("mgnn-score", shards.target_sums, rows.shards, loss) / len(rows)
    sent = rows.cluster.constant("mgnn-score", constant(mean))
    found: Floats = rows.cluster.sum("mgnn-score", shards.baseline, rows.shards, sent, loss)
    return found


def _sums(loss: Loss) -> Sums:
    assert loss.score.sums is not None  # noqa: S101 - refused before
    return loss.score.sums

"""What the workers run: read a partition, and compute on it with the compiled kernels.

Every function is pure, so a partition that was lost with its worker is made again, and what is
computed of it has the same bits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from mgcompile.backends.interface import TrainCall
from mgcompile.dask.samples import check_block, check_frame
from mgcompile.dask.shipment import opened
from mgcompile.errors import PartitionError
from mgcompile.runtime.train_loop import epoch_order
from mgnn.data import table
from mgnn.errors import DataError, ShapeError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mgcompile.dask.shipment import Shipment
    from mgcompile.program.optimizer import OptimizerSpec
    from mgnn.losses import Loss

    Floats = NDArray[np.float64]

__all__ = [
    "Cut",
    "Local",
    "Said",
    "Shard",
    "baseline",
    "gradient",
    "head",
    "local",
    "mixed",
    "read",
    "scored",
    "size",
    "target_sums",
    "weighed",
]


_ROWS_AS_LISTS = 16_384
"""At a time: lists take several times the memory of arrays, and leave it in pieces."""


@attrs.frozen(slots=True)
class Said:
    """What the metadata of X say of every partition.

    Args:
        columns: Of a frame; None for an array.
        dtypes: Of a frame's columns, or the one of an array.
        width: Number of columns.
    """

    columns: tuple[Any, ...] | None
    dtypes: Any
    width: int

    def check(self, part: Any, number: int) -> None:
        """Compare a partition.

        Raises:
            PartitionError: naming it and what differs.
        """
        if self.columns is None:
            check_block(part, self.width, self.dtypes, number)
        else:
            check_frame(part, self.columns, self.dtypes, number)


@attrs.frozen(slots=True, eq=False)
class Shard:
    """A partition ready to train on.

    Args:
        number: Of the partition.
        inputs: Columns of X.
        targets: Columns of targets after them, without the weight that may follow.
        rows: Shape (n, columns), float64.
    """

    number: int
    inputs: int
    targets: int
    rows: Floats

    def __sizeof__(self) -> int:
        """Return the bytes of all: by this Dask knows when to put a shard aside on disk."""
        return object.__sizeof__(self) + self.rows.nbytes

    def split(self) -> tuple[Floats, Floats]:
        """Return X and targets."""
        return self.rows[:, : self.inputs], self.rows[:, self.inputs :][:, : self.targets]


def read(
    X: Any,
    y: Any,
    weights: Any,
    number: int,
    said: Said,
    loss: Loss,
    outputs: int,
    scale: float | None,
) -> Shard:
    """Return partition `number` ready to train on.

    Args:
        X: Its rows.
        y: Its targets, as the user has them.
        weights: Of the rows, or None.
        number: Of the partition.
        said: What X says of it.
        loss: Whose targets are made of y.
        outputs: Of the model.
        scale: What weights are multiplied by; None: there is none among the targets.

    Raises:
        PartitionError: if it has no rows, other columns or dtypes, or not as many targets as rows.
        DataError: naming row and column of what is no finite number.
        ShapeError, LabelError: naming the partition and the row.
    """
    rows, wanted = _numbers(X, y, number, said)
    columns = [rows, _targets(wanted, number, loss, outputs)]
    if scale is not None:
        column = np.ones((len(rows), 1)) if weights is None else _weights(weights, number)
        if len(column) != len(rows):
            raise PartitionError(_unlike(number, len(rows), "sample_weight", len(column)))
        columns.append(column * scale)
    return Shard(number, rows.shape[1], columns[1].shape[1], np.hstack(columns))


def head(X: Any, y: Any, number: int, said: Said, count: int = 64) -> tuple[Floats, Floats]:
    """Return the first rows of X and y, to record with."""
    rows, wanted = _numbers(X, y, number, said)
    return rows[:count], wanted[:count]


def weighed(weights: Any, number: int) -> Floats:
    """Return the number of weights in a partition, and their sum."""
    column = _weights(weights, number)
    return np.array([len(column), column.sum()])


def size(shard: Shard) -> int:
    """Return the number of rows."""
    return len(shard.rows)


def _numbers(X: Any, y: Any, number: int, said: Said) -> tuple[Floats, Floats]:
    if not len(X):
        message = (
            f"partition {number} of X has no rows; merge it with others, as with "
            "X.repartition(npartitions=...) or X.rechunk(...), or filter before cutting"
        )
        raise PartitionError(message)
    said.check(X, number)
    rows, wanted = table(X, f"partition {number} of X"), table(y, f"partition {number} of y")
    if len(rows) != len(wanted):
        raise PartitionError(_unlike(number, len(rows), "y", len(wanted)))
    return rows.array, wanted.array


def _unlike(number: int, rows: int, name: str, others: int) -> str:
    return f"partition {number} of X has {rows} rows, that of {name} {others}; cut both alike"


def _weights(weights: Any, number: int) -> Floats:
    given = table(weights, f"partition {number} of sample_weight")
    if given.columns != 1 or np.any(given.array < 0.0):
        message = f"partition {number} of sample_weight is not one number of at least 0 for a row"
        raise DataError(message)
    return given.array


def _targets(y: Floats, number: int, loss: Loss, outputs: int) -> Floats:
    pieces = []
    for first in range(0, len(y), _ROWS_AS_LISTS):
        try:
            made = loss.encode(y[first : first + _ROWS_AS_LISTS].tolist(), outputs)
        except (DataError, ShapeError) as error:
            place = f"partition {number}" + f", from row {first} on" * bool(first)
            raise type(error)(f"{place}: {error}") from error
        pieces.append(np.array(made, dtype=np.float64))
    return np.concatenate(pieces)


def mixed(shard: Shard, seed: str, epoch: int) -> Shard:
    """Return a shard with its rows in an order that depends on seed, epoch and partition alone."""
    order = epoch_order(f"{seed}/{shard.number}", epoch, len(shard.rows))
    return attrs.evolve(shard, rows=shard.rows[order])


@attrs.frozen(slots=True)
class Cut:
    """Which mini-batches of an epoch: numbers `first` to `last` of `count`."""

    first: int
    last: int
    count: int

    def rows(self, shard: Shard) -> Floats:
        """Return a shard's share of them: as many rows for each mini-batch as it has for others."""
        n = len(shard.rows)
        return shard.rows[n * self.first // self.count : n * self.last // self.count]


def gradient(shard: Shard, kernel: Shipment, params: Floats, cut: Cut) -> Floats:
    """Return of one mini-batch the number of rows, the sum of their losses, and its gradient."""
    rows = cut.rows(shard)
    if not len(rows):
        return np.zeros(2 + len(params))
    loss, slopes = opened(kernel).built.executable("loss")(rows, len(rows), params)
    return np.concatenate([[len(rows)], loss, slopes])


@attrs.frozen(slots=True, eq=False)
class Local:
    """Some updates that a partition does by itself.

    Args:
        cut: The mini-batches.
        rule: The update.
        numbers: Parameters and the optimiser's state, shape (1 + rule.state_rows, n_params).
        step: Updates done before.
        rates: The learning rate of each, shape (updates,).
    """

    cut: Cut
    rule: OptimizerSpec
    numbers: Floats
    step: int
    rates: Floats


def local(shard: Shard, kernel: Shipment, work: Local) -> Floats:
    """Return of those updates the number of rows, the sum of their losses, and rows x `numbers`."""
    rows = work.cut.rows(shard)
    if not len(rows):
        return np.zeros(2 + work.numbers.size)
    size = -(-len(rows) // len(work.rates))
    updates = -(-len(rows) // size)  # a small partition may be done earlier
    params, state = work.numbers[0].copy(), work.numbers[1:].copy()
    rates = work.rates[None, :updates]
    (loss,) = opened(kernel).trainer(work.rule)(
        TrainCall(rows, len(rows), params, state, work.step, size, rates)
    )
    n = len(rows)
    return np.concatenate([[n, n * loss], n * params, n * state.ravel()])


def scored(shard: Shard, kernel: Shipment, params: Floats, loss: Loss) -> Floats:
    """Return the sums of the loss's score for the outputs of the model."""
    X, targets = shard.split()
    (outputs,) = opened(kernel).built.executable("forward")(X, len(X), params)
    found = np.broadcast_to(outputs, (len(X), outputs.shape[-1]))
    sums = _sums(shard, loss, found, targets)
    return sums if np.all(np.isfinite(outputs)) else np.full_like(sums, np.nan)


def baseline(shard: Shard, constant: Floats, loss: Loss) -> Floats:
    """Return the same sums for outputs that are the same for every sample."""
    _, targets = shard.split()
    return _sums(shard, loss, np.broadcast_to(constant, targets.shape), targets)


def target_sums(shard: Shard, loss: Loss) -> Floats:
    """Return the sum of each target, each times what its sample counts in the score."""
    return _weighted_sum(shard, loss, shard.split()[1])


def _sums(shard: Shard, loss: Loss, outputs: Floats, targets: Floats) -> Floats:
    assert loss.score.sums is not None  # noqa: S101 - refused before
    return _weighted_sum(shard, loss, loss.score.sums.terms(outputs, targets))


def _weighted_sum(shard: Shard, loss: Loss, terms: Floats) -> Floats:
    weights = shard.rows[:, shard.inputs + shard.targets :]
    if loss.score.weighted and weights.shape[1]:
        terms = terms * weights
    found: Floats = np.asarray(terms, dtype=np.float64).sum(axis=0)
    return found

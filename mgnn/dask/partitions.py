"""Lay the user's data out on a cluster: one shard for each partition, kept where it was read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

import numpy as np
from dask.base import is_dask_collection
from dask.delayed import delayed

from mgcompile.dask.cluster import connected, told
from mgcompile.dask.samples import is_frame, parts_of
from mgcompile.errors import PartitionError
from mgnn.dask import shards
from mgnn.data import Table
from mgnn.errors import DataError, ShapeError, TrainingSettingError

if TYPE_CHECKING:
    from collections.abc import Callable

    from distributed import Future
    from numpy.typing import NDArray

    from mgcompile.dask.cluster import Cluster
    from mgnn.losses import Loss

    Floats = NDArray[np.float64]

__all__ = ["Partitioned", "load"]


class Partitioned(Table):
    """Rows of X on a cluster; as a table it is a few of them, to record with.

    Attributes:
        cluster: where they are.
        shards: a future for each partition, with targets and weights.
        largest: rows of the largest partition.
        loss: whose targets they have.

    """

    backend = "dask"

    def __init__(
        self,
        sample: Floats,
        cluster: Cluster,
        futures: list[Future[Any]],
        counts: list[int],
        loss: Loss,
    ) -> None:
        super().__init__(array=sample)
        self.cluster = cluster
        self.shards = futures
        self.loss = loss
        self._counts = counts

    def __len__(self) -> int:
        return sum(self._counts)

    @property
    def largest(self) -> int:
        """Return the number of rows of the largest partition."""
        return max(self._counts)


def load(
    X: Any,
    y: Any,
    sample_weight: Any,
    *,
    client: Any,
    loss: Loss,
    outputs: Callable[[Table], int],
    weighted: bool,
) -> tuple[Partitioned, Table]:
    """Read the user's data on the workers.

    Args:
        X: a Dask array (n, columns) or frame.
        y: a Dask array or series with the same partitions, or the name of a column of the frame X.
        sample_weight: the same, or None.
        client: of Dask; None for the one made last.
        loss: the loss as the user gave it.
        outputs: returns how many outputs the model has for such rows.
        weighted: whether each row's weight follows its targets.

    Returns:
        The rows, and the targets of those few to record with.

    Raises:
        TrainingSettingError: for what is no Dask collection.
        PartitionError, DataError, ShapeError, LabelError: naming the partition that does not fit.
        ClusterError: if the client is gone or a worker has other versions.

    """
    X, y, sample_weight = _columns_taken(X, y, sample_weight)
    blocks = _blocks(X, "X")
    if not is_frame(X) and X.ndim != 2:
        raise ShapeError(
            f"X has {X.ndim} axes; give rows of columns, as X[:, None] or X.to_frame() for one"
        )
    targets = _aligned(y, "y", X)
    weights = (
        [None] * len(blocks)
        if sample_weight is None
        else _aligned(sample_weight, "sample_weight", X)
    )
    said = (
        shards.Said(tuple(X.columns), tuple(X.dtypes), len(X.columns))
        if is_frame(X)
        else shards.Said(None, X.dtype, X.shape[1])
    )
    cluster = connected(client)
    (first,) = _computed(cluster, "mgnn-head", shards.head, [(blocks[0], targets[0], 0, said)])
    count = outputs(Table(array=first[0]))
    scale = None
    if weighted:
        scale = 1.0 if sample_weight is None else _scale(cluster, weights)
    kept = _submitted(
        cluster,
        "mgnn-partition",
        shards.read,
        [
            (x, t, w, number, said, loss, count, scale)
            for number, (x, t, w) in enumerate(zip(blocks, targets, weights, strict=True))
        ],
    )
    # What is wrong with a partition is told here.
    counts = cluster.gathered(cluster.each("mgnn-size", shards.size, kept))
    sample = Table(rows=loss.encode(first[1].tolist(), count)).array
    if weighted:
        sample = np.hstack([sample, np.ones((len(sample), 1))])
    return Partitioned(first[0], cluster, kept, counts, loss), Table(array=sample)


def _submitted(
    cluster: Cluster, name: str, function: Callable[..., Any], arguments: list[tuple[Any, ...]]
) -> list[Future[Any]]:
    """Run a function of blocks that are still to be made; the dashboard shows the name."""
    token, task = uuid4().hex, delayed(function)
    made = [
        task(*some, dask_key_name=f"{name}-{token}-{number}")
        for number, some in enumerate(arguments)
    ]
    with told():
        futures: list[Future[Any]] = cluster.client.compute(made)
        return futures


def _computed(cluster: Cluster, *work: Any) -> list[Any]:
    return cluster.gathered(_submitted(cluster, *work))


def _scale(cluster: Cluster, weights: list[Any]) -> float:
    """Return what makes the mean of all weights 1; only they are read."""
    parts = [(w, number) for number, w in enumerate(weights)]
    rows, total = sum(_computed(cluster, "mgnn-weights", shards.weighed, parts))
    if not 0.0 < total < float("inf"):
        raise DataError(f"the sum of sample_weight is {total:g}; it must be greater than 0")
    return float(rows / total)


def _columns_taken(X: Any, *others: Any) -> tuple[Any, ...]:
    """Return X, and other data, which are columns of the frame X where they are names of such."""
    names = [name for name in others if isinstance(name, str)]
    for name in names:
        if not is_frame(X) or name not in X.columns:
            there = f"; it has {list(X.columns)}" if is_frame(X) else ", which is no frame"
            raise DataError(f"there is no column {name!r} in X{there}")
    taken = [X[other] if isinstance(other, str) else other for other in others]
    return X.drop(columns=names) if names else X, *taken


def _blocks(data: Any, name: str) -> list[Any]:
    """Return the partitions of a collection, or the blocks of rows of an array."""
    if not is_dask_collection(data) or not hasattr(data, "_meta"):
        raise TrainingSettingError(
            f"{name} is {type(data).__name__}, but training on Dask takes Dask collections; cut it "
            f"as in dask.array.from_array({name}, chunks=(rows, -1)) or "
            f"dask.dataframe.from_pandas({name}, npartitions=...): the cut is what the result "
            "depends on, not the workers"
        )
    if hasattr(data, "npartitions") and not hasattr(data, "chunks"):
        return parts_of(data)
    whole = data if data.ndim == 1 or len(data.chunks[1]) == 1 else data.rechunk({1: -1})
    return list(whole.to_delayed().ravel())


def _aligned(data: Any, name: str, X: Any) -> list[Any]:
    """Return as many partitions as X has; an array of known chunks is cut as X is."""
    if hasattr(data, "chunks") and hasattr(X, "chunks"):
        known = not np.isnan([*data.chunks[0], *X.chunks[0]]).any()
        if known and data.shape[0] == X.shape[0] and data.chunks[0] != X.chunks[0]:
            data = data.rechunk({0: X.chunks[0]})
    found, wanted = _blocks(data, name), X.npartitions if is_frame(X) else X.numblocks[0]
    if len(found) != wanted:
        raise PartitionError(
            f"{name} has {len(found)} partitions, X has {wanted}; cut both alike, or take them "
            "from one frame"
        )
    return found

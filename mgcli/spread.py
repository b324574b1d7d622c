"""Let the workers of a Dask cluster predict a table: pieces go out, predictions come back."""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any

import attrs

from mgcli.errors import CliError
from mgcli.predicting import Findings, Predictor
from mgcli.tables import ROWS_AT_ONCE, RawTable

if TYPE_CHECKING:
    from mgcompile.dask.cluster import Cluster

__all__ = ["spread"]

SECONDS = 10  # that a scheduler has to answer
PIECES_A_THREAD = 2  # that are on their way: one is worked on while the next arrives


def spread(
    predictor: Predictor, tables: "Iterable[RawTable | Mapping[str, Any]]", address: str
) -> Iterator[dict[str, Sequence[Any]]]:
    """Yield what `Predictor.pieces` does, computed on a cluster.

    The first piece is predicted here, since it tells how the table is written. As many pieces are
    in memory as the workers have at hand, however long the table is.

    Args:
        predictor: what predicts; it knows of all rows at the end.
        tables: pieces of the table.
        address: of the scheduler, as tcp://10.0.0.1:8786.

    Raises:
        CliError: if Dask is not installed, or no scheduler answers.
        ClusterError: if the cluster goes away, or a worker has other versions.
        TableError: as `Predictor.pieces`.

    """
    try:
        from distributed import Client

        from mgcompile.dask.cluster import connected
    except ImportError as error:
        raise CliError(f'--dask needs Dask ({error}); pip install "mgcore[dask]"') from error
    try:
        client = Client(address, timeout=SECONDS)  # type: ignore[no-untyped-call]  # of Dask
    except (OSError, ValueError, TypeError) as error:
        raise CliError(
            f"--dask {address}: no scheduler answers there; start one with `dask scheduler`, which "
            "tells its address, and workers with `dask worker ADDRESS`"
        ) from error
    with client:
        cluster = connected(client)
        pieces = chain.from_iterable(map(_small, tables))
        for first in pieces:
            yield predictor.piece(first)
            break
        threads = sum(cluster.client.nthreads().values()) or 1
        yield from _far(predictor, pieces, cluster, PIECES_A_THREAD * threads)


def _far(
    predictor: Predictor,
    pieces: "Iterator[RawTable | Mapping[str, Any]]",
    cluster: "Cluster",
    most: int,
) -> Iterator[dict[str, Sequence[Any]]]:
    """Predict on the workers, with at most so many pieces on their way."""
    sent = cluster.constant("mg-model", predictor.successor())
    waiting: deque[Any] = deque()
    for piece in pieces:
        waiting.extend(cluster.each("mg-predict", _predicted, [sent], piece))
        if len(waiting) == most:
            yield _taken(predictor, cluster, waiting.popleft())
    while waiting:
        yield _taken(predictor, cluster, waiting.popleft())


def _taken(predictor: Predictor, cluster: "Cluster", future: Any) -> dict[str, Sequence[Any]]:
    (found,) = cluster.gathered([future])
    columns: dict[str, Sequence[Any]] = found[0]
    predictor.findings.add(found[1])
    return columns


def _predicted(
    begun: Predictor, piece: "RawTable | Mapping[str, Any]"
) -> tuple[dict[str, Sequence[Any]], Findings]:
    """Return a piece's predictions and what was found out of it; this runs on a worker."""
    predictor = begun.successor()
    return predictor.piece(piece), predictor.findings


def _small(table: "RawTable | Mapping[str, Any]") -> "Iterator[RawTable | Mapping[str, Any]]":
    """Cut a table that was read whole."""
    if not isinstance(table, RawTable):
        yield table
        return
    for start in range(0, len(table.lines), ROWS_AT_ONCE):
        rows = slice(start, start + ROWS_AT_ONCE)
        columns = {name: cells[rows] for name, cells in table.columns.items()}
        yield attrs.evolve(table, columns=columns, lines=table.lines[rows])

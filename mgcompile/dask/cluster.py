"""Talk to a Dask cluster: find the client, see that its workers fit, and name what goes wrong."""

from __future__ import annotations

from concurrent.futures import CancelledError
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import attrs
from distributed import Client, KilledWorker, get_client
from distributed.client import ClosedClientError
from distributed.comm.core import CommClosedError

from mgcompile.dask.reduction import added, tree
from mgcompile.dask.shipment import check_versions, versions
from mgcompile.errors import ClusterError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from distributed import Future

__all__ = ["Cluster", "connected"]


@attrs.frozen(eq=False)
class Cluster:
    """A client whose cluster is there and has the client's versions.

    Args:
        client: A `distributed.Client`.
    """

    client: Any

    def constant(self, name: str, value: Any) -> Future[Any]:
        """Return a value as a task of its own: each worker fetches it once, and again if lost."""
        with told():
            sent: Future[Any] = self.client.submit(_itself, value, key=f"{name}-{uuid4().hex}")
            return sent

    def each(
        self, name: str, function: Callable[..., Any], parts: Sequence[Future[Any]], *common: Any
    ) -> list[Future[Any]]:
        """Run ``function(part, *common)`` where each part is; the dashboard shows the name."""
        with told():
            repeated = [[value] * len(parts) for value in common]
            keys = [f"{name}-{uuid4().hex}" for _ in parts]
            made: list[Future[Any]] = self.client.map(function, parts, *repeated, key=keys)
            return made

    def gathered(self, futures: Sequence[Future[Any]]) -> list[Any]:
        """Wait for results and fetch them."""
        with told():
            found: list[Any] = self.client.gather(list(futures))
            return found

    def sum(
        self, name: str, function: Callable[..., Any], parts: Sequence[Future[Any]], *common: Any
    ) -> Any:
        """Return the sum of ``function(part, *common)`` over all parts, added up in a `tree`."""
        join = self._join
        return added(self.gathered(tree(self.each(name, function, parts, *common), join)))

    def _join(self, parts: list[Future[Any]]) -> Future[Any]:
        with told():
            made: Future[Any] = self.client.submit(added, parts, key=f"mgcompile-add-{uuid4().hex}")
            return made


def connected(client: Any = None) -> Cluster:
    """Return a cluster that is ready to work.

    Args:
        client: A `distributed.Client`; None for the one that was made last.

    Raises:
        ClusterError: if there is no client, it is gone, or a worker has other versions.
    """
    if client is None:
        try:
            client = get_client()
        except ValueError as error:
            message = "there is no Dask client; make one, distributed.Client(...), and give client="
            raise ClusterError(message) from error
    if not isinstance(client, Client):
        message = f"client is {type(client).__name__}; give a distributed.Client"
        raise ClusterError(message)
    if client.status != "running":
        message = f"the Dask client is gone (it is {client.status}); make a new one"
        raise ClusterError(message)
    with told():
        try:
            found = client.run(versions)
        except ImportError as error:
            message = f"a worker cannot import what the client has: {error}; install mgcore there"
            raise ClusterError(message) from error
    for address, there in found.items():
        check_versions(versions(), there, f"the worker {address}")
    return Cluster(client)


@contextmanager
def told() -> Iterator[None]:
    """Turn what Dask raises when a cluster fails into the library's own error."""
    try:
        yield
    except KilledWorker as error:
        message = (
            f"{error} The task may need more memory than a worker has: cut the data into smaller "
            "partitions, or give the workers more"
        )
        raise ClusterError(message) from error
    except (CancelledError, ClosedClientError, CommClosedError, TimeoutError) as error:
        message = f"the Dask cluster is gone, or has lost what was sent to it: {error}"
        raise ClusterError(message) from error


def _itself(value: Any) -> Any:
    return value

"""One cluster of processes for the whole folder: starting a worker takes seconds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

pytest.importorskip("distributed", reason="Dask is an extra")

from distributed import Client, LocalCluster
from options_table import NAMES

import mgcompile
from mgcore import Value, ops

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCluster]:
    """Two worker processes of one thread each; their cache of compiled objects is their own."""
    with LocalCluster(
        n_workers=2,
        threads_per_worker=1,
        processes=True,
        dashboard_address=":0",
        local_directory=tmp_path_factory.mktemp("dask"),
        env={"MGCORE_CACHE": str(tmp_path_factory.mktemp("cache"))},
    ) as made:
        yield made


@pytest.fixture
def client(cluster: LocalCluster) -> Iterator[Client]:
    cluster.scale(2)
    with Client(cluster) as made:
        made.wait_for_workers(2, timeout=60)
        yield made


@pytest.fixture(scope="session")
def black_scholes() -> mgcompile.Kernel:
    """The price of a call option (Black and Scholes 1973), labelled inputs."""
    spot, strike, years, rate, sigma = (Value(1.0, label=name) for name in NAMES)
    spread = sigma * years**0.5
    d1 = (ops.log(spot / strike) + (rate + sigma * sigma / 2) * years) / spread

    def normal(x: Value) -> Value:
        return 0.5 * (1 + ops.erf(x * 0.5**0.5))

    price = spot * normal(d1) - strike * ops.exp(-rate * years) * normal(d1 - spread)
    return mgcompile.compile(price, inputs=[spot, strike, years, rate, sigma])

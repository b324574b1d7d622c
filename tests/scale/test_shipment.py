"""A kernel travels small, is compiled once where it arrives, and refused where it does not fit."""

from __future__ import annotations

import pickle

import attrs
import dask
import dask.array as da
import numpy as np
import pytest
from distributed import Client, LocalCluster

import mgcompile
from mgcompile.dask import shipment
from mgcompile.dask.cluster import connected
from mgcompile.dask.shipment import check_versions, opened, packed, versions
from mgcompile.errors import ClusterError, ShippingError
from mgcore import Op, Value, ops, register, unregister


def _fresh(factor: float) -> mgcompile.Kernel:
    """Return a kernel that no worker has seen."""
    x, y = Value(0.5, label="x"), Value(0.25, label="y")
    return mgcompile.compile(ops.exp(factor * x * y), inputs=[x, y])


def test_a_kernel_travels_in_a_few_kilobytes(black_scholes):
    alone = packed(black_scholes, [])
    assert not alone.objects
    assert len(pickle.dumps(alone)) < 3_700
    assert len(pickle.dumps(packed(black_scholes, ["inputs"]))) < 64_000


def _compilations(dask_worker, reset: bool = False):
    """Count what LLVM compiles in a worker; its cache is looked at before."""
    from mgcompile.backends.llvm.runtime import object_cache

    if reset:
        dask_worker.compiled = []
        compile_ = object_cache.object_code

        def counted(text):
            dask_worker.compiled.append(len(text))
            return compile_(text)

        dask_worker.before, object_cache.object_code = compile_, counted
        return 0
    object_cache.object_code = dask_worker.before
    return len(dask_worker.compiled)


def _kernels(dask_worker):
    return shipment._opened.cache_info().misses


def _opened_at(parcel):
    return id(opened(parcel))


def test_object_code_is_shipped_so_that_no_worker_compiles(client):
    kernel = _fresh(1.25)
    client.run(_compilations, reset=True)
    made = client.run(_kernels)
    array = da.from_array(np.random.default_rng(0).random((400, 2)), chunks=(20, 2))
    dask.compute(*mgcompile.dask.value_and_grad(kernel, array))
    assert set(client.run(_compilations).values()) == {0}
    after = client.run(_kernels)
    assert {after[address] - made[address] for address in after} == {1}, "20 blocks, one kernel"


def test_code_of_another_processor_is_refused_and_compiled_where_it_is(client):
    parcel = packed(_fresh(1.5), ["forward"])
    other = attrs.evolve(parcel, processor="another", objects=(("0" * 64, b"not code"),))
    client.run(_compilations, reset=True)
    X = np.random.default_rng(0).random((5, 2))
    where = list(client.scheduler_info()["workers"])
    wanted = np.exp(1.5 * X[:, 0] * X[:, 1])
    for address in where * 2:
        found = client.submit(lambda p: opened(p)(X), other, workers=[address], pure=False)
        np.testing.assert_allclose(found.result(), wanted, rtol=1e-13)
    assert sum(client.run(_compilations).values()) == 1, "the workers share a cache"


def test_a_worker_finds_a_kernel_again_by_its_content(client):
    first, second = packed(_fresh(1.75)), packed(_fresh(1.75))
    address = next(iter(client.scheduler_info()["workers"]))
    ids = [
        client.submit(_opened_at, parcel, workers=[address], pure=False).result()
        for parcel in (first, second, packed(_fresh(2.0)))
    ]
    assert ids[0] == ids[1] != ids[2]


def test_kernels_do_not_give_a_machine_twice():
    x = Value(1.0)
    kernel = mgcompile.compile(x * x, inputs=[x], threads=64)
    parcel = packed(kernel)
    assert opened(parcel).built.options.threads == 64, "outside of a worker, as the user said"
    with (
        LocalCluster(
            n_workers=1, threads_per_worker=2, processes=False, dashboard_address=":0"
        ) as made,
        Client(made) as client,
    ):
        shipment._opened.cache_clear()
        for limit, share in (("1", 1), ("2", 1), ("", 1)):
            found = client.submit(_threads, parcel, limit, 2, pure=False).result()
            assert found == share, (limit, share)
        assert client.submit(_threads, parcel, "", 16, pure=False).result() == 8
        assert client.submit(_threads, parcel, "3", 16, pure=False).result() == 3


def _threads(parcel, limit, processors):
    """Return a kernel's threads in a worker of two threads, on so many processors."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OMP_NUM_THREADS", limit)
        patch.setattr("os.cpu_count", lambda: processors)
        shipment._opened.cache_clear()
        return opened(parcel).built.options.threads


# What does not fit.


def test_an_op_that_is_not_registered_is_named():
    def forward(x):
        return float(np.cbrt(float(x)))

    odd = Op("my_root", forward, (lambda out, x: 1 / (3 * out * out),))
    x = Value(2.0, label="x")
    with pytest.warns(UserWarning, match="my_root"):
        kernel = mgcompile.compile(odd(x) * x, inputs=[x], verify=False)
    with pytest.raises(ShippingError, match="my_root.*entry points mgcore.ops"):
        mgcompile.dask.value(kernel, da.ones((4, 1), chunks=2))


def test_an_op_that_the_workers_lack_is_named(client):
    twice = Op("only_here_twice", lambda x: x + x, (lambda out, x: 2.0,))
    register(twice)
    try:
        x = Value(2.0, label="x")
        kernel = mgcompile.compile(ops.only_here_twice(x) * x, inputs=[x])
        lazy = mgcompile.dask.value(kernel, da.ones((4, 1), chunks=2))
        with pytest.raises(ClusterError, match="the worker tcp.*only_here_twice.*Install"):
            lazy.compute()
    finally:
        unregister("only_here_twice")


def test_other_versions_are_refused_by_name(client):
    parcel = attrs.evolve(packed(_fresh(2.5)), versions=(("mgcore", "99.0"), *versions()[2:]))
    with pytest.raises(
        ClusterError, match=r"the worker tcp\S+ has .*mgcore 0\.\S+ \(the client has 99"
    ):
        client.submit(_opened_at, parcel, pure=False).result()
    with pytest.raises(ClusterError, match="w has numpy not at all \\(the client has 9.9\\)"):
        check_versions([("numpy", "9.9")], [], "w")
    check_versions(versions(), versions(), "w")


def test_a_worker_with_other_versions_is_found_before_anything_is_sent(client, monkeypatch):
    connected(client)
    monkeypatch.setattr("mgcompile.dask.cluster.versions", lambda: (("llvmlite", "0.1"),))
    monkeypatch.setattr(client, "run", lambda _: {"tcp://there": versions()})
    with pytest.raises(ClusterError, match="tcp://there has llvmlite"):
        connected(client)


def test_a_client_that_is_gone_is_told(cluster):
    gone = Client(cluster)
    gone.close()
    with pytest.raises(ClusterError, match="client is gone"):
        connected(gone)
    with pytest.raises(ClusterError, match="client is str"):
        connected("tcp://nowhere:8786")

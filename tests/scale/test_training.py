"""Training on a cluster: the numbers of one process, the same bits on any number of workers."""

from __future__ import annotations

import os
import signal
import threading
import time

import dask
import dask.array as da
import dask.dataframe as dd
import numpy as np
import pandas as pd
import pytest
from distributed import Client, LocalCluster
from training_runs import MODES, ROWS, data_of, fit_on, net, numbers_of

import mgcompile
import mgnn
from mgcore import Value, ops
from mgnn import optim

# Equal to one process where the algorithm is the same.


@pytest.mark.parametrize(
    "optimizer",
    [
        optim.SGD(lr=0.1, momentum=0.9, weight_decay=0.01),
        optim.Adam(lr=0.05, clip_norm=0.5),
        optim.AdamW(lr=optim.Cosine(0.05, updates=6)),
    ],
)
@pytest.mark.parametrize("weighted", [False, True])
def test_full_batch_is_the_training_of_one_process(client, optimizer, weighted):
    X, y = data_of()
    weights = np.random.default_rng(1).random(ROWS) if weighted else None
    check = data_of(1)
    alone, found = net(), net()
    settings = {
        "epochs": 6, "batch_size": None, "optimizer": optimizer, "progress": False,
        "validation_data": check,
    }  # fmt: skip
    wanted = mgnn.fit(alone, X, y, backend="compiled", sample_weight=weights, **settings)
    frame = dd.from_pandas(
        pd.DataFrame(X, columns=list("abc")).assign(y=y, w=weights), npartitions=11
    )
    if weighted:
        made = mgnn.fit(found, frame, "y", client=client, sample_weight="w", **settings)
    else:
        made = mgnn.fit(found, frame[["a", "b", "c"]], frame["y"], client=client, **settings)
    assert made.backend == "dask"
    np.testing.assert_allclose(numbers_of(found), numbers_of(alone), rtol=1e-9, atol=1e-12)
    for series in ("loss", "score", "validation_loss", "validation_score"):
        np.testing.assert_allclose(getattr(made, series), getattr(wanted, series), rtol=1e-9)


@pytest.mark.filterwarnings("ignore:The inplace keyword")  # in Dask's own reading of Parquet
def test_columns_of_a_parquet_file_stay_cut_alike(client, tmp_path):
    """Dask joins the small partitions of a column that is read alone, unless told not to."""
    X, y = data_of()
    wide = pd.DataFrame(X, columns=list("abc")).assign(y=y, **{f"n{i}": 0.0 for i in range(30)})
    dd.from_pandas(wide, npartitions=11).to_parquet(tmp_path / "rows")
    read = dd.read_parquet(tmp_path / "rows")[["a", "b", "c", "y"]]
    settings = {"epochs": 2, "batch_size": None, "progress": False, "client": client}
    wanted = net()
    there = dd.from_pandas(wide[["a", "b", "c", "y"]], npartitions=11)
    mgnn.fit(wanted, there, "y", **settings)
    for frame, target in ((read, "y"), (read[["a", "b", "c"]], read["y"])):
        found = net()
        mgnn.fit(found, frame, target, **settings)
        assert numbers_of(found) == numbers_of(wanted)


@pytest.mark.parametrize("loss", ["cross_entropy", "poisson", "binary_cross_entropy", "huber"])
def test_every_kind_of_target_and_score_is_that_of_one_process(client, loss):
    X, y = data_of()
    outputs = 3 if loss == "cross_entropy" else 1
    labels = {
        "cross_entropy": np.digitize(y, [-0.5, 0.5]),
        "poisson": np.floor(np.exp(y)),
        "binary_cross_entropy": (y > 0).astype(int),
        "huber": y,
    }[loss]
    alone, found = net(outputs), net(outputs)
    settings = {"loss": loss, "epochs": 3, "batch_size": None, "progress": False}
    wanted = mgnn.fit(alone, X, labels, backend="compiled", **settings)
    data = da.from_array(X, chunks=(200, 2)), da.from_array(labels, chunks=300)
    made = mgnn.fit(found, *data, client=client, **settings)
    np.testing.assert_allclose(numbers_of(found), numbers_of(alone), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(made.score, wanted.score, rtol=1e-9)
    assert made.score_name == wanted.score_name


def test_an_update_of_a_large_batch_is_that_of_its_samples(client):
    X, y = data_of()
    seen = []
    model, reference = net(), net()
    mgnn.fit(
        model, da.from_array(X, chunks=(300, -1)), da.from_array(y, chunks=300), client=client,
        epochs=1, batch_size=300, shuffle=False, optimizer=optim.SGD(lr=0.1), progress=False,
        callbacks=[seen.append],
    )  # fmt: skip
    # Three updates of three partitions: each takes the first, second, last third of every one.
    order = np.concatenate(
        [np.arange(300 * p + 100 * u, 300 * p + 100 * (u + 1)) for u in range(3) for p in range(3)]
    )
    history = mgnn.fit(
        reference, X[order], y[order], backend="compiled", epochs=1, batch_size=300, shuffle=False,
        optimizer=optim.SGD(lr=0.1), progress=False,
    )  # fmt: skip
    np.testing.assert_allclose(numbers_of(model), numbers_of(reference), rtol=1e-10)
    assert seen[0].loss == pytest.approx(history.loss[0], rel=1e-10)


def test_local_updates_are_those_of_each_partition_and_their_mean(client):
    X, y = data_of()
    cut = (500, 400)
    model = net()
    settings = {
        "epochs": 1, "shuffle": False, "optimizer": optim.SGD(lr=0.1), "progress": False,
    }  # fmt: skip
    mgnn.fit(
        model, da.from_array(X, chunks=(cut, -1)), da.from_array(y, chunks=(cut,)), client=client,
        batch_size=125, local_updates=4, **settings,
    )  # fmt: skip
    parts = []
    for rows in (slice(0, 500), slice(500, 900)):
        alone = net()
        mgnn.fit(alone, X[rows], y[rows], batch_size=(rows.stop - rows.start) // 4, **settings)
        parts.append(np.array(numbers_of(alone)))
    np.testing.assert_allclose(numbers_of(model), (5 * parts[0] + 4 * parts[1]) / 9, rtol=1e-10)


@pytest.mark.parametrize("mode", MODES)
def test_training_learns(client, mode):
    _, history = fit_on(client, epochs=10, optimizer=optim.Adam(lr=0.1), **MODES[mode])
    assert history.loss[-1] < 0.2 * history.loss[0]


# The same bits, whoever computes, and whoever dies.


def test_one_two_and_four_workers_give_the_same_bits(cluster, client):
    found = {}
    x, y, a = Value(0.1, label="x"), Value(0.2, label="y"), Value(0.3, label="a")
    kernel = mgcompile.compile(ops.exp(a * x) * y, inputs=[x, y], params=[a])
    points = da.from_array(np.random.default_rng(4).normal(size=(4000, 2)), chunks=(190, 2))
    sums = (
        *mgcompile.dask.loss_and_grad(kernel, points),
        mgcompile.dask.jacobian(kernel, points, "params"),
    )
    for workers in (1, 2, 4):
        cluster.scale(workers)
        _wait_for(client, workers)
        found[workers] = (
            [number.tolist() for number in dask.compute(*sums)],
            [
                (numbers_of(m), h.loss, h.score)
                for m, h in (fit_on(client, epochs=2, **s) for s in MODES.values())
            ],
        )
    cluster.scale(2)
    _wait_for(client, 2)
    assert found[1] == found[2] == found[4]
    with (
        LocalCluster(
            n_workers=8, threads_per_worker=1, processes=False, dashboard_address=":0"
        ) as made,
        Client(made),
    ):
        assert [number.tolist() for number in dask.compute(*sums)] == found[1][0], "8 workers"


def _wait_for(client: Client, workers: int) -> None:
    end = time.monotonic() + 60
    while len(client.scheduler_info()["workers"]) != workers:
        assert time.monotonic() < end, "the workers did not come or go"
        time.sleep(0.05)


@pytest.mark.parametrize("mode", MODES)
def test_a_worker_killed_in_mid_training_changes_nothing(client, mode):
    calm, undisturbed = fit_on(client, **MODES[mode])
    killed = []

    def kill(epoch: mgnn.Epoch) -> None:
        if epoch.number == 2:
            address, pid = next(iter(client.run(os.getpid).items()))
            os.kill(pid, signal.SIGKILL)
            killed.append(address)

    model, history = fit_on(client, callbacks=[kill], **MODES[mode])
    assert len(killed) == 1
    assert (numbers_of(model), history.loss, history.score) == (
        numbers_of(calm), undisturbed.loss, undisturbed.score,
    )  # fmt: skip


def test_a_worker_killed_while_it_computes_changes_nothing(client):
    calm, undisturbed = fit_on(client, epochs=8, batch_size=250)
    pid = next(iter(client.run(os.getpid).values()))
    begun = threading.Event()
    timer = threading.Thread(
        target=lambda: (begun.wait(60), time.sleep(0.2), os.kill(pid, signal.SIGKILL))
    )
    timer.start()
    model, history = fit_on(client, epochs=8, batch_size=250, callbacks=[lambda _: begun.set()])
    timer.join()
    assert (numbers_of(model), history.loss) == (numbers_of(calm), undisturbed.loss)


def _on_disk(dask_worker) -> int:
    return len(dask_worker.data.slow)


def test_data_larger_than_what_workers_hold_are_trained_on_from_their_disks(client, tmp_path):
    rows = 40_000
    X = da.random.default_rng(1).normal(size=(rows, 8), chunks=(4_000, 8))
    data = X, da.sin(X[:, 0]) * X[:, 1]
    settings = {"epochs": 2, "batch_size": 10_000, "seed": 1, "progress": False}
    wanted = mgnn.MLP(8, [4, 1], seed=1)
    mgnn.fit(wanted, *data, client=client, **settings)
    spilt = []
    with (
        dask.config.set({
            "distributed.worker.memory.target": 0.0005,
            # These workers live in the process of the tests, whose memory is not theirs alone:
            # as it grows they would spill all, and then stand still.
            "distributed.worker.memory.spill": False,
            "distributed.worker.memory.pause": False,
        }),
        LocalCluster(
            n_workers=2, threads_per_worker=1, processes=False, dashboard_address=":0",
            memory_limit="1GiB", local_directory=tmp_path,
        ) as small,
        Client(small) as other,
    ):  # fmt: skip
        found = mgnn.MLP(8, [4, 1], seed=1)
        note = [lambda _: spilt.append(sum(other.run(_on_disk).values()))]
        mgnn.fit(found, *data, client=other, callbacks=note, **settings)
    assert min(spilt) > 0, "half a mebibyte for each worker, of 2.9 in all"
    assert numbers_of(found) == numbers_of(wanted)

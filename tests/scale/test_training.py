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

import mgcompile
import mgnn
from mgcompile.errors import ClusterError, PartitionError
from mgcore import Op, Value, ops
from mgnn import losses, optim
from mgnn.errors import (
    BackendRefusalError,
    DataError,
    DivergenceError,
    LabelError,
    ShapeError,
    TrainingSettingError,
)

ROWS, CHUNK = 900, 100


def _data(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(ROWS, 3))
    return X, np.tanh(X @ [1.0, -2.0, 0.5]) + 0.1 * rng.normal(size=ROWS)


def _model(outputs: int = 1) -> mgnn.MLP:
    return mgnn.MLP(3, [6, outputs], activation="tanh", seed=5)


def _numbers(model: mgnn.Module) -> list[float]:
    return [p.data for p in model.parameters()]


def _fit(client: Client | None, **settings):
    X, y = _data()
    model = _model()
    data = da.from_array(X, chunks=(CHUNK, -1)), da.from_array(y, chunks=CHUNK)
    settings = {
        "epochs": 4,
        "seed": 11,
        "optimizer": optim.Adam(lr=0.05),
        "progress": False,
    } | settings
    return model, mgnn.fit(model, *data, client=client, **settings)


MODES = {
    "full batch": {"batch_size": None},
    "large batch": {"batch_size": 250},
    "local": {"batch_size": 16, "local_updates": 2},
}


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
    X, y = _data()
    weights = np.random.default_rng(1).random(ROWS) if weighted else None
    check = _data(1)
    alone, found = _model(), _model()
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
    np.testing.assert_allclose(_numbers(found), _numbers(alone), rtol=1e-9, atol=1e-12)
    for series in ("loss", "score", "validation_loss", "validation_score"):
        np.testing.assert_allclose(getattr(made, series), getattr(wanted, series), rtol=1e-9)


@pytest.mark.parametrize("loss", ["cross_entropy", "poisson", "binary_cross_entropy", "huber"])
def test_every_kind_of_target_and_score_is_that_of_one_process(client, loss):
    X, y = _data()
    outputs = 3 if loss == "cross_entropy" else 1
    labels = {
        "cross_entropy": np.digitize(y, [-0.5, 0.5]),
        "poisson": np.floor(np.exp(y)),
        "binary_cross_entropy": (y > 0).astype(int),
        "huber": y,
    }[loss]
    alone, found = _model(outputs), _model(outputs)
    settings = {"loss": loss, "epochs": 3, "batch_size": None, "progress": False}
    wanted = mgnn.fit(alone, X, labels, backend="compiled", **settings)
    data = da.from_array(X, chunks=(200, 2)), da.from_array(labels, chunks=300)
    made = mgnn.fit(found, *data, client=client, **settings)
    np.testing.assert_allclose(_numbers(found), _numbers(alone), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(made.score, wanted.score, rtol=1e-9)
    assert made.score_name == wanted.score_name


def test_an_update_of_a_large_batch_is_that_of_its_samples(client):
    X, y = _data()
    seen = []
    model, reference = _model(), _model()
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
    np.testing.assert_allclose(_numbers(model), _numbers(reference), rtol=1e-10)
    assert seen[0].loss == pytest.approx(history.loss[0], rel=1e-10)


def test_local_updates_are_those_of_each_partition_and_their_mean(client):
    X, y = _data()
    cut = (500, 400)
    model = _model()
    settings = {
        "epochs": 1, "shuffle": False, "optimizer": optim.SGD(lr=0.1), "progress": False,
    }  # fmt: skip
    mgnn.fit(
        model, da.from_array(X, chunks=(cut, -1)), da.from_array(y, chunks=(cut,)), client=client,
        batch_size=125, local_updates=4, **settings,
    )  # fmt: skip
    parts = []
    for rows in (slice(0, 500), slice(500, 900)):
        alone = _model()
        mgnn.fit(alone, X[rows], y[rows], batch_size=(rows.stop - rows.start) // 4, **settings)
        parts.append(np.array(_numbers(alone)))
    np.testing.assert_allclose(_numbers(model), (5 * parts[0] + 4 * parts[1]) / 9, rtol=1e-10)


@pytest.mark.parametrize("mode", MODES)
def test_training_learns(client, mode):
    _, history = _fit(client, epochs=10, optimizer=optim.Adam(lr=0.1), **MODES[mode])
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
                (_numbers(m), h.loss, h.score)
                for m, h in (_fit(client, epochs=2, **s) for s in MODES.values())
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
    calm, undisturbed = _fit(client, **MODES[mode])
    killed = []

    def kill(epoch: mgnn.Epoch) -> None:
        if epoch.number == 2:
            address, pid = next(iter(client.run(os.getpid).items()))
            os.kill(pid, signal.SIGKILL)
            killed.append(address)

    model, history = _fit(client, callbacks=[kill], **MODES[mode])
    assert len(killed) == 1
    assert (_numbers(model), history.loss, history.score) == (
        _numbers(calm), undisturbed.loss, undisturbed.score,
    )  # fmt: skip


def test_a_worker_killed_while_it_computes_changes_nothing(client):
    calm, undisturbed = _fit(client, epochs=8, batch_size=250)
    pid = next(iter(client.run(os.getpid).values()))
    begun = threading.Event()
    timer = threading.Thread(
        target=lambda: (begun.wait(60), time.sleep(0.2), os.kill(pid, signal.SIGKILL))
    )
    timer.start()
    model, history = _fit(client, epochs=8, batch_size=250, callbacks=[lambda _: begun.set()])
    timer.join()
    assert (_numbers(model), history.loss) == (_numbers(calm), undisturbed.loss)


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
        dask.config.set({"distributed.worker.memory.target": 0.0005}),
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
    assert _numbers(found) == _numbers(wanted)


# In calls, Ctrl-C, progress.


def test_a_trainer_goes_on_where_it_stopped(client):
    X, y = _data()
    data = da.from_array(X, chunks=(CHUNK, -1)), da.from_array(y, chunks=CHUNK)
    settings = {"batch_size": 250, "seed": 3, "client": client}
    whole = mgnn.Trainer(_model(), optimizer=optim.Adam(lr=0.05))
    whole.fit(*data, epochs=4, **settings)
    parts = mgnn.Trainer(_model(), optimizer=optim.Adam(lr=0.05))
    for _ in range(2):
        parts.fit(*data, epochs=2, **settings)
    assert _numbers(parts.model) == _numbers(whole.model)
    assert (parts.epochs, parts.updates) == (4, 16)


def test_ctrl_c_keeps_the_model(client, capsys):
    def stop(epoch: mgnn.Epoch) -> None:
        if epoch.number == 2:
            signal.raise_signal(signal.SIGINT)

    model, history = _fit(client, epochs=50, callbacks=[stop], batch_size=250)
    shorter, _ = _fit(client, epochs=2, batch_size=250)
    assert "interrupted" in history.note
    assert "keeps what it has learnt" in capsys.readouterr().err
    assert _numbers(model) == _numbers(shorter)


def test_ctrl_c_while_it_waits_keeps_a_finished_update(client):
    begun = threading.Event()
    main = threading.main_thread().ident
    assert main is not None
    timer = threading.Thread(
        target=lambda: (begun.wait(60), time.sleep(0.3), signal.pthread_kill(main, signal.SIGINT))
    )
    timer.start()
    model, history = _fit(client, epochs=10_000, batch_size=250, callbacks=[lambda _: begun.set()])
    timer.join()
    assert "interrupted" in history.note
    assert 1 <= len(history.loss) < 10_000
    assert np.all(np.isfinite(_numbers(model)))
    assert _numbers(model) != _numbers(_model())


def test_early_stopping_and_the_bar_work_as_at_home(client, capsys):
    check = _data(1)
    model, history = _fit(
        client, epochs=60, batch_size=None, progress=True, validation_data=check,
        early_stopping=mgnn.EarlyStopping(patience=1, min_delta=0.05),
    )  # fmt: skip
    assert history.best_epoch is not None
    assert len(history.loss) < 60
    assert "training" in capsys.readouterr().err
    assert mgnn.predict(model, check[0]).shape == (ROWS,)


def test_the_dashboard_has_names_for_what_is_done(client):
    _fit(client, epochs=1, batch_size=250)
    _fit(client, epochs=1, batch_size=25, local_updates=2)
    shown = client.run_on_scheduler(lambda dask_scheduler: set(dask_scheduler.task_prefixes))
    assert {"mgnn-partition", "mgnn-gradient", "mgnn-local", "mgnn-score"} <= shown


def test_the_backend_finds_the_client_made_last(client):
    X, y = _data()
    data = da.from_array(X, chunks=(300, -1)), da.from_array(y, chunks=300)
    history = mgnn.fit(_model(), *data, backend="dask", epochs=1, progress=False)
    assert history.backend == "dask"


# What does not fit.


def _refused(client, X, y, **settings):
    mgnn.fit(_model(), X, y, client=client, epochs=1, progress=False, **settings)


def test_data_in_memory_are_refused_with_a_remedy(client):
    X, y = _data()
    with pytest.raises(TrainingSettingError, match="X is ndarray.*from_array"):
        _refused(client, X, y)
    array = da.from_array(X, chunks=(300, -1))
    with pytest.raises(TrainingSettingError, match="y is ndarray"):
        _refused(client, array, y)
    with pytest.raises(TrainingSettingError, match="validation_data is a Dask"):
        _refused(client, array, da.from_array(y, chunks=300), validation_data=(array, y))
    with pytest.raises(ShapeError, match="X has 1 axes"):
        _refused(client, array[:, 0], da.from_array(y, chunks=300))
    with pytest.raises(DataError, match="no column 'z' in X, which is no frame"):
        _refused(client, array, "z")
    with pytest.raises(TrainingSettingError, match="local_updates"):
        mgnn.fit(_model(), X, y, local_updates=3)
    with pytest.raises(TrainingSettingError, match="'compiled', which does not train on Dask"):
        _refused(client, array, da.from_array(y, chunks=300), backend="compiled")


def _spoilt(part, partition_info=None):
    second = partition_info is not None and partition_info["number"] == 1
    return part.astype("float32") if second else part


def test_partitions_that_do_not_fit_are_named(client):
    X, y = _data()
    array, wanted = da.from_array(X, chunks=(300, -1)), da.from_array(y, chunks=300)
    frame = pd.DataFrame(X, columns=list("abc")).assign(y=y)
    ddf = dd.from_pandas(frame, npartitions=3)
    cut = ddf[ddf["a"].map_partitions(lambda part: part.index < 500, meta=("a", bool))]
    with pytest.raises(PartitionError, match="partition 2 of X has no rows"):
        _refused(client, cut[["a", "b", "c"]], cut["y"])
    with pytest.raises(PartitionError, match="y has 2 partitions, X has 3"):
        _refused(client, ddf[["a", "b", "c"]], dd.from_pandas(frame["y"], npartitions=2))
    odd = ddf[["a", "b", "c"]].map_partitions(
        _spoilt,
        meta=frame[["a", "b", "c"]].iloc[:0], enforce_metadata=False,
    )  # fmt: skip
    with pytest.raises(PartitionError, match="partition 1 of X has dtype float32 in column 'a'"):
        _refused(client, odd, ddf["y"])
    X[400, 1] = np.nan
    with pytest.raises(DataError, match="partition 1 of X holds nan in row 100, column 1"):
        _refused(client, da.from_array(X, chunks=(300, -1)), wanted)
    with pytest.raises(LabelError, match=r"partition \d: y holds the label"):
        _refused(client, array, wanted, loss="hinge")
    with pytest.raises(DataError, match="sample_weight is not one number of at least 0"):
        _refused(client, array, wanted, sample_weight=-da.ones(ROWS, chunks=300))


def test_a_loss_that_explodes_is_told_with_its_place(client):
    with pytest.raises(DivergenceError, match="epoch"):
        _fit(client, epochs=60, batch_size=250, optimizer=optim.SGD(lr=1e9))


def test_a_score_that_parts_cannot_give_is_refused(client):
    own = losses.Loss(
        "own", losses.mse.sample, losses.mse.encode,
        mgnn.scores.Score("median", lambda o, t: 0.0, lambda o, t: 0.0),
    )  # fmt: skip
    with pytest.raises(BackendRefusalError, match="median, has no sums"):
        _fit(client, loss=own)


def test_a_model_whose_op_does_not_travel_is_refused_by_the_ops_name(client):
    odd = Op("odd_line", lambda x: x + x, (lambda out, x: 2.0,))

    class Odd:
        inner = _model()

        def parameters(self):
            return self.inner.parameters()

        def __call__(self, row):
            return odd(self.inner(row))

    X, y = _data()
    data = da.from_array(X, chunks=(300, -1)), da.from_array(y, chunks=300)
    with pytest.raises(BackendRefusalError, match="odd_line"):
        mgnn.fit(Odd(), *data, client=client, epochs=1, progress=False)


def test_a_cluster_that_goes_away_is_told_and_the_model_stays():
    with LocalCluster(
        n_workers=1, threads_per_worker=1, processes=False, dashboard_address=":0"
    ) as made:
        client = Client(made)

        def close(epoch: mgnn.Epoch) -> None:
            if epoch.number == 2:
                client.close()

        X, y = _data()
        data = da.from_array(X, chunks=(300, -1)), da.from_array(y, chunks=300)
        model = _model()
        with pytest.raises(ClusterError, match="gone"):
            mgnn.fit(model, *data, client=client, epochs=5, progress=False, callbacks=[close])
        assert _numbers(model) != _numbers(_model())
        with pytest.raises(ClusterError, match="client is gone"):
            _refused(client, *data)

"""Training on a cluster as people do it: in calls, with Ctrl-C and a bar; and what does not fit."""

from __future__ import annotations

import signal
import threading
import time

import dask.array as da
import dask.dataframe as dd
import numpy as np
import pandas as pd
import pytest
from distributed import Client, LocalCluster
from training_runs import CHUNK, ROWS, data_of, fit_on, net, numbers_of

import mgnn
from mgcompile.errors import ClusterError, PartitionError
from mgcore import Op
from mgnn import losses, optim
from mgnn.errors import (
    BackendRefusalError,
    DataError,
    DivergenceError,
    LabelError,
    ShapeError,
    TrainingSettingError,
)

# In calls, Ctrl-C, progress.


def test_a_trainer_goes_on_where_it_stopped(client):
    X, y = data_of()
    data = da.from_array(X, chunks=(CHUNK, -1)), da.from_array(y, chunks=CHUNK)
    settings = {"batch_size": 250, "seed": 3, "client": client}
    whole = mgnn.Trainer(net(), optimizer=optim.Adam(lr=0.05))
    whole.fit(*data, epochs=4, **settings)
    parts = mgnn.Trainer(net(), optimizer=optim.Adam(lr=0.05))
    for _ in range(2):
        parts.fit(*data, epochs=2, **settings)
    assert numbers_of(parts.model) == numbers_of(whole.model)
    assert (parts.epochs, parts.updates) == (4, 16)


def test_ctrl_c_keeps_the_model(client, capsys):
    def stop(epoch: mgnn.Epoch) -> None:
        if epoch.number == 2:
            signal.raise_signal(signal.SIGINT)

    model, history = fit_on(client, epochs=50, callbacks=[stop], batch_size=250)
    shorter, _ = fit_on(client, epochs=2, batch_size=250)
    assert "interrupted" in history.note
    assert "keeps what it has learnt" in capsys.readouterr().err
    assert numbers_of(model) == numbers_of(shorter)


def test_ctrl_c_while_it_waits_keeps_a_finished_update(client):
    begun = threading.Event()
    main = threading.main_thread().ident
    assert main is not None
    timer = threading.Thread(
        target=lambda: (begun.wait(60), time.sleep(0.3), signal.pthread_kill(main, signal.SIGINT))
    )
    timer.start()
    model, history = fit_on(
        client, epochs=10_000, batch_size=250, callbacks=[lambda _: begun.set()]
    )
    timer.join()
    assert "interrupted" in history.note
    assert 1 <= len(history.loss) < 10_000
    assert np.all(np.isfinite(numbers_of(model)))
    assert numbers_of(model) != numbers_of(net())


def test_early_stopping_and_the_bar_work_as_at_home(client, capsys):
    check = data_of(1)
    model, history = fit_on(
        client, epochs=60, batch_size=None, progress=True, validation_data=check,
        early_stopping=mgnn.EarlyStopping(patience=1, min_delta=0.05),
    )  # fmt: skip
    assert history.best_epoch is not None
    assert len(history.loss) < 60
    assert "training" in capsys.readouterr().err
    assert mgnn.predict(model, check[0]).shape == (ROWS,)


def test_the_dashboard_has_names_for_what_is_done(client):
    fit_on(client, epochs=1, batch_size=250)
    fit_on(client, epochs=1, batch_size=25, local_updates=2)
    shown = client.run_on_scheduler(lambda dask_scheduler: set(dask_scheduler.task_prefixes))
    assert {"mgnn-partition", "mgnn-gradient", "mgnn-local", "mgnn-score"} <= shown


def test_the_backend_finds_the_client_made_last(client):
    X, y = data_of()
    data = da.from_array(X, chunks=(300, -1)), da.from_array(y, chunks=300)
    history = mgnn.fit(net(), *data, backend="dask", epochs=1, progress=False)
    assert history.backend == "dask"


# What does not fit.


def _refused(client, X, y, **settings):
    mgnn.fit(net(), X, y, client=client, epochs=1, progress=False, **settings)


def test_data_in_memory_are_refused_with_a_remedy(client):
    X, y = data_of()
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
        mgnn.fit(net(), X, y, local_updates=3)
    with pytest.raises(TrainingSettingError, match="'compiled', which does not train on Dask"):
        _refused(client, array, da.from_array(y, chunks=300), backend="compiled")


def _spoilt(part, partition_info=None):
    second = partition_info is not None and partition_info["number"] == 1
    return part.astype("float32") if second else part


def test_partitions_that_do_not_fit_are_named(client):
    X, y = data_of()
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
        fit_on(client, epochs=60, batch_size=250, optimizer=optim.SGD(lr=1e9))


def test_a_score_that_parts_cannot_give_is_refused(client):
    own = losses.Loss(
        "own", losses.mse.sample, losses.mse.encode,
        mgnn.scores.Score("median", lambda o, t: 0.0, lambda o, t: 0.0),
    )  # fmt: skip
    with pytest.raises(BackendRefusalError, match="median, has no sums"):
        fit_on(client, loss=own)


def test_a_model_whose_op_does_not_travel_is_refused_by_the_ops_name(client):
    odd = Op("odd_line", lambda x: x + x, (lambda out, x: 2.0,))

    class Odd:
        inner = net()

        def parameters(self):
            return self.inner.parameters()

        def __call__(self, row):
            return odd(self.inner(row))

    X, y = data_of()
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

        X, y = data_of()
        data = da.from_array(X, chunks=(300, -1)), da.from_array(y, chunks=300)
        model = net()
        with pytest.raises(ClusterError, match="gone"):
            mgnn.fit(model, *data, client=client, epochs=5, progress=False, callbacks=[close])
        assert numbers_of(model) != numbers_of(net())
        with pytest.raises(ClusterError, match="client is gone"):
            _refused(client, *data)

"""A kernel over the blocks of a Dask collection gives what it gives for the whole."""

from __future__ import annotations

import dask
import dask.array as da
import dask.dataframe as dd
import numpy as np
import pandas as pd
import pytest
from options_table import NAMES, options
from scipy.stats import norm

import mgcompile
from mgcompile.errors import InputError, InputTypeError, OptionError, PartitionError
from mgcore import Value, ops

pytestmark = pytest.mark.usefixtures("client")
CLOSE = {"rtol": 1e-12, "atol": 1e-12}


@pytest.fixture
def frame() -> pd.DataFrame:
    """Options with their columns in another order than the inputs, and an index of their own."""
    table = pd.DataFrame(options(400), columns=list(NAMES), index=np.arange(400) * 2 + 5)
    return table[["sigma", "spot", "rate", "strike", "years"]]


@pytest.fixture(scope="module")
def pair() -> mgcompile.Kernel:
    """Two outputs of two inputs and two parameters: a x + b y and exp(a x y)."""
    x, y, a, b = (Value(v, label=n) for v, n in [(0.1, "x"), (0.2, "y"), (0.5, "a"), (-2.0, "b")])
    return mgcompile.compile([a * x + b * y, ops.exp(a * x * y)], inputs=[x, y], params=[a, b])


@pytest.fixture(scope="module")
def loss() -> mgcompile.Kernel:
    x, y, a, b = (Value(v, label=n) for v, n in [(0.1, "x"), (0.2, "y"), (0.5, "a"), (-2.0, "b")])
    error = ops.tanh(a * x + b) - y
    return mgcompile.compile(error * error, inputs=[x, y], params=[a, b])


def _delta_and_vega(table: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Return two sensitivities by their closed forms."""
    s, k, t, r, v = (table[name].to_numpy() for name in NAMES)
    d1 = (np.log(s / k) + (r + v * v / 2) * t) / (v * np.sqrt(t))
    return norm.cdf(d1), s * norm.pdf(d1) * np.sqrt(t)


def test_arrays_give_arrays_in_their_own_chunks(black_scholes):
    X = options(1000)
    found = da.from_array(X, chunks=((400, 350, 250), (2, 3)))
    value, gradient = mgcompile.dask.value_and_grad(black_scholes, found)
    assert (value.shape, value.chunks, value.dtype) == ((1000,), ((400, 350, 250),), np.float64)
    assert (gradient.shape, gradient.chunks[0]) == ((1000, 5), (400, 350, 250))
    numbers, slopes = dask.compute(value, gradient)
    wanted, wanted_slopes = black_scholes.value_and_grad(X)
    np.testing.assert_allclose(numbers, wanted, **CLOSE)
    np.testing.assert_allclose(slopes, wanted_slopes, **CLOSE)
    only = mgcompile.dask.value(black_scholes, found)
    assert (only.chunks, only.dtype) == (value.chunks, np.float64)
    np.testing.assert_allclose(only.compute(), wanted, **CLOSE)


def test_frames_give_frames_with_their_columns_index_and_divisions(black_scholes, frame):
    ddf = dd.from_pandas(frame, npartitions=3)
    value, gradient = mgcompile.dask.value_and_grad(black_scholes, ddf)
    assert list(gradient.columns) == list(frame.columns)
    assert set(gradient.dtypes) == {np.dtype(np.float64)}
    assert (value.name, value.dtype) == ("value", np.float64)
    assert gradient.divisions == value.divisions == ddf.divisions
    made = gradient.assign(price=value).compute()
    assert made.index.equals(frame.index)
    delta, vega = _delta_and_vega(frame)
    np.testing.assert_allclose(made["spot"], delta, rtol=1e-9, atol=1e-13)
    np.testing.assert_allclose(made["sigma"], vega, rtol=1e-9, atol=1e-11)
    np.testing.assert_allclose(made["price"], black_scholes(frame), **CLOSE)


def test_what_the_metadata_say_is_what_comes(black_scholes, frame):
    ddf = dd.from_pandas(frame, npartitions=2)
    for made in (
        mgcompile.dask.value(black_scholes, ddf),
        *mgcompile.dask.value_and_grad(black_scholes, ddf),
    ):
        part = made.partitions[1].compute()
        assert type(part) is type(made._meta)
        assert part.index.dtype == made._meta.index.dtype
        if part.ndim == 2:
            assert list(part.columns) == list(made._meta.columns)
            assert part.dtypes.equals(made._meta.dtypes)


def test_float32_kernels_give_float32():
    x = Value(1.0, label="x")
    kernel = mgcompile.compile(ops.exp(x), inputs=[x], dtype="float32")
    X = np.linspace(0, 1, 20)[:, None]
    value, gradient = mgcompile.dask.value_and_grad(kernel, da.from_array(X, chunks=(7, 1)))
    assert value.dtype == gradient.dtype == np.float32
    numbers = value.compute()
    assert numbers.dtype == np.float32
    np.testing.assert_allclose(numbers, np.exp(X[:, 0]), rtol=1e-6)


def test_lengths_need_not_be_known(black_scholes, loss):
    X = options(200)
    array = da.from_array(X, chunks=(60, 5))
    some = array[array[:, 0] > 100]
    assert np.isnan(some.shape[0])
    wanted = X[X[:, 0] > 100]
    np.testing.assert_allclose(
        mgcompile.dask.value(black_scholes, some).compute(), black_scholes(wanted), **CLOSE
    )
    pairs = some[:, :2] / 100
    found, _ = dask.compute(*mgcompile.dask.loss_and_grad(loss, pairs))
    assert found == pytest.approx(loss.loss_and_grad(wanted[:, :2] / 100)[0], rel=1e-12)


def test_a_list_of_outputs_gives_a_list(pair):
    X = np.random.default_rng(1).normal(size=(50, 2))
    array, frame = da.from_array(X, chunks=(20, 2)), pd.DataFrame(X, columns=["x", "y"])
    values, gradients = mgcompile.dask.value_and_grad(pair, array)
    assert len(values) == len(gradients) == 2
    np.testing.assert_allclose(values[0].compute(), 0.5 * X[:, 0] - 2.0 * X[:, 1], rtol=1e-13)
    grown = np.exp(0.5 * X[:, 0] * X[:, 1])
    np.testing.assert_allclose(
        gradients[1].compute(), 0.5 * grown[:, None] * X[:, ::-1], rtol=1e-12
    )
    _, framed = mgcompile.dask.value_and_grad(pair, dd.from_pandas(frame, npartitions=2))
    np.testing.assert_allclose(framed[1].compute()["x"], 0.5 * grown * X[:, 1], rtol=1e-12)


def test_jacobians_to_inputs_and_to_parameters(pair):
    X = np.random.default_rng(2).normal(size=(50, 2))
    x, y = X.T
    grown = np.exp(0.5 * x * y)
    array = da.from_array(X, chunks=((20, 25, 5), 2))
    frame = dd.from_pandas(pd.DataFrame(X, columns=["x", "y"]), npartitions=3)
    to_inputs = np.stack([np.tile([0.5, -2.0], (50, 1)), 0.5 * grown[:, None] * X[:, ::-1]], axis=1)
    to_params = np.stack([X, np.stack([x * y * grown, 0 * x], axis=1)], axis=1)
    made = mgcompile.dask.jacobian(pair, array)
    assert (made.shape, made.chunks[0]) == ((50, 2, 2), (20, 25, 5))
    np.testing.assert_allclose(made.compute(), to_inputs, rtol=1e-12)
    frames = mgcompile.dask.jacobian(pair, frame)
    np.testing.assert_allclose(frames[1].compute(), to_inputs[:, 1], rtol=1e-12)
    assert list(frames[1].columns) == ["x", "y"]
    for collection in (array, frame):
        summed = mgcompile.dask.jacobian(pair, collection, "params")
        assert summed.shape == (2, 2)
        np.testing.assert_allclose(summed.compute(), to_params.sum(axis=0), rtol=1e-12)
        own = mgcompile.dask.jacobian(pair, collection, "params", per_sample=True)
        np.testing.assert_allclose(own.compute(), to_params, rtol=1e-12, atol=1e-15)


def test_the_jacobian_of_one_output_has_no_axis_for_outputs(black_scholes):
    X = options(30)
    made = mgcompile.dask.jacobian(black_scholes, da.from_array(X, chunks=(20, 5)))
    assert made.shape == (30, 5)
    np.testing.assert_allclose(made.compute(), black_scholes.value_and_grad(X)[1], rtol=1e-9)


@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_the_loss_is_that_of_all_samples(loss, reduction):
    X = np.random.default_rng(3).normal(size=(900, 2))
    out = np.tanh(0.5 * X[:, 0] - 2.0)
    errors, slopes = (out - X[:, 1]) ** 2, 2 * (out - X[:, 1]) * (1 - out**2)
    reduce = getattr(np, reduction)
    wanted = reduce(errors), [reduce(slopes * X[:, 0]), reduce(slopes)]
    frame = dd.from_pandas(pd.DataFrame(X, columns=["x", "y"]), npartitions=20)
    for data in (da.from_array(X, chunks=(31, 1)), frame):
        lazy = mgcompile.dask.loss_and_grad(loss, data, reduction)
        assert [part.shape for part in lazy] == [(), (2,)]
        found, gradient = dask.compute(*lazy)
        assert found == pytest.approx(wanted[0], rel=1e-12)
        np.testing.assert_allclose(gradient, wanted[1], rtol=1e-11)


def test_empty_blocks_give_empty_results_and_add_nothing(black_scholes, loss, frame):
    frame = frame.assign(spot=np.linspace(60.0, 140.0, len(frame)))
    ddf = dd.from_pandas(frame, npartitions=4)
    cut = ddf[ddf.spot > 110.0]
    assert 0 in cut.map_partitions(len).compute().tolist()
    value, gradient = mgcompile.dask.value_and_grad(black_scholes, cut)
    wanted = black_scholes(frame[frame.spot > 110.0])
    np.testing.assert_allclose(value.compute(), wanted, **CLOSE)
    assert list(gradient.compute().columns) == list(frame.columns)
    pairs = cut[["spot", "sigma"]].rename(columns={"spot": "x", "sigma": "y"})
    found, _ = dask.compute(*mgcompile.dask.loss_and_grad(loss, pairs))
    assert np.isfinite(found)
    nothing = pairs[pairs.x < 0]
    with pytest.raises(InputError, match="no samples"):
        dask.compute(*mgcompile.dask.loss_and_grad(loss, nothing))
    assert dask.compute(*mgcompile.dask.loss_and_grad(loss, nothing, "sum"))[0] == 0.0


# What does not fit.


def test_wrong_shapes_and_kinds_are_refused_before_anything_is_computed(black_scholes, frame):
    for X, words in (
        (da.ones((10, 4), chunks=5), "has shape \\(10, 4\\), but the kernel has 5 inputs"),
        (da.ones(10, chunks=5), "has shape \\(10,\\)"),
        (dd.from_pandas(frame.drop(columns="rate"), npartitions=2), "no column for \\['rate'\\]"),
        (dd.from_pandas(frame.assign(more=1.0), npartitions=2), "'more'"),
    ):
        with pytest.raises(InputError, match=words):
            mgcompile.dask.value(black_scholes, X)
    for X in (options(3), dd.from_pandas(frame.assign(rate="x"), npartitions=2)):
        with pytest.raises(InputTypeError):
            mgcompile.dask.value(black_scholes, X)
    with pytest.raises(OptionError, match="reduction is 'max'"):
        mgcompile.dask.loss_and_grad(black_scholes, da.ones((4, 5)), "max")
    x = Value(1.0)
    with pytest.raises(InputError, match="no inputs"):
        mgcompile.dask.value(mgcompile.compile(x * x, params=[x]), da.ones((4, 1)))


def _spoilt(frame: pd.DataFrame, change) -> dd.DataFrame:
    """Return a Dask frame whose last partition is not what its metadata say."""
    ddf = dd.from_pandas(frame, npartitions=3)

    def spoil(part, partition_info=None):
        last = partition_info is not None and partition_info["number"] == 2
        return change(part) if last else part

    return ddf.map_partitions(spoil, meta=frame.iloc[:0], enforce_metadata=False)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda part: part.rename(columns={"rate": "yield"}), "has the columns .*'yield'"),
        (lambda part: part[sorted(part.columns)], "has the columns"),
        (lambda part: part.astype({"rate": "float32"}), "dtype float32 in column 'rate'"),
        (lambda part: part.astype({"rate": "str"}), "in column 'rate'"),
    ],
)
def test_a_partition_that_is_not_what_the_frame_says_is_named(
    black_scholes, loss, frame, change, words
):
    spoilt = _spoilt(frame, change)
    with pytest.raises(PartitionError, match=f"partition 2 of X .*{words}"):
        mgcompile.dask.value(black_scholes, spoilt).compute()


def test_a_block_that_is_not_what_the_array_says_is_named(black_scholes):
    X = da.from_array(options(30), chunks=(10, 5))
    spoilt = X.map_blocks(lambda b: b[:, :4], meta=np.empty((0, 0)))
    with pytest.raises(PartitionError, match=r"block \d of X has shape \(10, 4\)"):
        mgcompile.dask.value(black_scholes, spoilt).compute()

"""Ops as ufuncs: everything that NumPy does with its own, and the engine's numbers."""

import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import mgbridge
import mgcore
from mgbridge.errors import NotBridgedError
from mgbridge.sources import op_source
from mgcore import Op, ops
from mgcore.errors import UnknownOpError

SHIPPED = [
    row.op
    for row in mgcore.plugins(load=True)
    if row.distribution == "mgcore" and row.op is not None and row.op.arity
]
PEERS = {"tanh": np.tanh, "exp": np.exp, "sin": np.sin, "log1p": np.log1p, "cbrt": np.cbrt}


def numbers(*shape, seed=0):
    return np.random.default_rng(seed).uniform(0.1, 0.9, shape)


@pytest.mark.parametrize("op", SHIPPED, ids=lambda op: op.name)
def test_every_op_gives_the_engine_s_numbers_in_place_too(op):
    f = mgbridge.numpy.ufunc(op)
    operands = [numbers(301, seed=k) for k in range(op.arity)]
    if op.name == "acosh":
        operands = [1.0 + x for x in operands]
    if op.domain is not None and op.domain[0].startswith("{"):  # whole numbers
        operands[0] = np.ones(301)
    wanted = [op(*row) for row in zip(*(x.tolist() for x in operands), strict=True)]
    np.testing.assert_allclose(f(*operands), wanted, rtol=1e-12, atol=1e-15)
    assert f(*operands, out=operands[-1]) is operands[-1]
    np.testing.assert_allclose(operands[-1], wanted, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("name", PEERS)
def test_it_is_a_ufunc_that_casts_broadcasts_and_strides_as_numpy_s_own_does(name):
    ours, theirs = mgbridge.numpy.ufunc(name), PEERS[name]
    assert isinstance(ours, np.ufunc)
    assert (ours.nin, ours.nout, ours.__name__) == (1, 1, name)
    assert "d->d" in ours.types
    x = numbers(6, 7, 8)
    for view in (x, x.T, x[::-2, 1::3], x[:, :, 0], np.broadcast_to(x[0, 0], (3, 8)), x[:0]):
        np.testing.assert_allclose(ours(view), theirs(view), rtol=1e-14)
    assert ours(x.astype(np.float32)).dtype == np.float32
    np.testing.assert_allclose(ours(x.astype(">f8")), theirs(x), rtol=1e-14)
    np.testing.assert_allclose(ours(np.arange(1, 5)), theirs(np.arange(1, 5)), rtol=1e-14)
    np.testing.assert_allclose(ours([0.5]), theirs([0.5]), rtol=1e-14)
    assert isinstance(ours(0.5), np.float64)


def test_out_where_and_dtype():
    tanh, x = mgbridge.numpy.ufunc("tanh"), numbers(50)
    out = np.full(50, -1.0)
    assert tanh(x, out=out, where=x > 0.5) is out
    np.testing.assert_array_equal(out, np.where(x > 0.5, tanh(x), -1.0))
    assert tanh(x, dtype=np.float32).dtype == np.float32
    with pytest.raises(TypeError, match="not supported"):
        tanh(1j)
    shifted = np.concatenate([x, x])
    wanted = tanh(shifted[:60])
    tanh(shifted[:60], out=shifted[1:61])  # memory that overlaps
    np.testing.assert_array_equal(shifted[1:61], wanted)


def test_two_operands_reduce_accumulate_and_make_tables():
    add, power, maximum = (mgbridge.numpy.ufunc(name) for name in ("add", "pow", "maximum"))
    x = numbers(7, 300)
    np.testing.assert_allclose(add.reduce(x, axis=1), x.sum(axis=1), rtol=1e-13)
    np.testing.assert_allclose(add.reduce(x, axis=0), x.sum(axis=0), rtol=1e-13)
    np.testing.assert_allclose(add.reduce(x, axis=None), x.sum(), rtol=1e-13)
    np.testing.assert_allclose(add.accumulate(x, axis=1), x.cumsum(axis=1), rtol=1e-13)
    np.testing.assert_array_equal(maximum.reduce(x, axis=(0, 1)), x.max())
    np.testing.assert_allclose(power.outer(x[0, :5], [1.0, 2.0]), np.power.outer(x[0, :5], [1, 2]))
    np.testing.assert_allclose(add.reduceat(x[0], [0, 5, 100]), np.add.reduceat(x[0], [0, 5, 100]))
    counts = np.zeros(3)
    add.at(counts, [0, 2, 2], 1.0)
    assert counts.tolist() == [1.0, 0.0, 2.0]
    assert add.reduce([]) == 0.0
    assert mgbridge.numpy.ufunc("mul").reduce([]) == 1.0
    with pytest.raises(ValueError, match="no identity"):
        power.reduce([])
    with pytest.raises(ValueError, match="not reorderable"):
        power.reduce(x, axis=(0, 1))
    with pytest.raises(ValueError, match="binary"):
        mgbridge.numpy.ufunc("tanh").reduce(x)


def test_infinities_and_nan_are_results_without_a_warning_even_where_numpy_warns():
    with warnings.catch_warnings(), np.errstate(all="raise"):
        warnings.simplefilter("error")
        found = mgbridge.numpy.ufunc("log")(np.array([0.0, -1.0, 1.0]))
        assert mgbridge.numpy.ufunc("exp")(1000.0) == np.inf
    assert found[0] == -np.inf
    assert np.isnan(found[1])


def test_threads_share_one_ufunc():
    tanh, x = mgbridge.numpy.ufunc("tanh"), numbers(20_000)
    with ThreadPoolExecutor(16) as pool:
        for found in pool.map(tanh, [x + k for k in range(64)]):
            assert found.shape == x.shape
        results = list(pool.map(tanh, [x[: 10 * k] for k in range(200)]))
    for k, found in enumerate(results):
        np.testing.assert_array_equal(found, tanh(x[: 10 * k]))


@pytest.mark.filterwarnings("ignore::mgcompile.errors.PythonCallbackWarning")
def test_an_op_of_one_s_own_is_native_and_one_that_cannot_be_is_refused_by_name():
    softsign = Op("softsign", lambda x: x / (1 + abs(x)), (lambda out, x: (1 + abs(x)) ** -2,))
    x = numbers(40) - 0.5
    np.testing.assert_allclose(mgbridge.numpy.ufunc(softsign)(x), x / (1 + abs(x)), rtol=1e-15)
    assert mgbridge.numpy.ufunc(softsign) is mgbridge.numpy.ufunc(softsign)
    digits = Op("digits", lambda x: float(int(x)), (lambda out, x: 0.0,))
    source = op_source(digits)  # in other libraries it may be called back
    with pytest.raises(NotBridgedError, match="digits"):
        mgbridge.numpy.ufunc(digits)
    assert source.orders.value([np.array([2.5])], np.zeros(0))[0, 0] == 2.0
    with pytest.raises(NotBridgedError, match="any number of operands"):
        mgbridge.numpy.ufunc("logsumexp")
    with pytest.raises(UnknownOpError, match="tanh"):
        mgbridge.numpy.ufunc("thanh")


def test_help_tells_what_it_computes():
    assert ops.tanh.doc in mgbridge.numpy.ufunc("tanh").__doc__

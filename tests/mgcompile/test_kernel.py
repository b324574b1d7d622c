"""What a kernel takes and gives: containers, parameters, options, errors, files, threads."""

from __future__ import annotations

import pickle
import threading

import numpy as np
import pytest

import mgcompile
from mgcompile.errors import (
    BackendNotFoundError,
    CompileError,
    InputError,
    InputTypeError,
    KernelFileError,
    LeafError,
    NotFiniteError,
    OptionError,
    UnusedInputError,
)
from mgcore import Op, Value, ops
from mgnn import optim

RNG = np.random.default_rng(0)


def model():
    x, y = Value(0.5, "x"), Value(-0.3, "y")
    params = [Value(0.7, "a"), Value(-1.2, "b"), Value(0.1)]
    a, b, c = params
    return ops.tanh(a * x + b * y + c) ** 2 + 0.1 * x * y, [x, y], params


def values(X):
    return np.tanh(0.7 * X[:, 0] - 1.2 * X[:, 1] + 0.1) ** 2 + 0.1 * X[:, 0] * X[:, 1]


@pytest.fixture(scope="module", params=["numpy", "llvm"])
def kernel(request):
    return mgcompile.compile(*model(), backend=request.param, cache=False)


def test_an_array_gives_one_value_a_row(kernel):
    X = RNG.normal(size=(9, 2))
    np.testing.assert_allclose(kernel(X), values(X), rtol=1e-13)


@pytest.mark.parametrize("layout", ["fortran", "sliced", "reversed", "read-only", "broadcast"])
def test_any_layout_of_an_array_is_read(kernel, layout):
    X = RNG.normal(size=(8, 2))
    made = {
        "fortran": np.asfortranarray(X),
        "sliced": np.repeat(np.repeat(X, 2, axis=0), 3, axis=1)[::2, ::3],
        "reversed": np.ascontiguousarray(X[::-1])[::-1],
        "broadcast": np.broadcast_to(X[:1], X.shape),
        "read-only": X.copy(),
    }[layout]
    made.flags.writeable = False
    before = made.copy()
    np.testing.assert_allclose(kernel(made), values(made), rtol=1e-13)
    value, gradient = kernel.value_and_grad(made)
    np.testing.assert_allclose(gradient, kernel.value_and_grad(before)[1], rtol=1e-13)
    np.testing.assert_allclose(kernel.loss_and_grad(made)[0], value.mean(), rtol=1e-13)
    np.testing.assert_array_equal(made, before)


@pytest.mark.parametrize("dtype", ["float32", "int64", "uint8", "int8", ">f8"])
def test_other_real_dtypes_are_converted(kernel, dtype):
    X = np.array([[1, 2], [3, 4]], dtype=dtype)
    np.testing.assert_allclose(kernel(X), values(X.astype(float)), rtol=1e-13)


def test_columns_come_and_gradients_go_in_the_same_container(kernel):
    X = RNG.normal(size=(6, 2))
    _, expected = kernel.value_and_grad(X)
    for made in ([X[:, 0], X[:, 1]], (X[:, 0], X[:, 1].tolist())):
        found, gradient = kernel.value_and_grad(made)
        assert type(gradient) is type(made)
        np.testing.assert_allclose(found, values(X), rtol=1e-13)
        np.testing.assert_allclose(np.stack(gradient, axis=1), expected, rtol=1e-13)
    found, gradient = kernel.value_and_grad({"y": X[:, 1], "x": X[:, 0]})
    assert set(gradient) == {"x", "y"}
    np.testing.assert_allclose(gradient["y"], expected[:, 1], rtol=1e-13)


def test_columns_broadcast(kernel):
    x = RNG.normal(size=5)
    X = np.stack([x, np.full(5, 0.25)], axis=1)
    np.testing.assert_allclose(kernel([x, 0.25]), values(X), rtol=1e-13)
    np.testing.assert_allclose(kernel({"x": x, "y": np.array([0.25])}), values(X), rtol=1e-13)
    _, gradient = kernel.value_and_grad([x, 0.25])
    np.testing.assert_allclose(gradient[1], kernel.value_and_grad(X)[1][:, 1], rtol=1e-13)


def test_one_sample_gives_a_float(kernel):
    X = np.array([[0.5, -0.3]])
    for made in (X[0], [0.5, -0.3], {"x": 0.5, "y": -0.3}):
        found = kernel(made)
        assert type(found) is float
        assert found == pytest.approx(values(X)[0], rel=1e-13)
        value, gradient = kernel.value_and_grad(made)
        assert type(value) is float
        assert type(gradient) is type(made)
    assert type(gradient["x"]) is float


def test_no_samples_give_empty_results(kernel):
    X = np.zeros((0, 2))
    assert kernel(X).shape == (0,)
    value, gradient = kernel.value_and_grad(X)
    assert (value.shape, gradient.shape) == ((0,), (0, 2))
    loss, gradient = kernel.loss_and_grad(X, reduction="sum")
    assert loss == 0.0
    np.testing.assert_array_equal(gradient, np.zeros(3))
    with pytest.raises(InputError, match="no samples"):
        kernel.loss_and_grad(X)
    with pytest.raises(InputError, match="no samples"):
        kernel.train(X, optim.SGD(lr=0.1))


def test_reductions_are_mean_and_sum(kernel):
    X = RNG.normal(size=(10, 2))
    (mean, gradient), (total, whole) = kernel.loss_and_grad(X), kernel.loss_and_grad(X, "sum")
    assert total == pytest.approx(10 * mean, rel=1e-13)
    np.testing.assert_allclose(whole, 10 * gradient, rtol=1e-12)
    with pytest.raises(OptionError, match="median"):
        kernel.loss_and_grad(X, reduction="median")


@pytest.mark.parametrize(
    ("X", "error", "text"),
    [
        (np.zeros((3, 4)), InputError, r"\(3, 4\).*2 inputs.*x, y"),
        (np.zeros(3), InputError, r"\(3,\)"),
        (np.zeros((2, 2, 2)), InputError, "shape"),
        ([np.zeros(3)], InputError, "1 columns"),
        ([np.zeros(3), np.zeros(4)], InputError, "input 0.*3.*input 1.*4"),
        ([np.zeros((3, 2)), np.zeros(3)], InputError, "input 0.*shape"),
        ({"x": 1.0}, InputError, "'y'"),
        ({"x": 1.0, "y": 1.0, "z": 2.0}, InputError, "'z'"),
        (np.zeros((3, 2), dtype=complex), InputTypeError, "complex128"),
        (np.zeros((3, 2), dtype=bool), InputTypeError, "bool"),
        (np.array([["a", "b"]]), InputTypeError, "no real number"),
        (np.zeros((3, 2), dtype=object), InputTypeError, "object"),
        ([np.zeros(3), ["a", "b", "c"]], InputTypeError, "input 1"),
        ("ab", InputTypeError, "str"),
        (3.0, InputTypeError, "float"),
        (None, InputTypeError, r"X is NoneType; give an array \(n, 2\)"),
        (np.ma.masked_equal(np.eye(2), 0.0), InputTypeError, "X is a masked array.*filled"),
        ([np.ma.masked_equal(np.ones(2), 1.0), 0.0], InputTypeError, "input 0.*masked"),
        ([[[1.0], 2.0], 3.0], InputTypeError, "input 0.*no array of numbers"),
    ],
)
def test_data_that_do_not_fit_are_named(kernel, X, error, text):
    with pytest.raises(error, match=text):
        kernel(X)


class Frame:
    """What pandas and polars frames have in common."""

    def __init__(self, columns, array):
        self.columns, self.array = columns, array

    def __getitem__(self, labels):
        places = [self.columns.index(label) for label in labels]
        return Frame(labels, self.array[:, places])

    def to_numpy(self):
        return self.array


def test_a_frame_is_read_by_its_labels(kernel):
    import pandas as pd

    X = RNG.normal(size=(4, 2))
    for make in (lambda names, a: Frame(names, a), lambda n, a: pd.DataFrame(a, columns=n)):
        np.testing.assert_allclose(kernel(make(["x", "y"], X)), values(X), rtol=1e-13)
        np.testing.assert_allclose(kernel(make(["y", "x"], X[:, ::-1])), values(X), rtol=1e-13)
        np.testing.assert_allclose(kernel(make(["p", "q"], X)), values(X), rtol=1e-13)
        with pytest.raises(InputError, match=r"no column for \['x'\].*'z'"):
            kernel(make(["y", "z"], X))


def test_a_label_that_two_inputs_share_finds_no_column():
    x = [Value(1.0, "x"), Value(2.0, "x")]
    kernel = mgcompile.compile(x[0] - x[1], x, backend="numpy")
    assert kernel([3.0, 1.0]) == 2.0
    with pytest.raises(InputError, match="two inputs are labelled 'x'"):
        kernel({"x": 1.0})


def test_vectors_that_do_not_fit_a_product_with_the_hessian_are_named(kernel):
    X = RNG.normal(size=(4, 2))
    for v, text in ((None, "v is NoneType"), (np.ones(3), r"v has shape \(3,\)")):
        with pytest.raises(CompileError, match=text):
            kernel.hvp(X, v)
    with pytest.raises(InputError, match=r"v has 3 vectors, X has 4 samples"):
        kernel.hvp(X, np.ones((3, 2)))
    with pytest.raises(InputError, match="v has shape .*give 3 real numbers"):
        kernel.hvp(X, np.ones(2), wrt="params")
    with pytest.raises(OptionError, match="wrt is 'weights'"):
        kernel.hessian(X, wrt="weights")


def test_masked_params_and_vectors_are_refused(kernel):
    masked = np.ma.masked_equal(kernel.params, kernel.params[0])
    with pytest.raises(InputError, match=r"params is a masked array.*filled"):
        kernel.params = masked
    kernel.params = np.ma.masked_array(kernel.params)  # nothing is masked
    with pytest.raises(InputTypeError, match=r"v is a masked array.*filled"):
        kernel.hvp(np.zeros((1, 2)), np.ma.masked_equal([1.0, 2.0], 2.0), wrt="inputs")


def test_params_are_read_and_set(kernel):
    before = kernel.params
    np.testing.assert_allclose(before, [0.7, -1.2, 0.1])
    before[0] = 99.0
    assert kernel.params[0] == 0.7
    X = RNG.normal(size=(4, 2))
    try:
        kernel.params = [1, 0, 0]
        expected = np.tanh(X[:, 0]) ** 2 + 0.1 * X[:, 0] * X[:, 1]
        np.testing.assert_allclose(kernel(X), expected, rtol=1e-13)
        with pytest.raises(InputError, match=r"\(2,\).*\(3,\)"):
            kernel.params = [1.0, 2.0]
        with pytest.raises(InputError, match="dtype.*give 3 floats"):
            kernel.params = ["a", "b", "c"]
        with pytest.raises(InputError, match="params is no array"):
            kernel.params = [[1.0], 2.0, 3.0]
    finally:
        kernel.params = [0.7, -1.2, 0.1]


def test_several_outputs_give_columns_and_gradients_of_each():
    x, y = Value(1.0, "x"), Value(2.0, "y")
    for backend in ("numpy", "llvm"):
        kernel = mgcompile.compile([x * y, ops.sin(x), y], [x, y], backend=backend, cache=False)
        X = RNG.normal(size=(5, 2))
        expected = np.stack([X[:, 0] * X[:, 1], np.sin(X[:, 0]), X[:, 1]], axis=1)
        np.testing.assert_allclose(kernel(X), expected.T, rtol=1e-13)
        found, gradients = kernel.value_and_grad(X)
        np.testing.assert_allclose(found, expected.T, rtol=1e-13)
        np.testing.assert_allclose(gradients[0], X[:, ::-1], rtol=1e-13)
        np.testing.assert_allclose(gradients[1][:, 0], np.cos(X[:, 0]), rtol=1e-13)
        np.testing.assert_allclose(gradients[2], np.tile([0.0, 1.0], (5, 1)), rtol=1e-13)
        np.testing.assert_allclose(kernel([1.0, 2.0]), [2.0, np.sin(1.0), 2.0], rtol=1e-13)
        with pytest.raises(OptionError, match="3 outputs"):
            kernel.loss_and_grad(X)


def test_a_function_of_parameters_alone_takes_no_data():
    for backend in ("numpy", "llvm"):
        w = [Value(0.5), Value(2.0)]
        kernel = mgcompile.compile(w[0] ** 2 + 3.0 * w[1], params=w, backend=backend, cache=False)
        assert kernel() == pytest.approx(6.25)
        loss, gradient = kernel.loss_and_grad()
        assert loss == pytest.approx(6.25)
        np.testing.assert_allclose(gradient, [1.0, 3.0])
        kernel.train(optimizer=optim.SGD(lr=0.1), epochs=1)
        np.testing.assert_allclose(kernel.params, [0.4, 1.7])
        with pytest.raises(InputError, match="takes no X"):
            kernel(np.zeros((3, 1)))


def test_training_is_the_same_as_steps_by_hand_and_writes_back(kernel):
    X = RNG.normal(size=(12, 2))
    start = kernel.params
    losses = kernel.train(X, optim.SGD(lr=0.1), epochs=3)
    after, p = kernel.params, start
    for expected in losses:
        kernel.params = p
        loss, gradient = kernel.loss_and_grad(X)
        assert expected == pytest.approx(loss, rel=1e-12)
        p = p - 0.1 * gradient
    np.testing.assert_allclose(after, p, rtol=1e-12)
    kernel.params = start


def test_minibatches_are_reproducible_and_differ_by_seed(kernel):
    X, start = RNG.normal(size=(30, 2)), kernel.params
    found = []
    for seed in (1, 1, 2):
        kernel.params = start
        kernel.train(X, optim.Adam(lr=0.05), epochs=2, batch_size=7, seed=seed)
        found.append(kernel.params)
    kernel.params = start
    np.testing.assert_array_equal(found[0], found[1])
    assert not np.allclose(found[0], found[2], rtol=1e-9)


def test_progress_is_told_every_epoch_and_may_stop_the_training(kernel):
    X, start = RNG.normal(size=(10, 2)), kernel.params
    seen = []

    def progress(epoch, loss):
        seen.append((epoch, loss))
        if epoch == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        kernel.train(X, optim.SGD(lr=0.1), epochs=5, progress=progress)
    assert [epoch for epoch, _ in seen] == [0, 1]
    stopped = kernel.params
    kernel.params = start
    kernel.train(X, optim.SGD(lr=0.1), epochs=2)
    np.testing.assert_allclose(stopped, kernel.params, rtol=1e-14)
    kernel.params = start


@pytest.mark.parametrize(
    "settings",
    [
        {"epochs": 0},
        {"epochs": True},
        {"epochs": "3"},
        {"batch_size": 0},
        {"batch_size": 2.0},
        {"optimizer": "sgd"},
        {"optimizer": None},
        {"progress": 3},
    ],
)
def test_impossible_training_settings_are_named(kernel, settings):
    arguments = {"optimizer": optim.SGD(lr=0.1), **settings}
    with pytest.raises(OptionError, match=next(iter(settings))):
        kernel.train(RNG.normal(size=(4, 2)), **arguments)


@pytest.mark.parametrize("rate", [float("nan"), "fast", None])
def test_a_learning_rate_that_is_no_number_names_its_epoch(kernel, rate):
    optimizer = optim.SGD(lr=lambda epoch: rate if epoch == 1 else 0.1)
    start = kernel.params
    with pytest.raises(OptionError, match=f"learning rate of epoch 2 is {rate!r}"):
        kernel.train(RNG.normal(size=(4, 2)), optimizer, epochs=np.int64(3))
    kernel.params = start


def test_leaves_are_checked():
    x, a = Value(1.0, "x"), Value(2.0, "a")
    out = x * a
    with pytest.raises(LeafError, match=r"params\[0\].*mul"):
        mgcompile.compile(ops.sin(out), [x], [out])
    with pytest.raises(LeafError, match=r"params\[1\] \('a'\).*params\[0\]"):
        mgcompile.compile(out, [x], [a, a])
    with pytest.raises(LeafError, match=r"params\[0\] \('x'\).*inputs\[0\]"):
        mgcompile.compile(out, [x], [x])
    with pytest.raises(LeafError, match=r"inputs\[0\].*float"):
        mgcompile.compile(out, [1.0], [a])
    with pytest.raises(LeafError, match="inputs is Value; give a list"):
        mgcompile.compile(out, x, [a])
    with pytest.raises(LeafError, match="params is float; give a list"):
        mgcompile.compile(out, [x], 2.0)
    with pytest.raises(LeafError, match="output 1"):
        mgcompile.compile([out, 3.0], [x])
    with pytest.raises(OptionError, match="empty"):
        mgcompile.compile([], [x])
    with pytest.raises(UnusedInputError, match=r"inputs\[1\] \('unused'\)"):
        mgcompile.compile(out, [x, Value(1.0, "unused")])


@pytest.mark.parametrize(
    "options", [{"dtype": "float16"}, {"dtype": np.dtype("float32")}, {"threads": 0}]
)
def test_impossible_options_are_named(options):
    output, inputs, params = model()
    with pytest.raises(OptionError, match=next(iter(options))):
        mgcompile.compile(output, inputs, params, **options)


def test_an_unknown_backend_is_answered_with_near_matches():
    with pytest.raises(BackendNotFoundError, match="numpy"):
        mgcompile.compile(*model(), backend="nunpy")
    with pytest.raises(BackendNotFoundError, match="runs no programs"):
        mgcompile.compile(*model(), backend="compiled")


def test_checks_name_parameters_that_are_not_finite():
    output, inputs, params = model()
    params[1].data = float("nan")
    with pytest.raises(NotFiniteError, match=r"parameter 1 \('b'\) is nan"):
        mgcompile.compile(output, inputs, params, checks=True, backend="numpy")
    kernel = mgcompile.compile(output, inputs, params, backend="numpy")
    assert np.isnan(kernel([1.0, 1.0]))


def test_checks_name_results_that_are_not_finite():
    x = Value(1.0, "x")
    kernel = mgcompile.compile(ops.log(x), [x], checks=True, backend="numpy")
    with pytest.raises(NotFiniteError, match="value"):
        kernel([-1.0])


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_kernel_survives_pickling_and_files(kernel, dtype, tmp_path):
    output, inputs, params = model()
    made = mgcompile.compile(
        output, inputs, params, dtype=dtype, backend=kernel._built.backend_name, cache=False
    )
    made.params = [0.1, 0.2, 0.3]
    X = RNG.normal(size=(5, 2))
    made.save(tmp_path / "kernel.bin")
    for copy in (pickle.loads(pickle.dumps(made)), mgcompile.load(tmp_path / "kernel.bin")):
        np.testing.assert_array_equal(copy.params, made.params)
        np.testing.assert_array_equal(copy(X), made(X))
        assert copy({"x": 1.0, "y": 2.0}) == made([1.0, 2.0])
        np.testing.assert_array_equal(copy.loss_and_grad(X)[1], made.loss_and_grad(X)[1])


def test_a_file_that_holds_no_kernel_is_refused(tmp_path):
    path = tmp_path / "other"
    path.write_bytes(b"something else")
    with pytest.raises(KernelFileError, match="other"):
        mgcompile.load(path)
    kernel = mgcompile.compile(*model(), backend="numpy")
    kernel.save(path)
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(KernelFileError, match="cannot be read"):
        mgcompile.load(path)


def test_a_kernel_may_be_used_by_several_threads_at_once(kernel):
    X = [RNG.normal(size=(200, 2)) for _ in range(4)]
    expected = [kernel.value_and_grad(x) for x in X]
    wrong = []

    def work(number):
        for _ in range(30):
            value, gradient = kernel.value_and_grad(X[number])
            if not np.array_equal(value, expected[number][0]):
                wrong.append(number)
            if not np.array_equal(gradient, expected[number][1]):
                wrong.append(number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_results_do_not_depend_on_the_number_of_threads():
    X = RNG.normal(size=(5000, 2))
    results = []
    for threads in (1, 2):
        output, inputs, params = model()
        kernel = mgcompile.compile(output, inputs, params, threads=threads, cache=False)
        loss, gradient = kernel.loss_and_grad(X)
        kernel.train(X, optim.SGD(lr=0.1), epochs=2, batch_size=1024)
        results.append((kernel(X), loss, gradient, kernel.params))
    for first, second in zip(*results, strict=True):
        np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("backend", ["numpy", "llvm"])
def test_nan_and_infinity_go_through(backend):
    x = Value(1.0, "x")
    kernel = mgcompile.compile(
        [ops.exp(x), ops.log(x), ops.tanh(x), ops.relu(x)], [x], backend=backend, cache=False
    )
    found = kernel(np.array([[np.nan], [np.inf], [-np.inf], [0.0]]))
    expected = [
        [np.nan, np.nan, np.nan, np.nan],
        [np.inf, np.inf, 1.0, np.inf],
        [0.0, np.nan, -1.0, 0.0],
        [1.0, -np.inf, 0.0, 0.0],
    ]
    np.testing.assert_array_equal(np.transpose(found), expected)


def softsign():
    return Op(
        "softsign_of_kernel_test",
        forward=lambda x: x / (1 + abs(x)),
        partials=(lambda out, x: (1 + abs(x)) ** -2,),
    )


@pytest.mark.parametrize("backend", ["numpy", "llvm"])
def test_a_third_party_op_needs_nothing_but_its_two_rules(backend, held_against_engine):
    x, y = Value(0.3, "x"), Value(-0.7, "y")
    op = softsign()
    output = op(x * y) + op(x) * y
    kernel = mgcompile.compile(output, [x, y], backend=backend, cache=False)
    held_against_engine(kernel, output, [x, y], [], RNG.normal(size=(6, 2)))


def test_explain_names_the_kinds_there_are(kernel):
    with pytest.raises(OptionError, match="kind is 'gradient'; it is 'forward'"):
        kernel.explain("gradient")


def test_explain_tells_products_and_costs():
    rng = np.random.default_rng(1)
    x = [Value(0.1, f"x{i}") for i in range(6)]
    rows = [[Value(v) for v in row] for row in rng.normal(size=(4, 6))]
    output = sum(ops.tanh(ops.dot(*row, *x)) for row in rows)
    kernel = mgcompile.compile(output, x, [w for row in rows for w in row], backend="numpy")
    text = kernel.explain()
    assert "matrix product: (4 x samples) results, each a sum over 6" in text
    assert "flops a sample" in text
    assert "dot(params[i*6 + j], inputs[j])" in text
    assert "sum samples" in kernel.explain("loss")

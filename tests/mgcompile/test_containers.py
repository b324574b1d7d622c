"""Tables of other libraries as X: labels decide, gradients come back as X was, `out=` takes them.

Expected values and gradients are the closed form of the function, written in NumPy.
"""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

import mgcompile
from mgcompile.errors import InputError, InputTypeError
from mgcore import Value, ops

RNG = np.random.default_rng(3)
X = RNG.normal(size=(5, 2))  # columns x, y


def values(X):
    return 3.0 * X[:, 0] ** 2 + np.sin(X[:, 1])


def gradients(X):
    return np.stack([6.0 * X[:, 0], np.cos(X[:, 1])], axis=1)


@pytest.fixture(scope="module", params=["numpy", "llvm"])
def kernel(request):
    x, y = Value(0.5, "x"), Value(-0.3, "y")
    return mgcompile.compile(3.0 * x**2 + ops.sin(y), [x, y], backend=request.param, cache=False)


@pytest.fixture(scope="module")
def two(request):
    """Two outputs: x * y and sin(x)."""
    x, y = Value(0.5, "x"), Value(-0.3, "y")
    return mgcompile.compile([x * y, ops.sin(x)], [x, y], cache=False)


def frame():
    """The columns of X in the other order, with an index of its own."""
    pd = pytest.importorskip("pandas")
    return pd.DataFrame(X[:, ::-1], columns=["y", "x"], index=list("abcde"))


def close(found, expected):
    np.testing.assert_allclose(np.asarray(found, dtype=float), expected, rtol=1e-12)


# Labels


def test_a_frame_and_its_rows_agree(kernel):
    close(kernel(frame()), values(X))
    close(frame().apply(kernel, axis=1), values(X))


def test_rows_of_a_frame_with_other_labels_are_read_by_position_as_it_is(kernel):
    made = frame().set_axis(["p", "q"], axis=1)
    close(kernel(made), values(X[:, ::-1]))
    close(made.apply(kernel, axis=1), values(X[:, ::-1]))


def test_the_gradient_of_a_frame_is_a_frame_with_its_columns_and_index(kernel):
    _, gradient = kernel.value_and_grad(frame())
    assert type(gradient) is type(frame())
    assert list(gradient.columns) == ["y", "x"]
    assert list(gradient.index) == list("abcde")
    close(gradient, gradients(X)[:, ::-1])


def test_the_gradient_of_a_row_is_a_row(kernel):
    row = frame().iloc[2]
    value, gradient = kernel.value_and_grad(row)
    assert type(value) is float
    assert type(gradient) is type(row)
    assert (list(gradient.index), gradient.name) == (["y", "x"], "c")
    close(gradient, gradients(X)[2, ::-1])


def test_the_gradient_of_a_mapping_has_its_order(kernel):
    _, gradient = kernel.value_and_grad({"y": X[:, 1], "x": X[:, 0]})
    assert list(gradient) == ["y", "x"]
    close(gradient["x"], gradients(X)[:, 0])
    close(gradient["y"], gradients(X)[:, 1])


def test_each_output_has_a_frame(two):
    _, found = two.value_and_grad(frame())
    close(found[0][["x", "y"]], X[:, ::-1])
    close(found[1][["x", "y"]], np.stack([np.cos(X[:, 0]), np.zeros(5)], axis=1))


def test_a_product_with_the_hessian_reads_and_gives_frames(kernel):
    v = frame()[["x", "y"]]
    found = kernel.hvp(frame(), v)
    assert list(found.columns) == ["y", "x"]
    close(found["x"], 6.0 * X[:, 0])
    close(found["y"], -np.sin(X[:, 1]) * X[:, 1])


def test_labels_that_do_not_fit_are_named_in_a_frame_and_in_a_row(kernel):
    made = frame()
    for bad, text in (
        (made.assign(z=1.0), r"X has columns \['z'\] that are no inputs"),
        (made[["x"]], r"X has no column for \['y'\]"),
        (made[["x", "x"]], "two columns of X are labelled 'x'"),
        (made[["x", "y", "y"]], "two columns of X are labelled 'y'"),
    ):
        for form in (bad, bad.iloc[0]):
            with pytest.raises(InputError, match=text):
                kernel(form)


def test_a_column_that_holds_no_numbers_is_named(kernel):
    for bad in (frame().assign(x="one"), frame().astype({"x": bool})):
        with pytest.raises(InputTypeError, match="column 'x' of X has dtype"):
            kernel(bad)


@pytest.mark.parametrize("dtype", ["Float64", "Float32", "Int64", "UInt8", "float64[pyarrow]"])
def test_a_frame_of_the_dtypes_of_pandas_itself_is_one_of_numbers(kernel, dtype):
    pytest.importorskip("pyarrow")
    whole = np.array([[2.0, 0.0], [1.0, 3.0]])
    made = frame().iloc[:2].astype(float)
    made[["x", "y"]] = whole
    for form in (made.astype(dtype), made.astype({"x": dtype})):
        close(kernel(form), values(whole))
        close(kernel.value_and_grad(form)[1][["x", "y"]], gradients(whole))
        close(kernel(form.iloc[1]), values(whole)[1])
    form = made.astype(dtype)
    form.iloc[1, 1] = None
    with pytest.raises(InputTypeError, match=r"column 'x' of X has missing values \(1\)"):
        kernel(form)


def test_labels_two_inputs_share_are_refused_though_the_frame_has_the_same():
    pd = pytest.importorskip("pandas")
    x = [Value(1.0, "x"), Value(2.0, "x")]
    kernel = mgcompile.compile(x[0] - x[1], x, backend="numpy", cache=False)
    with pytest.raises(InputError, match="two inputs are labelled 'x'"):
        kernel(pd.DataFrame([[3.0, 1.0]], columns=["x", "x"]))


# Other tables


class Only:
    """An object with some protocols of another, and nothing else of it."""

    def __new__(cls, whole, *names):
        methods = {name: getattr(whole, name) for name in names}
        kind = type(
            "Only", (), {n: lambda self, *a, _m=m, **k: _m(*a, **k) for n, m in methods.items()}
        )
        return kind()


def test_arrays_and_dlpack_are_tables(kernel):
    for made in (Only(X, "__array__"), Only(X, "__dlpack__", "__dlpack_device__")):
        close(kernel(made), values(X))
        close(kernel.value_and_grad(made)[1], gradients(X))
    assert type(kernel(Only(X[0], "__array__"))) is float


def test_tensors_of_torch_are_tables(kernel):
    torch = pytest.importorskip("torch")
    made = torch.tensor(X)
    close(kernel(made), values(X))
    _, gradient = kernel.value_and_grad(made)
    assert isinstance(gradient, torch.Tensor)
    assert gradient.dtype == torch.float64
    close(gradient, gradients(X))
    value, gradient = kernel.value_and_grad(made[1])
    assert type(value) is float
    close(gradient, gradients(X)[1])
    close(kernel(made.to(torch.float32)), values(X.astype(np.float32).astype(float)))


def test_tensors_that_would_lose_their_gradient_are_refused_with_the_remedy(kernel):
    torch = pytest.importorskip("torch")
    with pytest.raises(InputTypeError, match="X is no array.*detach"):
        kernel(torch.tensor(X, requires_grad=True))
    with pytest.raises(InputTypeError, match=r"X is no array.*BFloat16"):
        kernel(torch.zeros((3, 2), dtype=torch.bfloat16))


def test_arrays_of_jax_are_tables(kernel):
    jnp = pytest.importorskip("jax.numpy")
    made = jnp.asarray(X, dtype=jnp.float32)
    rows = np.asarray(made, dtype=float)
    close(kernel(made), values(rows))
    _, gradient = kernel.value_and_grad(made)
    assert isinstance(gradient, type(made))
    np.testing.assert_allclose(gradient, gradients(rows), rtol=1e-6)  # JAX has float32 alone


def test_arrow_tables_and_batches_are_read_by_label(kernel):
    pa = pytest.importorskip("pyarrow")
    table = pa.table({"y": X[:, 1], "x": X[:, 0]})
    for made in (table, table.to_batches()[0]):
        close(kernel(made), values(X))
        _, gradient = kernel.value_and_grad(made)
        assert type(gradient) is type(made)
        assert gradient.schema.names == ["y", "x"]
        close(gradient.column("x"), gradients(X)[:, 0])
    with pytest.raises(InputTypeError, match=r"column 'x' of X has missing values \(1\)"):
        kernel(pa.table({"x": [1.0, None], "y": [1.0, 2.0]}))
    with pytest.raises(InputError, match=r"columns \['z'\] that are no inputs"):
        kernel(table.append_column("z", [X[:, 0]]))
    with pytest.raises(InputTypeError, match="column 'y' of X"):
        kernel(pa.table({"x": [1.0], "y": ["one"]}))


def test_columns_of_arrow_are_columns(kernel):
    pa = pytest.importorskip("pyarrow")
    column = Only(pa.array(X[:, 0]), "__array__")
    arrow = type("Arrow", (), {"__arrow_array__": lambda *_, **__: pa.array(X[:, 1])})()
    close(kernel({"x": column, "y": arrow}), values(X))
    with pytest.raises(InputTypeError, match=r"input 0 \('x'\) has missing values"):
        kernel({"x": pa.array([1.0, None]), "y": 2.0})


def test_the_interchange_protocol_is_read_in_chunks(kernel):
    pa = pytest.importorskip("pyarrow")
    whole = pa.table({"y": X[:, 1], "x": X[:, 0]})
    parts = pa.concat_tables([whole.slice(0, 2), whole.slice(2, 3)])
    made = Only(parts, "__dataframe__")
    close(kernel(made), values(X))
    _, gradient = kernel.value_and_grad(made)
    assert list(gradient) == ["y", "x"]
    close(gradient["x"], gradients(X)[:, 0])
    for bad, text in (([1.0, None], "missing values"), (["a", "b"], "no real number")):
        with pytest.raises(InputTypeError, match=f"column 'x' of X .*{text}"):
            kernel(Only(pa.table({"x": bad, "y": [1.0, 2.0]}), "__dataframe__"))


def test_frames_of_polars_are_read_by_label(kernel):
    pl = pytest.importorskip("polars")
    made = pl.DataFrame({"y": X[:, 1], "x": X[:, 0]})
    close(kernel(made), values(X))
    _, gradient = kernel.value_and_grad(made)
    assert isinstance(gradient, pl.DataFrame)
    assert gradient.columns == ["y", "x"]
    close(gradient["x"], gradients(X)[:, 0])
    with pytest.raises(InputTypeError, match=r"column 'x' of X has missing values \(1\)"):
        kernel(pl.DataFrame({"x": [1.0, None], "y": [1.0, 2.0]}))
    with pytest.raises(InputTypeError, match=r"input 1 \('y'\) has missing values"):
        kernel({"x": 1.0, "y": pl.Series([1.0, None])})


def test_no_library_of_tables_is_imported_before_it_is_asked_for():
    script = """
import sys
import numpy as np
import mgcompile
from mgcore import Value
x = Value(1.0, "x")
kernel = mgcompile.compile(x * x, [x], backend="numpy", cache=False)
class Table:
    def __array__(self, dtype=None, copy=None):
        return np.ones((2, 1))
kernel.value_and_grad(Table()), kernel.value_and_grad({"x": 1.0})
print(sorted({"pandas", "pyarrow", "polars", "torch", "jax", "scipy"} & set(sys.modules)))
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=120, check=True
    )
    assert done.stdout == "[]\n"


# Dtypes and results


@pytest.mark.parametrize("dtype", ["float32", "int64", "uint8", ">f8", "float16"])
def test_few_rows_of_another_dtype_give_what_they_give_in_the_kernels(kernel, dtype):
    rows = np.array([[1, 2], [3, 4], [5, 7]], dtype=dtype)
    for made in (rows, np.asfortranarray(rows), rows[::-1]):
        close(kernel(made), values(made.astype(float)))
        close(kernel.value_and_grad(made)[1], gradients(made.astype(float)))
    assert type(kernel(rows[0])) is float


def test_a_loss_of_float32_rows_is_that_of_the_same_numbers():
    x, w = Value(0.5, "x"), Value(2.0, "w")
    kernel = mgcompile.compile((w * x - 1.0) ** 2, [x], [w], cache=False)
    rows = np.array([[0.1], [0.7], [-0.3]], dtype=np.float32)
    exact = rows.astype(float)
    loss, gradient = kernel.loss_and_grad(rows)
    close(loss, np.mean((2.0 * exact - 1.0) ** 2))
    close(gradient, [np.mean(2.0 * (2.0 * exact - 1.0) * exact)])
    out = np.empty(1)
    assert kernel.loss_and_grad(rows, "sum", out=out)[1] is out
    close(out, [np.sum(2.0 * (2.0 * exact - 1.0) * exact)])


@pytest.mark.parametrize("make", [lambda X: X, lambda X: list(X.T), lambda X: X.astype("f4")])
def test_results_are_written_to_out(kernel, make):
    made = make(X)
    exact = np.stack(made, axis=1) if isinstance(made, list) else made.astype(float)
    out = np.full(5, np.nan)
    assert kernel(made, out=out) is out
    close(out, values(exact))
    pair = np.full((10, 2), np.nan)[::2, 0], np.full((5, 2), np.nan, order="F")
    found = kernel.value_and_grad(made, out=pair)
    assert found[0] is pair[0]
    assert found[1] is pair[1]
    close(pair[0], values(exact))
    close(pair[1], gradients(exact))


def test_out_of_a_frame_has_the_order_of_its_columns(kernel):
    out = np.empty(5), np.empty((5, 2))
    kernel.value_and_grad(frame(), out=out)
    close(out[1], gradients(X)[:, ::-1])


def test_out_may_be_x(kernel):
    made = X.copy()
    kernel.value_and_grad(made, out=(np.empty(5), made))
    close(made, gradients(X))


def test_out_has_a_part_for_each_output(two):
    out = np.empty((2, 5))
    assert two(X, out=out) is out
    close(out, [X[:, 0] * X[:, 1], np.sin(X[:, 0])])
    one = np.empty(2)
    two(X[0], out=one)
    close(one, [X[0, 0] * X[0, 1], np.sin(X[0, 0])])
    parts = [np.empty(5), np.empty(5)], [np.empty((5, 2)), np.empty((5, 2))]
    two.value_and_grad(X, out=parts)
    close(parts[1][0], X[:, ::-1])


def test_an_out_that_does_not_fit_is_named(kernel, two):
    fixed = np.empty(5)
    fixed.flags.writeable = False
    for out, error, text in (
        (np.empty(4), InputError, r"out has shape \(4,\), the result \(5,\)"),
        ([0.0] * 5, InputTypeError, r"out is list; give an array of shape \(5,\)"),
        (np.empty(5, dtype=int), InputTypeError, "out has dtype int64"),
        (fixed, InputTypeError, "out is read-only"),
    ):
        with pytest.raises(error, match=text):
            kernel(X, out=out)
    with pytest.raises(InputError, match="pair"):
        kernel.value_and_grad(X, out=np.empty(5))
    with pytest.raises(InputError, match=r"out\[1\] has shape"):
        kernel.value_and_grad(X, out=(np.empty(5), np.empty((2, 5))))
    with pytest.raises(InputError, match="sequence of 2 arrays"):
        two(X, out=np.empty(5))


# Dask


def test_blocks_of_dask_are_arrays_and_frames(kernel):
    da = pytest.importorskip("dask.array")
    dd = pytest.importorskip("dask.dataframe")
    blocks = da.from_array(X, chunks=(2, 2))
    close(blocks.map_blocks(kernel, drop_axis=1, dtype=float).compute(), values(X))
    close(kernel(blocks.blocks[0]), values(X[:2]))
    frames = dd.from_pandas(frame(), npartitions=2)
    close(frames.map_partitions(kernel, meta=(None, float)).compute(), values(X))
    with pytest.raises(InputTypeError, match=r"mgcompile\.dask\.value\(kernel, X\)"):
        kernel(frames)

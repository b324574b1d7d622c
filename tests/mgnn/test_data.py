"""What `fit` takes as X and y, and what it says about what it cannot take."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from mgnn.data import table
from mgnn.errors import DataError, ShapeError

ROWS = [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]


@pytest.mark.parametrize(
    "data",
    [
        ROWS,
        [[1, 2], [3, 4], [5, 6]],
        tuple(map(tuple, ROWS)),
        np.array(ROWS),
        np.array(ROWS, dtype=np.float32),
        np.array(ROWS, dtype=np.int8),
        np.asfortranarray(ROWS),
        np.array(ROWS, dtype=object),
        pd.DataFrame(ROWS, columns=["a", "b"]),
        (row for row in ROWS),
        list(np.array(ROWS)),
    ],
    ids=lambda data: type(data).__name__,
)
def test_every_form_of_rows_gives_the_same_table(data: object) -> None:
    found = table(data, "X")
    assert found.rows == ROWS
    assert all(type(x) is float for row in found.rows for x in row)
    assert found.array.dtype == np.float64
    assert np.array_equal(found.array, np.array(ROWS))
    assert len(found) == 3
    assert found.columns == 2


@pytest.mark.parametrize(
    "data", [[1, 0, 1], np.array([1, 0, 1]), pd.Series([1, 0, 1]), [True, False, True]]
)
def test_single_numbers_are_rows_of_one(data: object) -> None:
    assert table(data, "y").rows == [[1.0], [0.0], [1.0]]


def test_the_users_array_is_not_shared() -> None:
    X = np.array(ROWS)
    found = table(X, "X")
    X[0, 0] = 99.0
    assert found.array[0, 0] == 1.0


@pytest.mark.parametrize(
    ("data", "error", "text"),
    [
        ([], ShapeError, "X is empty"),
        ([[]], ShapeError, "X is empty"),
        (np.zeros((0, 2)), ShapeError, r"X is empty: shape \(0, 2\)"),
        (np.zeros((2, 2, 2)), ShapeError, "X has 3 axes"),
        ([[1.0, 2.0], [3.0]], ShapeError, "row 1 of X has 1 numbers, row 0 has 2"),
        (5.0, ShapeError, "X is float, not rows"),
        ([[1.0, "2"]], DataError, "X holds '2' in row 0, column 1"),
        ([[1.0, None]], DataError, "X holds None in row 0, column 1"),
        ([[1.0], [float("nan")]], DataError, "X holds nan in row 1, column 0"),
        (np.array([[1.0, 2.0], [3.0, np.inf]]), DataError, "X holds inf in row 1, column 1"),
        (np.array([["a", "b"]]), DataError, "X holds 'a' in row 0, column 0"),
        (pd.DataFrame({"age": [1, 2], "city": ["a", "b"]}), DataError, "column 'city' of X holds"),
        (pd.DataFrame({"age": [1.0, np.nan]}), DataError, "X holds nan in row 1, column 0"),
    ],
)
def test_what_is_no_table_is_named_with_its_place(
    data: object, error: type[Exception], text: str
) -> None:
    with pytest.raises(error, match=text):
        table(data, "X")


def masked(rows: object) -> object:
    return np.ma.masked_array(rows, mask=[[False, False], [False, True], [False, False]])


class Tensor:
    """Stands for PyTorch's: what matters is where its type comes from."""


Tensor.__module__ = "torch"


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (sparse.csr_matrix(ROWS), r"X is a sparse csr_matrix of scipy; give X.toarray\(\)"),
        (sparse.coo_array(ROWS), "X is a sparse coo_array of scipy"),
        (Tensor(), r"X is a Tensor of PyTorch; give X.detach\(\).cpu\(\).numpy\(\)"),
        (masked(ROWS), "X is a masked array with 1 numbers masked, the first in row 1"),
        (pd.DataFrame(ROWS, columns=["a", "a"]), "X has 2 columns called 'a'"),
    ],
    ids=["csr", "coo", "tensor", "masked", "duplicate columns"],
)
def test_what_only_looks_like_an_array_is_refused_by_name(data: object, text: str) -> None:
    with pytest.raises(DataError, match=text):
        table(data, "X")


def test_a_masked_array_with_nothing_masked_is_an_array() -> None:
    assert table(np.ma.masked_array(ROWS), "X").rows == ROWS


def test_tensors_of_pytorch_are_refused_by_name() -> None:
    torch = pytest.importorskip("torch")
    with pytest.raises(DataError, match="X is a Tensor of PyTorch"):
        table(torch.tensor(ROWS), "X")

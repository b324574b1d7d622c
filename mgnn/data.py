"""Take the user's X and y as rows of finite floats, or say which one is wrong."""

from __future__ import annotations

import math
from collections import Counter
from functools import cached_property
from typing import TYPE_CHECKING, Any

from mgnn.errors import DataError, ShapeError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mgnn.scores import Rows

__all__ = ["Table", "table"]


class Table:
    """Hold n rows of floats, as lists and, where NumPy is asked for, as one array.

    Either is made from the other when it is first wanted.

    Attributes:
        backend: the only one that can train with these rows; None where all can.

    """

    backend: str | None = None

    def __init__(self, rows: Rows | None = None, array: NDArray[np.float64] | None = None) -> None:
        if rows is not None:
            self.rows = rows
        if array is not None:
            self.array = array

    @cached_property
    def rows(self) -> Rows:
        """Return the rows as lists of floats."""
        rows: Rows = self.array.tolist()
        return rows

    @cached_property
    def array(self) -> NDArray[np.float64]:
        """Return an array, shape (n, columns), float64."""
        import numpy as np

        return np.asarray(self.rows, dtype=np.float64)

    def __len__(self) -> int:
        return len(self.array) if "array" in vars(self) else len(self.rows)

    @property
    def largest(self) -> int:
        """Return the number of rows of the largest part: there is but one."""
        return len(self)

    @property
    def columns(self) -> int:
        """Return the number of columns."""
        return int(self.array.shape[1]) if "array" in vars(self) else len(self.rows[0])


def table(data: Any, name: str) -> Table:
    """Return `data` as a table.

    Args:
        data: n numbers or n rows of them: lists, a NumPy array of one or two axes, a pandas frame
            or column. Every number finite, none masked.
        name: "X" or "y", for messages.

    Raises:
        ShapeError: if it is empty, ragged, or has more than two axes.
        DataError: naming row, column and value of what is no finite number.

    """
    _check_kind(data, name)
    if hasattr(data, "to_numpy"):
        data = _of_frame(data, name)
    if hasattr(data, "dtype") and hasattr(data, "ndim"):
        return _of_array(data, name)
    return _of_lists(data, name)


def _check_kind(data: Any, name: str) -> None:
    """Refuse by name what looks like an array and is none."""
    home = type(data).__module__.partition(".")[0]
    if home == "scipy" and hasattr(data, "toarray"):
        raise DataError(
            f"{name} is a sparse {type(data).__name__} of scipy; give {name}.toarray(), or use "
            "mgnn.sklearn.MLPClassifier or MLPRegressor, which take it"
        )
    if home == "torch":
        raise DataError(
            f"{name} is a {type(data).__name__} of PyTorch; give {name}.detach().cpu().numpy()"
        )
    if hasattr(data, "filled") and hasattr(data, "mask") and data.mask.any():
        raise DataError(
            f"{name} is a masked array with {int(data.mask.sum())} numbers masked, the first in "
            f"row {int(data.mask.nonzero()[0][0])}; fill them in with {name}.filled(...), or drop "
            "their rows"
        )


def _of_frame(frame: Any, name: str) -> Any:
    columns = list(getattr(frame, "columns", ()))
    for column, count in Counter(columns).items():
        if count > 1:
            raise DataError(
                f"{name} has {count} columns called {column!r}; rename or drop all but one"
            )
    for column in columns:
        dtype = frame[column].dtype
        if getattr(dtype, "kind", "f") not in "biuf":  # frames other than pandas' have no kind
            raise DataError(
                f"column {column!r} of {name} holds {dtype}, not numbers; encode it "
                "first (one-hot for categories), or drop it"
            )
    return frame.to_numpy()


def _of_array(data: Any, name: str) -> Table:
    import numpy as np

    if data.ndim not in {1, 2}:
        raise ShapeError(
            f"{name} has {data.ndim} axes, shape {tuple(data.shape)}; give (rows, columns)"
        )
    if data.dtype.kind not in "biuf":
        return _of_lists(data.tolist(), name)
    array = np.array(data, dtype=np.float64).reshape(len(data), -1 if len(data) else 1)
    if not array.size:
        raise ShapeError(f"{name} is empty: shape {tuple(data.shape)}")
    bad = np.argwhere(~np.isfinite(array))
    if len(bad):
        row, column = bad[0]
        raise DataError(_not_finite(name, int(row), int(column), float(array[row, column])))
    return Table(array=array)


def _of_lists(data: Any, name: str) -> Table:
    try:
        rows = [list(row) if hasattr(row, "__iter__") else [row] for row in data]
    except TypeError:
        raise ShapeError(
            f"{name} is {type(data).__name__}, not rows of numbers; give a list of lists, a NumPy "
            "array or a pandas frame"
        ) from None
    if not rows or not rows[0]:
        raise ShapeError(f"{name} is empty")
    for i, row in enumerate(rows):
        if len(row) != len(rows[0]):
            raise ShapeError(
                f"row {i} of {name} has {len(row)} numbers, row 0 has {len(rows[0])}; "
                "all rows need as many"
            )
        rows[i] = [_number(x, name, i, j) for j, x in enumerate(row)]
    return Table(rows=rows)


def _number(x: Any, name: str, row: int, column: int) -> float:
    if isinstance(x, str):  # float("3") would pass
        number = None
    else:
        try:
            number = float(x)
        except (TypeError, ValueError):
            number = None
    if number is None:
        raise DataError(f"{name} holds {x!r} in row {row}, column {column}, which is no number")
    if not math.isfinite(number):
        raise DataError(_not_finite(name, row, column, number))
    return number


def _not_finite(name: str, row: int, column: int, value: float) -> str:
    return (
        f"{name} holds {value!r} in row {row}, column {column}; fill in or drop missing and "
        "infinite numbers first"
    )

"""Tables of other libraries, known by what they can do: none of those libraries is imported here.

A frame or a row of one has labels, and its gradient has the same; tensors have none. Where the
library of a table cannot be asked for another, the gradient is a dict of columns or an array.
"""

from __future__ import annotations

import ctypes
import sys
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from mgcompile.errors import InputError, InputTypeError

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Floats = NDArray[Any]

__all__ = ["Table", "as_array", "read_table"]

_NUMBER_KINDS = {0: "i", 1: "u", 2: "f"}
"""Letters of NumPy for the kinds of the data frame interchange protocol."""

_CPU = 1
"""The number of the CPU in DLPack."""

_NULLS_OF_THEIR_OWN = 2
"""From here on, missing values of the interchange protocol are other than NaN."""


@attrs.frozen(slots=True, eq=False)
class Table:
    """The numbers of a table, and the way back.

    Args:
        array: Shape (n, columns), or (columns,) for one row.
        labels: Of the columns; None where a table has none.
        back: Makes a table like it from an array of the same shape.
    """

    array: Floats
    labels: tuple[Any, ...] | None
    back: Callable[[Floats], Any]


def read_table(X: Any, what: str) -> Table | None:
    """Read a frame, a row of a frame or a tensor; None for what is none of these.

    Args:
        X: A frame with `columns` and `to_numpy` (pandas, polars), a row of one (a Series), an
            Arrow table or record batch, or what has `__dataframe__`, `__array__`,
            `__arrow_array__` or `__dlpack__`.
        what: What errors call X.

    Raises:
        InputTypeError: naming what is missing or no number.
    """
    if hasattr(X, "map_partitions") and hasattr(X, "__dask_graph__"):
        message = (
            f"{what} is a frame of Dask, in parts; mgcompile.dask.value(kernel, {what}) works on "
            f"each part, as {what}.map_partitions(kernel, meta=(None, float)) does; or compute it"
        )
        raise InputTypeError(message)
    if hasattr(X, "to_numpy"):
        # Of pandas' classes `iloc` is asked, not of X: names that X lacks take it 12 us each.
        if hasattr(type(X), "iloc") and X.ndim == 1:
            return Table(_of_series(X, what), tuple(X.index), _row_maker(X))
        if hasattr(type(X), "iloc") or hasattr(X, "columns"):
            labels = tuple(X.columns)
            return Table(_of_frame(X, labels, what), labels, _frame_maker(X, labels))
    if hasattr(X, "column_names") and hasattr(X, "column") and hasattr(type(X), "from_pydict"):
        labels, kind = tuple(X.column_names), type(X)
        columns = [
            as_array(X.column(j), _column_name(label, what)) for j, label in enumerate(labels)
        ]
        back = _dict_maker(labels)
        return Table(
            _side_by_side(columns, labels, what), labels, lambda made: kind.from_pydict(back(made))
        )
    if hasattr(X, "__dataframe__"):
        frame = X.__dataframe__()
        labels = tuple(frame.column_names())
        columns = [
            _interchanged(frame.get_column(j), _column_name(label, what))
            for j, label in enumerate(labels)
        ]
        return Table(_side_by_side(columns, labels, what), labels, _dict_maker(labels))
    if any(hasattr(X, name) for name in ("__array__", "__arrow_array__", "__dlpack__")):
        return Table(as_array(X, what), None, _tensor_maker(X))
    return None


def as_array(values: Any, what: str) -> Floats:
    """Return numbers as an array, whatever protocol gives them.

    Raises:
        InputTypeError: if the object refuses (it needs a gradient, is on another device, has
            missing values), with its own words; if some of its numbers are masked.
    """
    if isinstance(values, np.ma.MaskedArray) and np.any(values.mask):
        message = f"{what} is a masked array; fill or drop what is masked, as with .filled(0.0)"
        raise InputTypeError(message)
    if isinstance(values, np.ndarray):
        return np.asarray(values)
    if hasattr(type(values), "null_count"):
        nulls = values.null_count  # an attribute in Arrow, a method in polars
        _refuse_nulls(nulls() if callable(nulls) else nulls, what)
    try:
        if hasattr(values, "__array__"):
            return np.asarray(values)
        if hasattr(values, "__arrow_array__"):
            return np.asarray(values.__arrow_array__())
        if hasattr(values, "__dlpack__"):
            return np.from_dlpack(values)
        return np.asarray(values)
    except (ValueError, TypeError, RuntimeError, BufferError) as error:
        message = f"{what} is no array of numbers: {error}"
        raise InputTypeError(message) from error


def _refuse_nulls(count: Any, what: str) -> None:
    if isinstance(count, int) and count:
        message = f"{what} has missing values ({count}); fill them or drop their rows"
        raise InputTypeError(message)


def _column_name(label: Any, what: str) -> str:
    return f"column {label!r} of {what}"


def _of_frame(X: Any, labels: tuple[Any, ...], what: str) -> Floats:
    """Return the numbers of a frame; one that has other things is refused by its column."""
    if hasattr(type(X), "null_count"):  # polars, whose arrays have NaN for what is missing
        counts = np.asarray(X.null_count().to_numpy()).ravel().tolist()
        for label, count in zip(labels, counts, strict=True):
            _refuse_nulls(count, _column_name(label, what))
    array = np.asarray(X.to_numpy())
    if array.dtype.kind in "fiu":
        return array
    dtypes = getattr(X, "dtypes", None)
    if dtypes is None or len(dtypes) != len(labels):
        return array
    for label, dtype in zip(labels, list(dtypes), strict=True):
        if getattr(dtype, "kind", "f") not in "fiu":
            message = (
                f"{_column_name(label, what)} has dtype {dtype}, which is no real number; convert "
                "it first, or drop it"
            )
            raise InputTypeError(message)
    if hasattr(type(X), "iloc"):  # numbers all of them, which pandas gives as objects
        columns = [
            _of_series(X.iloc[:, j], _column_name(label, what)) for j, label in enumerate(labels)
        ]
        return np.stack(columns, axis=1)
    return array


def _of_series(X: Any, what: str) -> Floats:
    """Return the numbers of a row or column of pandas; of its own dtypes, none may be missing."""
    if isinstance(X.dtype, np.dtype) or getattr(X.dtype, "kind", "O") not in "fiu":
        return np.asarray(X.to_numpy())
    _refuse_nulls(int(X.isna().sum()), what)
    return np.asarray(X.to_numpy(dtype=np.float64))


def _side_by_side(columns: list[Floats], labels: tuple[Any, ...], what: str) -> Floats:
    for label, column in zip(labels, columns, strict=True):
        if column.dtype.kind not in "fiu":
            message = (
                f"{_column_name(label, what)} has dtype {column.dtype}, which is no real number"
            )
            raise InputTypeError(message)
    if not columns:
        message = f"{what} has no columns"
        raise InputError(message)
    return np.stack(columns, axis=1)


def _interchanged(column: Any, what: str) -> Floats:
    """Copy a column out of the buffers of the data frame interchange protocol."""
    if column.describe_null[0] >= _NULLS_OF_THEIR_OWN:
        _refuse_nulls(column.null_count, what)
    parts = [_chunk(chunk, what) for chunk in column.get_chunks()]
    return np.concatenate(parts) if parts else np.zeros(0)


def _chunk(chunk: Any, what: str) -> Floats:
    buffer, (kind, bits, _, order) = chunk.get_buffers()["data"]
    if int(kind) not in _NUMBER_KINDS:
        message = f"{what} is of kind {kind!r}, which is no real number; convert it first"
        raise InputTypeError(message)
    if buffer.__dlpack_device__()[0] != _CPU:
        message = f"{what} is not in the memory of the CPU; copy it there first"
        raise InputTypeError(message)
    dtype = np.dtype(f"{_NUMBER_KINDS[int(kind)]}{bits // 8}").newbyteorder(order)
    count = chunk.size()
    if not count:
        return np.zeros(0, dtype)
    memory = (ctypes.c_byte * buffer.bufsize).from_address(buffer.ptr)
    # Copied here, while the buffer is held: its memory may go with it.
    return np.frombuffer(memory, dtype, count, chunk.offset * dtype.itemsize).copy()


def _dict_maker(labels: tuple[Any, ...]) -> Callable[[Floats], Any]:
    return lambda made: {label: made[..., j] for j, label in enumerate(labels)}


def _row_maker(X: Any) -> Callable[[Floats], Any]:
    kind, index, name = type(X), X.index, X.name
    return lambda made: kind(made, index=index, name=name)


def _frame_maker(X: Any, labels: tuple[Any, ...]) -> Callable[[Floats], Any]:
    kind = type(X)
    if hasattr(kind, "iloc"):  # as pandas
        index, columns = X.index, X.columns
        return lambda made: kind(made, index=index, columns=columns)
    if hasattr(X, "schema"):  # as polars
        return lambda made: kind(made, schema=list(labels))
    return _dict_maker(labels)


def _tensor_maker(X: Any) -> Callable[[Floats], Any]:
    """Return what makes an array of X's library: the one that X names, or where its class is from.

    Whoever gave X has imported that library.
    """
    if hasattr(X, "__array_namespace__"):
        make = getattr(X.__array_namespace__(), "asarray", None)
    else:
        home = sys.modules.get(type(X).__module__.partition(".")[0])
        make = getattr(home, "asarray", None)
        if not isinstance(make(np.zeros(1)) if callable(make) else None, type(X)):
            make = None  # some other function of that name
    found: Callable[[Floats], Any] = make if callable(make) else _itself
    return found


def _itself(made: Floats) -> Floats:
    return made

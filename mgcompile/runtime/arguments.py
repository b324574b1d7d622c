"""The forms in which numbers come and results go: array, columns, labels, one sample."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import attrs
import numpy as np

from mgcompile.errors import InputError, InputTypeError
from mgcompile.runtime.tables import Table, as_array, read_table

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[Any]

__all__ = ["Batch", "InputNames", "read_batch", "read_params", "recorded_batch"]


@attrs.frozen(slots=True)
class InputNames:
    """The inputs of a kernel: labels where they have one, else empty."""

    labels: tuple[str, ...]

    def describe(self, place: int) -> str:
        """Return how an error calls input `place`."""
        label = self.labels[place]
        return f"input {place} ({label!r})" if label else f"input {place}"


@attrs.frozen(slots=True, eq=False)
class Batch:
    """Samples, ready for an executable, and the form in which they came.

    Args:
        inputs: An array (count, n_inputs) or a tuple of columns (count,), aligned and of the
            kernel's dtype.
        count: Number of samples.
        form: What X was.
        single: Whether X was one sample, not a batch of them.
        keys: Labels in their own order, when X was a mapping.
        places: Input that each column of X is, where they are in another order than the inputs.
        back: Makes a table of X's kind, when X was one of another library.
        labelled: Whether that table has labels, and so no more than two axes.
    """

    inputs: Floats | tuple[Floats, ...]
    count: int
    form: Literal["array", "list", "tuple", "dict", "table"]
    single: bool
    keys: tuple[Any, ...] = ()
    places: tuple[int, ...] | None = None
    back: Callable[[Floats], Any] | None = None
    labelled: bool = False

    def rows(self) -> Floats:
        """Return the inputs as one array (count, n_inputs)."""
        if isinstance(self.inputs, tuple):
            return np.stack(self.inputs, axis=1)
        return self.inputs

    def per_sample(self, result: Floats) -> Floats:
        """Return a result of a program with a row for each sample: one for all is repeated."""
        if result.ndim == 1:
            return np.broadcast_to(result, (self.count, len(result))).copy()
        return result

    def values(self, result: Floats, *, several: bool) -> Any:
        """Return values of a program as a kernel gives them.

        Args:
            result: Shape (count, n_outputs), or (n_outputs,) when they are the same for all.
            several: Whether a list with an item for each output is wanted.
        """
        if self.single:
            numbers = np.atleast_2d(result)[0].tolist()
            return numbers if several else numbers[0]
        rows = self.per_sample(result)
        return list(rows.T) if several else rows[:, 0]

    def as_array(self) -> Batch:
        """Return the same samples, with gradients as arrays in the order of X's columns."""
        return attrs.evolve(self, form="array", back=None, labelled=False)

    def in_order(self, gradient: Floats) -> Floats:
        """Return derivatives, shape (..., n_inputs), with their columns as X has them."""
        return gradient if self.places is None else gradient[..., list(self.places)]

    def gradient(self, gradient: Floats) -> Any:
        """Return the gradient to the inputs, shape (count, n_inputs), in the form of X."""
        gradient = self.in_order(gradient)
        if self.form in ("array", "table"):
            found = gradient[0] if self.single else gradient
            return found if self.back is None else self.back(found)
        if self.single:
            columns: list[Any] = gradient[0].tolist()
        else:
            columns = [gradient[:, j] for j in range(gradient.shape[1])]
        if self.form == "dict":
            return dict(zip(self.keys, columns, strict=True))
        return tuple(columns) if self.form == "tuple" else columns

    def jacobian(self, jacobian: Floats) -> Any:
        """Return derivatives of several outputs, shape (count, n_outputs, n_inputs), as X is.

        What has columns of its own (a sequence, a mapping, a frame) has room for one output: then
        there is a list with one for each.
        """
        if self.form == "array" or (self.form == "table" and not self.labelled):
            found = self.in_order(jacobian)
            found = found[0] if self.single else found
            return found if self.back is None else self.back(found)
        return [self.gradient(jacobian[:, place]) for place in range(jacobian.shape[1])]


def read_batch(X: Any, names: InputNames, dtype: np.dtype[Any], what: str = "X") -> Batch:
    """Read samples in any of the forms a kernel takes.

    Args:
        X: An array (n, n_inputs); an array (n_inputs,), one sample; a sequence of n_inputs columns,
            each an array (n,) or a number for all samples; a mapping from labels to such columns.
            Columns that are numbers throughout are one sample. A table of another library (see
            `read_table`) is read as an array; a frame, or a row of one, by its labels when one of
            them is an input's, else by position.
        names: The inputs.
        dtype: Of the kernel.
        what: What errors call X.

    Raises:
        InputError: naming what does not fit.
        InputTypeError: naming what is no real number.
    """
    if isinstance(X, np.ndarray):
        return _from_array(X, names, dtype, what)
    count = len(names.labels)
    if isinstance(X, Mapping):
        keys = tuple(X)
        places = _matched_labels(keys, names, what)
        batch = _from_columns([X[label] for label in names.labels], names, dtype, "dict")
        return attrs.evolve(batch, keys=keys, places=places)
    if isinstance(X, Sequence) and not isinstance(X, (str, bytes)):
        if len(X) != count:
            message = (
                f"{what} is a sequence of {len(X)} columns, but the kernel has {count} inputs"
                f"{_listed(names)}; give one column for each, or an array (n, {count})"
            )
            raise InputError(message)
        form: Literal["tuple", "list"] = "tuple" if isinstance(X, tuple) else "list"
        return _from_columns(list(X), names, dtype, form)
    table = read_table(X, what)
    if table is not None:
        return _from_table(table, names, dtype, what)
    message = (
        f"{what} is {type(X).__name__}; give an array (n, {count}), a sequence of {count} columns, "
        "a mapping from labels to columns, or a table (a frame, a tensor)"
    )
    raise InputTypeError(message)


def recorded_batch(data: Floats | None, dtype: np.dtype[Any]) -> Batch:
    """Return the samples of a kernel that takes none: one without inputs, or recorded data."""
    rows = np.zeros((1, 0)) if data is None else data
    array = np.ascontiguousarray(rows, dtype=dtype)
    return Batch(array, len(array), "array", single=True)


def read_params(values: Any, count: int, dtype: np.dtype[Any]) -> Floats:
    """Return a copy of parameters in a kernel's dtype, shape (count,).

    Raises:
        InputError: if they have another shape, are no real numbers, or some are masked.
    """
    try:
        array = as_array(values, "params")
    except InputTypeError as error:
        raise InputError(str(error)) from error
    if array.shape != (count,):
        message = f"params has shape {array.shape}; the kernel's is ({count},)"
        raise InputError(message)
    if array.dtype.kind not in "fiu":
        message = f"params has dtype {array.dtype}, which is no real number; give {count} floats"
        raise InputError(message)
    return np.array(array, dtype=dtype)


def _listed(names: InputNames) -> str:
    known = [label for label in names.labels if label]
    return f" ({', '.join(known[:8])}{', ...' if len(known) > 8 else ''})" if known else ""


def _from_array(X: Floats, names: InputNames, dtype: np.dtype[Any], what: str) -> Batch:
    count = len(names.labels)
    if X.ndim == 1 and X.shape[0] == count:
        return Batch(_numbers(X, what, dtype).reshape(1, count), 1, "array", single=True)
    if X.ndim != 2 or X.shape[1] != count:
        hint = f"; write {what}[:, None]" if X.ndim == 1 and count == 1 else ""
        message = (
            f"{what} has shape {X.shape}, but the kernel has {count} inputs{_listed(names)}: "
            f"give an array (n, {count}), or ({count},) for one sample{hint}"
        )
        raise InputError(message)
    return Batch(_numbers(X, what, dtype), X.shape[0], "array", single=False)


def _column(values: Any, place: int, names: InputNames, dtype: np.dtype[Any]) -> Floats:
    if type(values) is np.ndarray and values.dtype == dtype and values.flags.aligned:
        return values
    return _numbers(values, f"the column of {names.describe(place)}", dtype)


def _numbers(values: Any, what: str, dtype: np.dtype[Any]) -> Floats:
    if type(values) is np.ndarray and values.dtype == dtype and values.flags.aligned:
        return values
    array = as_array(values, what)
    if array.dtype.kind not in "fiu":
        message = (
            f"{what} has dtype {array.dtype}, which is no real number; convert it first, for "
            f"example with .astype({dtype.name!r})"
        )
        raise InputTypeError(message)
    return array if array.dtype == dtype and array.flags.aligned else array.astype(dtype)


def _from_table(table: Table, names: InputNames, dtype: np.dtype[Any], what: str) -> Batch:
    array, places = table.array, None
    if table.labels is not None and any(label in table.labels for label in names.labels if label):
        places = _matched_labels(table.labels, names, what)
        if places is not None:
            array = array[..., np.argsort(places)]
    batch = _from_array(array, names, dtype, what)
    labelled = table.labels is not None
    return attrs.evolve(batch, form="table", places=places, back=table.back, labelled=labelled)


def _matched_labels(
    labels: tuple[Any, ...], names: InputNames, what: str
) -> tuple[int, ...] | None:
    """Return the input that each label of X is; None where they are in the same order.

    Raises:
        InputError: unless the labels are those of the inputs, each of them once.
    """
    unlabelled = [place for place, label in enumerate(names.labels) if not label]
    if unlabelled:
        message = (
            f"{what} has labels, but input {unlabelled[0]} has none; give it one when recording, "
            "Value(0.0, label=...), or give a sequence of columns"
        )
        raise InputError(message)
    if labels == names.labels and len(set(labels)) == len(labels):
        return None
    for owner, found in (("two inputs are", names.labels), (f"two columns of {what} are", labels)):
        twice = [label for label in found if found.count(label) > 1]
        if twice:
            message = f"{owner} labelled {twice[0]!r}; give columns by position, not by label"
            raise InputError(message)
    missing = [label for label in names.labels if label not in labels]
    unknown = [key for key in labels if key not in names.labels]
    if missing or unknown:
        parts = [f"no column for {missing[:5]}"] if missing else []
        parts += [f"columns {unknown[:5]} that are no inputs"] if unknown else []
        message = f"{what} has {' and '.join(parts)}; the inputs are {list(names.labels)}"
        raise InputError(message)
    at = {label: place for place, label in enumerate(names.labels)}
    return tuple(at[label] for label in labels)


def _from_columns(
    columns: list[Any],
    names: InputNames,
    dtype: np.dtype[Any],
    form: Literal["list", "tuple", "dict"],
) -> Batch:
    if all(isinstance(column, float) for column in columns):
        return Batch(np.array([columns], dtype=dtype), 1, form, single=True)
    arrays = [_column(column, place, names, dtype) for place, column in enumerate(columns)]
    lengths: dict[int, int] = {}
    for place, array in enumerate(arrays):
        if array.ndim > 1:
            message = (
                f"the column of {names.describe(place)} has shape {array.shape}; a column is an "
                "array (n,) or a number (rows of samples are an array: np.array(rows))"
            )
            raise InputError(message)
        if array.ndim == 1 and array.shape[0] != 1:
            lengths.setdefault(array.shape[0], place)
    if len(lengths) > 1:
        (m, first), (n, other) = list(lengths.items())[:2]
        message = (
            f"the columns have different lengths: {names.describe(first)} has {m}, "
            f"{names.describe(other)} has {n}"
        )
        raise InputError(message)
    single = all(array.ndim == 0 for array in arrays)
    count = next(iter(lengths), 1)
    spread = tuple(
        array if array.shape == (count,) else np.broadcast_to(array, (count,)) for array in arrays
    )
    return Batch(spread, count, form, single=single)

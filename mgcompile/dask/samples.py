"""Read Dask arrays and frames as the samples of a kernel, and hold their blocks to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from dask.array import Array

from mgcompile.errors import InputError, InputTypeError, PartitionError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mgcompile.runtime.kernel import Kernel

__all__ = ["check_block", "check_frame", "is_frame", "parts_of", "sampled"]


def is_frame(X: Any) -> bool:
    """Tell whether X is a Dask frame; pandas need not be installed for arrays."""
    return hasattr(X, "map_partitions") and hasattr(X, "_meta") and hasattr(X, "columns")


def parts_of(X: Any) -> list[Any]:
    """Return the partitions of a Dask frame or series as delayed values, cut as the user cut them.

    Dask's whole optimisation would join the small partitions of a file, more of them the fewer
    columns are read: a target would be cut otherwise than its inputs.
    """
    return list(X.simplify().to_delayed(optimize_graph=False))


def sampled(kernel: Kernel, X: Any) -> tuple[Any, bool]:
    """Return X with blocks of whole samples, once a kernel takes what it says it is.

    Args:
        kernel: With inputs.
        X: A Dask array (n, n_inputs) or a Dask frame.

    Returns:
        X, and whether the kernel gives a list of values.

    Raises:
        InputError: naming a wrong shape or wrong columns.
        InputTypeError: for another collection, or one that holds no numbers.
    """
    if not kernel.built.takes_data:
        message = "the kernel has no inputs, so there is nothing to map over blocks; call it"
        raise InputError(message)
    if is_frame(X):
        empty = X._meta  # noqa: SLF001 - Dask's own name for what the partitions look like
    else:
        X = _array(X, kernel.program.n_inputs)
        empty = np.empty((0, X.shape[1]), dtype=X.dtype)
    return X, isinstance(kernel(empty), list)


def _array(X: Any, width: int) -> Array:
    if not isinstance(X, Array):
        message = (
            f"X is {type(X).__name__}; give a Dask array (n, {width}) or a Dask frame, or call the "
            "kernel itself"
        )
        raise InputTypeError(message)
    if X.ndim != 2 or X.shape[1] != width:
        hint = "; write X[:, None]" if X.ndim == 1 and width == 1 else ""
        message = (
            f"X has shape {X.shape}, but the kernel has {width} inputs: give a Dask array "
            f"(n, {width}){hint}"
        )
        raise InputError(message)
    whole: Array = X if len(X.chunks[1]) == 1 else X.rechunk({1: -1})  # type: ignore[no-untyped-call]  # of Dask
    return whole


def check_frame(frame: Any, columns: Sequence[Any], dtypes: Sequence[Any], number: int) -> None:
    """Compare a partition with what the collection's metadata say of it.

    Raises:
        PartitionError: naming the partition and what differs.
    """
    if list(frame.columns) != list(columns):
        message = (
            f"partition {number} of X has the columns {list(frame.columns)}, but X says "
            f"{list(columns)}; read or make all partitions with the same columns in one order"
        )
        raise PartitionError(message)
    for label, found, said in zip(columns, frame.dtypes, dtypes, strict=True):
        if found != said:
            message = (
                f"partition {number} of X has dtype {found} in column {label!r}, but X says "
                f"{said}; convert it, as with X.astype({{{label!r}: {str(said)!r}}})"
            )
            raise PartitionError(message)


def check_block(block: Any, width: int, dtype: Any, number: int) -> None:
    """Compare a block of an array with what the array says of it, as `check_frame` does."""
    if block.shape[1:] != (width,) or block.dtype != dtype:
        message = (
            f"block {number} of X has shape {block.shape} and dtype {block.dtype}, but X says it "
            f"has {width} columns of {dtype}; make all blocks alike"
        )
        raise PartitionError(message)

"""Products with Hessians, and whole Hessians, of a kernel's program."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mgcompile.errors import InputError, OptionError
from mgcompile.runtime.arguments import InputNames, read_batch
from mgcompile.runtime.tables import as_array

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mgcompile.runtime.arguments import Batch
    from mgcompile.runtime.compiled_programs import Built

    Floats = NDArray[Any]

__all__ = ["chosen_source", "hessian", "product"]

# Numbers of a Hessian up to which all its columns are computed in one call.
_AT_ONCE = 4_000_000


def chosen_source(built: Built, wrt: str | None) -> str:
    """Return "inputs" or "params": what second derivatives are taken to.

    Raises:
        OptionError: if there is no such thing, or the kernel has several outputs.
    """
    chosen = built.source(wrt)
    if built.n_outputs != 1:
        message = f"second derivatives are of one output; the kernel has {built.n_outputs}"
        raise OptionError(message)
    return chosen


def product(
    built: Built, names: InputNames, source: str, batch: Batch, params: Floats, v: Any
) -> tuple[Any, Floats]:
    """Return the Hessian times `v`, as `Kernel.hvp` says, and as an array.

    Args:
        built: The kernel's programs.
        names: The inputs.
        source: What `chosen_source` gave.
        batch: The samples.
        params: Shape (n_params,).
        v: The vector, or one for every sample.
    """
    dtype = params.dtype
    if source == "params":
        made = _param_product(built, batch, params, _vector(v, len(params), dtype))
        return made, made
    count = len(names.labels)
    if isinstance(v, np.ndarray) and v.shape == (count,) and v.dtype.kind in "fiu":
        vectors = np.broadcast_to(as_array(v, "v").astype(dtype), (batch.count, count))
    else:
        found = read_batch(v, names, dtype, "v")
        if found.count not in (1, batch.count):
            message = f"v has {found.count} vectors, X has {batch.count} samples"
            raise InputError(message)
        vectors = np.broadcast_to(found.rows(), (batch.count, count))
    made = _input_product(built, batch, params, vectors)
    return batch.gradient(made), made


def hessian(built: Built, source: str, batch: Batch, params: Floats) -> Floats:
    """Return the whole Hessian, as `Kernel.hessian` says: a product for every unit vector."""
    dtype = params.dtype
    if source == "params":
        unit = np.eye(len(params), dtype=dtype)
        columns = [_param_product(built, batch, params, v) for v in unit]
        return np.stack(columns, axis=1) if columns else unit
    n = built.program.n_inputs
    unit = np.eye(n, dtype=dtype)
    if batch.count * n * n <= _AT_ONCE:
        # Every sample with every unit vector, in one call.
        points = np.hstack([np.repeat(batch.rows(), n, axis=0), np.tile(unit, (batch.count, 1))])
        (rows,) = built.executable("input_product")(points, batch.count * n, params)
        square = np.broadcast_to(rows, (batch.count * n, n)).reshape(batch.count, n, n)
        found = square.transpose(0, 2, 1).copy()
        return found[0] if batch.single else found
    vectors = [np.broadcast_to(v, (batch.count, len(v))) for v in unit]
    products = [_input_product(built, batch, params, v) for v in vectors]
    found = np.stack(products, axis=2)
    return found[0] if batch.single else found


def _vector(v: Any, count: int, dtype: np.dtype[Any]) -> Floats:
    array = as_array(v, "v")
    if array.shape != (count,) or array.dtype.kind not in "fiu":
        message = f"v has shape {array.shape}, dtype {array.dtype}; give {count} real numbers"
        raise InputError(message)
    return array.astype(dtype)


def _input_product(built: Built, batch: Batch, params: Floats, vectors: Floats) -> Floats:
    points = np.hstack([batch.rows(), vectors]).astype(params.dtype, copy=False)
    (found,) = built.executable("input_product")(points, batch.count, params)
    return batch.per_sample(found)


def _param_product(built: Built, batch: Batch, params: Floats, vector: Floats) -> Floats:
    doubled = np.concatenate([params, vector])
    (found,) = built.executable("param_product")(batch.inputs, batch.count, doubled)
    return found / params.dtype.type(max(1, batch.count)) if built.takes_data else found

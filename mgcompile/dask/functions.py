"""What a kernel computes, over the blocks of a Dask collection."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from dask.array import concatenate, from_delayed
from dask.delayed import delayed

from mgcompile.dask.blocks import mapped, of_each
from mgcompile.dask.reduction import added, tree
from mgcompile.dask.samples import is_frame, sampled
from mgcompile.dask.shipment import packed
from mgcompile.errors import InputError, OptionError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mgcompile.dask.shipment import Shipment
    from mgcompile.runtime.kernel import Kernel

    Floats = NDArray[Any]

__all__ = ["jacobian", "loss_and_grad", "value", "value_and_grad"]


def value(kernel: Kernel, X: Any) -> Any:
    """Return the values of a kernel for every sample, lazily.

    Args:
        kernel: With inputs; its parameters are taken as they are now.
        X: A Dask array (n, n_inputs), chunked as it likes, its length known or not; or a Dask frame
            of real numbers, read as a kernel reads frames: by its labels when one is an input's.

    Returns:
        A Dask array (n,) in the chunks of X, or for a frame a Dask series called "value" with its
        index; a list of them when the kernel's `outputs` was a list. In the kernel's dtype.

    Raises:
        InputError: naming what does not fit of the shape or the columns; in computing, a
            `PartitionError` names a partition that is not what X says.
        InputTypeError: for what is no Dask collection, or holds no real numbers.
        ShippingError: naming an op that does not pickle.
        ClusterError: in computing, if a worker has other versions or lacks an op.
    """
    X, several = sampled(kernel, X)
    count = kernel.built.n_outputs
    table = mapped(X, packed(kernel), _values, (count,), kernel.options.dtype)
    found = [_column(X, table, j) for j in range(count)]
    return found if several else found[0]


def value_and_grad(kernel: Kernel, X: Any) -> tuple[Any, Any]:
    """Return values and, per sample, their derivatives to the inputs, lazily.

    Computed together (`dask.compute(*value_and_grad(kernel, X))`, or written into one file), each
    block is run once.

    Args:
        kernel: As for `value`.
        X: As for `value`.

    Returns:
        The values, as `value` gives them, and d value/d input: a Dask array (n, n_inputs), or a
        frame with the columns and the index of X; a list of them when `outputs` was a list.

    Raises:
        InputError, InputTypeError, ShippingError, ClusterError: as for `value`.
    """
    X, several = sampled(kernel, X)
    count, width = kernel.built.n_outputs, 1 + kernel.program.n_inputs
    shipment = packed(kernel, ["inputs"])
    table = mapped(X, shipment, _values_and_gradients, (count * width,), kernel.options.dtype)
    values = [_column(X, table, width * j) for j in range(count)]
    gradients = [_columns(X, table, width * j + 1, width * (j + 1)) for j in range(count)]
    return (values, gradients) if several else (values[0], gradients[0])


def loss_and_grad(
    kernel: Kernel, X: Any, reduction: Literal["mean", "sum"] = "mean"
) -> tuple[Any, Any]:
    """Return the loss over all samples and its gradient to the parameters, lazily.

    Blocks are added up in a fixed tree, so the result depends on how X is cut, in the last digits,
    and on nothing else: any number of workers gives the same bits (processors of one kind, as
    kernels have the bits of their processor). A block without samples adds nothing.

    Args:
        kernel: Of one output, with inputs; its parameters are taken as they are now.
        X: As for `value`.
        reduction: "mean" or "sum" over the samples.

    Returns:
        Dask arrays: the loss, shape (), float64, and the gradient, shape (n_params,), in the
        kernel's dtype.

    Raises:
        OptionError: for a kernel of several outputs, or an unknown reduction.
        InputError: as for `value`; in computing, if there is no sample to take a mean of.
        InputTypeError, ShippingError, ClusterError: as for `value`.
    """
    if reduction not in ("mean", "sum"):
        message = f"reduction is {reduction!r}; it is 'mean' or 'sum'"
        raise OptionError(message)
    X, _ = sampled(kernel, X)
    parts = of_each(X, packed(kernel, ["loss"]), _loss)
    join = delayed(added, pure=True)
    made = delayed(partial(_reduced, reduction=reduction), pure=True)(join(tree(parts, join)))
    shape = (1 + kernel.program.n_params,)
    numbers = from_delayed(made, shape, dtype=np.float64)  # type: ignore[no-untyped-call]  # of Dask
    return numbers[0], numbers[1:].astype(kernel.options.dtype)


def jacobian(
    kernel: Kernel,
    X: Any,
    wrt: Literal["inputs", "params"] = "inputs",
    *,
    per_sample: bool = False,
) -> Any:
    """Return the derivatives of all outputs, lazily.

    Args:
        kernel: As for `value`.
        X: As for `value`.
        wrt: "inputs" or "params".
        per_sample: Whether the derivatives to parameters are each sample's own; else they are
            summed over the samples, in the fixed tree of `loss_and_grad`.

    Returns:
        To inputs: a Dask array (n, n_outputs, n_inputs); for a frame, a frame as `value_and_grad`
        gives it, or a list of them when `outputs` was a list. To params: a Dask array
        (n_outputs, n_params), or (n, n_outputs, n_params) with `per_sample`. Of an output that is
        no list there is no axis n_outputs.

    Raises:
        OptionError: for an impossible option.
        InputError, InputTypeError, ShippingError, ClusterError: as for `value`.
    """
    if wrt not in ("inputs", "params"):
        message = f"wrt is {wrt!r}; it is 'inputs' or 'params'"
        raise OptionError(message)
    X, several = sampled(kernel, X)
    count, dtype = kernel.built.n_outputs, kernel.options.dtype
    shipment = packed(kernel, [])  # workers compile, and check, what a Jacobian takes
    if wrt == "params":
        found = _to_params(kernel, X, shipment, per_sample=per_sample)
        return found if several else found[..., 0, :]
    width = kernel.program.n_inputs
    if not is_frame(X):
        found = mapped(X, shipment, partial(_jacobian, wrt=wrt), (count, width), dtype)
        return found if several else found[:, 0]
    table = mapped(X, shipment, _rows_of_frames, (count * width,), dtype)
    frames = [_columns(X, table, width * j, width * (j + 1)) for j in range(count)]
    return frames if several else frames[0]


def _to_params(kernel: Kernel, X: Any, shipment: Shipment, *, per_sample: bool) -> Any:
    """Return the Jacobian to parameters, always with an axis for the outputs."""
    shape = kernel.built.n_outputs, kernel.program.n_params
    dtype = kernel.options.dtype
    parts = of_each(X, shipment, partial(_jacobian, wrt="params", per_sample=per_sample))
    if not per_sample:
        join = delayed(added, pure=True)
        return from_delayed(join(tree(parts, join)), shape, dtype=dtype)  # type: ignore[no-untyped-call]  # of Dask
    counts = [np.nan] * len(parts) if is_frame(X) else X.chunks[0]
    blocks = [
        from_delayed(part, (count, *shape), dtype=dtype)  # type: ignore[no-untyped-call]  # of Dask
        for part, count in zip(parts, counts, strict=True)
    ]
    return concatenate(blocks, allow_unknown_chunksizes=True)  # type: ignore[no-untyped-call]  # of Dask


def _jacobian(kernel: Kernel, block: Any, *, wrt: Any, per_sample: bool = False) -> Floats:
    """Return the Jacobian of a block, always with an axis for the outputs."""
    found: Floats = kernel.jacobian(block, wrt, per_sample=per_sample)
    own = wrt == "inputs" or per_sample
    return found if found.ndim == 2 + own else found[..., None, :]


def _rows_of_frames(kernel: Kernel, frame: Any) -> Floats:
    found = kernel.jacobian(frame, "inputs")
    frames = found if isinstance(found, list) else [found]
    return np.hstack([np.asarray(part) for part in frames])


def _values(kernel: Kernel, block: Any) -> Floats:
    found = kernel(block)
    return np.stack(found, axis=1) if isinstance(found, list) else found[:, None]


def _values_and_gradients(kernel: Kernel, block: Any) -> Floats:
    values, gradients = kernel.value_and_grad(block)
    if not isinstance(values, list):
        values, gradients = [values], [gradients]
    parts = [
        part
        for value, gradient in zip(values, gradients, strict=True)
        for part in (value[:, None], np.asarray(gradient))
    ]
    return np.hstack(parts)


def _loss(kernel: Kernel, block: Any) -> Floats:
    """Return how many samples a block has, the sum of their losses, and its gradient."""
    loss, gradient = kernel.loss_and_grad(block, reduction="sum")
    return np.concatenate([[len(block), loss], gradient], dtype=np.float64)


def _reduced(total: Floats, reduction: str) -> Floats:
    """Return loss and gradient of what `_loss` gave, added up."""
    count, numbers = total[0], total[1:]
    if reduction == "sum":
        return numbers
    if not count:
        message = "X has no samples, so there is no mean loss; use reduction='sum'"
        raise InputError(message)
    mean: Floats = numbers / count
    return mean


def _column(X: Any, table: Any, place: int) -> Any:
    """Return a column of a table that `mapped` gave, as values are given."""
    return table[str(place)].rename("value") if is_frame(X) else table[:, place]


def _columns(X: Any, table: Any, first: int, last: int) -> Any:
    """Return columns of such a table, as gradients are given."""
    if not is_frame(X):
        return table[:, first:last]
    names = [str(j) for j in range(first, last)]
    return table[names].rename(columns=dict(zip(names, X.columns, strict=True)))

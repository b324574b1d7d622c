"""Kernels over Dask arrays and frames, lazily, block by block; needs the extra `dask`.

`value`, `value_and_grad` and `jacobian` map a kernel over the blocks; `loss_and_grad` adds up over
all of them, in a tree that depends on the blocks alone: the result has the same bits on any number
of workers. Frames give frames with their own columns and index.

A kernel is sent with its parameters as they are when one of these functions is called. On a cluster
it travels small, and is compiled once in each worker process, or not at all where the processor is
that of the client.
"""

try:
    import dask.array  # noqa: F401 - asked for first, to name the extra
except ImportError as error:
    message = f'mgcompile.dask needs Dask ({error}); pip install "mgcore[dask]"'
    raise ImportError(message) from error

from mgcompile.dask.functions import jacobian, loss_and_grad, value, value_and_grad

__all__ = ["jacobian", "loss_and_grad", "value", "value_and_grad"]

"""Run a kernel on every block of a Dask array or frame; each block gives one table of numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
import numpy as np
from dask.delayed import delayed

from mgcompile.dask.samples import check_block, check_frame, is_frame, parts_of
from mgcompile.dask.shipment import opened

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from mgcompile.dask.shipment import Shipment
    from mgcompile.runtime.kernel import Kernel

    Floats = NDArray[Any]
    Run = Callable[[Kernel, Any], Floats]

__all__ = ["Blocks", "constant", "of_each"]


@attrs.frozen(slots=True)
class Blocks:
    """What X says its blocks are, and what runs on each of them.

    Args:
        run: Gives the numbers of a block, an array, from a kernel and the block.
        columns: Of a frame, else how many columns an array has.
        dtypes: Of a frame's columns, or the one of an array.
    """

    run: Run
    columns: Any
    dtypes: Any

    def numbers(self, shipment: Shipment, block: Any, number: int) -> Floats:
        """Return the numbers of block `number`, once it is what X says.

        Raises:
            PartitionError: if it is not.
        """
        if isinstance(self.columns, int):
            check_block(block, self.columns, self.dtypes, number)
        else:
            check_frame(block, self.columns, self.dtypes, number)
        return self.run(opened(shipment), block)

    def of_array(self, block: Any, shipment: Shipment, block_info: Any = None) -> Floats:
        """Return the numbers of a block as `dask.array.map_blocks` asks for them."""
        number = block_info[0]["chunk-location"][0] if block_info else 0
        return self.numbers(shipment, block, number)

    def of_frame(
        self, frame: Any, shipment: Shipment, names: Sequence[str], partition_info: Any = None
    ) -> Any:
        """Return the numbers of a partition as a frame with its index."""
        number = partition_info["number"] if partition_info else 0
        found = self.numbers(shipment, frame, number)
        return type(frame)(found, index=frame.index, columns=names)


def blocks_of(X: Any, run: Run) -> Blocks:
    """Return what runs on the blocks of X."""
    if is_frame(X):
        return Blocks(run, tuple(X.columns), tuple(X.dtypes))
    return Blocks(run, X.shape[1], X.dtype)


def constant(shipment: Shipment) -> Any:
    """Return a shipment as one node of a graph, which all blocks share and no task repeats."""
    return delayed(_itself, pure=True)(shipment, dask_key_name=shipment.name)


def _itself(shipment: Shipment) -> Shipment:
    return shipment


def mapped(X: Any, shipment: Shipment, run: Run, shape: tuple[int, ...], dtype: Any) -> Any:
    """Return numbers for every sample, lazily: a Dask array (n, *shape), or a frame for a frame.

    Args:
        X: As `sampled` gave it.
        shipment: The kernel.
        run: Gives the numbers of a block, shape (samples, *shape).
        shape: Of a sample's numbers; one number stands for a frame's columns, called "0", "1" ...
        dtype: Of the numbers.
    """
    blocks, kernel = blocks_of(X, run), constant(shipment)
    if is_frame(X):
        names = [str(j) for j in range(shape[0])]
        empty = X._meta  # noqa: SLF001 - Dask's own name for what the partitions look like
        meta = type(empty)(np.empty((0, *shape), dtype), index=empty.index, columns=names)
        return X.map_partitions(blocks.of_frame, kernel, names, meta=meta)
    return X.map_blocks(
        blocks.of_array,
        shipment=kernel,
        dtype=dtype,
        meta=np.empty((0,) * (1 + len(shape)), dtype),
        chunks=(X.chunks[0], *((size,) for size in shape)),
        new_axis=list(range(2, 1 + len(shape))) or None,
    )


def of_each(X: Any, shipment: Shipment, run: Run) -> list[Any]:
    """Return an array for each block of X, as delayed values in the order of the blocks."""
    blocks, kernel = blocks_of(X, run), constant(shipment)
    parts = parts_of(X) if is_frame(X) else X.to_delayed().ravel().tolist()
    task = delayed(blocks.numbers, pure=True)
    return [task(kernel, part, number) for number, part in enumerate(parts)]

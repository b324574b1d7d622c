"""Name the slots of the block of 64-bit words that describes a training run.

==============  ================================================================================
slot            content
==============  ================================================================================
COUNT           number of samples of the data set
BATCH           samples of an update; the last batch of an epoch may be smaller
EPOCHS          number of epochs
ORDERS          address of the samples' order of each epoch, i64; 0: as they come
STATE           address of the optimiser's state, one row of n_params after the other
RATES           address of the first update's learning rate, float64
RATE_EPOCH      bytes from the rate of an update to that of the same one in the next epoch
RATE_UPDATE     bytes from the rate of an update to that of the next one
LOSSES          address for the mean loss of each epoch, float64
POWERS          address of two float64 for each epoch: Adam's beta1 and beta2 to the power of the
                updates done before
==============  ================================================================================
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mgcompile.backends.llvm.ir.function_builder import Writer

__all__ = ["TRAINING_RUN", "training_slot"]

TRAINING_RUN = (
    "COUNT",
    "BATCH",
    "EPOCHS",
    "ORDERS",
    "STATE",
    "RATES",
    "RATE_EPOCH",
    "RATE_UPDATE",
    "LOSSES",
    "POWERS",
)


def training_slot(writer: Writer, name: str, kind: str = "i64") -> str:
    """Return the content of a slot of the block in ``%training``."""
    place = writer.offset("%training", 8 * TRAINING_RUN.index(name))
    return writer.load(kind, place, 8)

"""Name the slots of the block of 64-bit words through which a caller and a kernel's code talk.

=============  ==================================================================================
slot           content
=============  ==================================================================================
COUNT          number of samples
PARAMS         address of the parameters
CONSTS         address of the constants
TABLES         address of the index tables, i32
SHARED         address of the area of unbatched arrays
SUMS           address of the area of sums over the batch, one for each chunk
STORE          address of the area of batched arrays that live longer than a phase
MATRIX         address of X; 0 when the inputs come as columns
ROW, COLUMN    bytes from one sample, one input, to the next in X
COLUMNS        address of pairs of words for each input: address, bytes from one sample to the next
ORDER          address of the samples' numbers, i64; 0: as they come
BEGIN          number of the first sample, within ORDER when there is one
OUTPUTS        address of three words for each output: address, bytes between samples and elements
TICKETS        counts arrivals of threads at barriers
SCRATCH        address of the first thread's own area
UPDATES        1 while wide products update the parameters themselves
FACTOR         what they multiply the gradient of the sum by, float64
KEEP           what they multiply the parameter by, float64
PATIENCE       mini-batches and chunks until the training loop lets Python handle signals
LISTENER       address of the Python callable that does so and returns the next patience
RELEASED       the thread state of the first thread, which it takes the GIL with
STOP           1 when a signal's handler raised: the update at work is given up
PYTHON         address of a table of what the code needs of CPython and NumPy
BUSY           1 while the function for CPython is at work
NAN            1 when a derivative that was handed over is NaN
CLAIMS         counts the chunks that threads took beyond their first ones, and tried to
LEFT           counts the threads that have left the code
GATE           0 until the caller's own thread is in the code, then 1; 2 where it never will be
=============  ==================================================================================
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mgcompile.backends.llvm.ir.function_builder import Index, Writer

__all__ = ["SLOTS", "slot", "slot_address"]

SLOTS = (
    "COUNT",
    "PARAMS",
    "CONSTS",
    "TABLES",
    "SHARED",
    "SUMS",
    "STORE",
    "MATRIX",
    "ROW",
    "COLUMN",
    "COLUMNS",
    "ORDER",
    "BEGIN",
    "OUTPUTS",
    "TICKETS",
    "SCRATCH",
    "UPDATES",
    "FACTOR",
    "KEEP",
    "PATIENCE",
    "LISTENER",
    "RELEASED",
    "STOP",
    "PYTHON",
    "BUSY",
    "NAN",
    "CLAIMS",
    "LEFT",
    "GATE",
)


def slot_address(writer: Writer, name: str) -> str:
    """Return a pointer to a slot of the block in ``%context``."""
    return writer.offset("%context", 8 * SLOTS.index(name))


def slot(writer: Writer, name: str, kind: str = "i64") -> Index:
    """Return the content of a slot: an i64, or with `kind="ptr"` an address."""
    return writer.load(kind, slot_address(writer, name), 8)

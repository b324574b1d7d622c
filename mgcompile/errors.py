"""Name everything that can go wrong between a recorded graph and its kernel."""

from __future__ import annotations

from mgcore import MgcoreError

__all__ = [
    "BackendNotFoundError",
    "CacheWarning",
    "ClusterError",
    "CompileError",
    "ExportError",
    "InputError",
    "InputTypeError",
    "InvalidProgramError",
    "KernelFileError",
    "LeafError",
    "MiscompiledError",
    "NotFiniteError",
    "OperandCountError",
    "OptionError",
    "PartitionError",
    "PythonCallbackWarning",
    "RecordingError",
    "ShippingError",
    "SymbolError",
    "TraceError",
    "UndefinedResultWarning",
    "UnusedInputError",
]


class CompileError(MgcoreError):
    """Base of every error that the compiler raises."""


class InvalidProgramError(CompileError, AssertionError):
    """A program breaks a rule of the representation: a fault of the compiler itself."""


class MiscompiledError(CompileError, AssertionError):
    """What was compiled does not compute the recorded graph; it is not handed out.

    Attributes:
        script: A small program that raises the error again, ready to send; "" when there is none.
    """

    def __init__(self, message: str, script: str = "") -> None:
        super().__init__(message)
        self.script = script


class SymbolError(CompileError, TypeError):
    """A rule needs the value of its operand, which a compiler does not have."""


class TraceError(CompileError, TypeError):
    """A function that is traced asks a symbol for its value, or keeps one beyond its call."""


class BackendNotFoundError(CompileError, LookupError):
    """No backend has the name that was asked for, or it does not load."""


class LeafError(CompileError, ValueError):
    """`inputs` or `params` has something that is no leaf of the graph, or has it twice."""


class UnusedInputError(CompileError, ValueError):
    """The outputs do not depend on an input."""


class RecordingError(CompileError, ValueError):
    """One recorded sample of a model does not stand for all: it looks at numbers, or draws some."""


class OperandCountError(CompileError, ValueError):
    """An op has more operands than its rules can be written out for."""


class OptionError(CompileError, ValueError):
    """An option has a value that it cannot have."""


class InputError(CompileError, ValueError):
    """The data given to a kernel do not fit: number of columns, lengths, labels, shape."""


class InputTypeError(CompileError, TypeError):
    """The data given to a kernel are no real numbers."""


class NotFiniteError(CompileError, FloatingPointError):
    """Checks are on, and a parameter or a result is infinite or NaN."""


class ExportError(CompileError, ValueError):
    """A kernel cannot be written as C: an op's rule needs Python, or the file's kind is unknown."""


class KernelFileError(CompileError, ValueError):
    """A file does not hold a kernel, or one that this version cannot read."""


class ShippingError(CompileError, TypeError):
    """A kernel cannot be sent to another process: one of its ops does not pickle."""


class ClusterError(CompileError, ConnectionError):
    """A Dask client is gone, or a worker has other versions or lacks an op."""


class PartitionError(InputError):
    """A partition of a Dask collection does not fit: its columns or dtypes, or it has no rows."""


class CacheWarning(UserWarning):
    """Compiled objects are not kept, since others could write into their folder."""


class PythonCallbackWarning(UserWarning):
    """A kernel calls Python for every sample, as an op's rule gives no machine code."""


class UndefinedResultWarning(RuntimeWarning):
    """A rule that a kernel calls back had no value for some operands: NaN stands there."""

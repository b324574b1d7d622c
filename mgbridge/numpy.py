"""Registered ops as ufuncs of NumPy, in native code.

What comes back is a `numpy.ufunc` like NumPy's own: it broadcasts, takes ``out=``, ``where=`` and
``dtype=``, and one of two operands has ``reduce``, ``accumulate`` and ``outer``.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from mgbridge.errors import NotBridgedError, missing

try:
    from mgbridge.sources import op_source, the_op
    from mgcompile.backends.llvm.runtime.ufunc_loop import make_ufunc
    from mgcompile.support.cache_dir import cache_folder
    from mgcompile.support.op_traits import shipped_name
except ModuleNotFoundError as error:
    raise missing("numpy", "compile", error) from error

if TYPE_CHECKING:
    import numpy as np

    from mgcore import Op

__all__ = ["ufunc"]

_IDENTITIES = {
    "add": "0",
    "mul": "1",
    "maximum": "none, reorderable",
    "minimum": "none, reorderable",
}
"""What reducing nothing gives, and whether the order matters; of other ops it does."""


def ufunc(op: str | Op) -> np.ufunc:
    """Return a registered op as a ufunc.

    Args:
        op: Its name, such as "tanh", or the op; one with a fixed number of operands.

    Returns:
        A `numpy.ufunc` with as many operands, and loops for float64 and float32, which NumPy
        chooses between and casts to as for its own. Infinities and NaN are results, without a
        warning. It cannot be pickled.

    Raises:
        UnknownOpError: if no plugin has the op.
        NotBridgedError: if it takes any number of operands, or its rule has to be run by Python.
    """
    return _ufunc(the_op(op))


@functools.cache  # NumPy keeps a ufunc as long as the process
def _ufunc(op: Op) -> np.ufunc:
    source = op_source(op)
    about = f"{op.name}({', '.join(source.operands)}): {source.doc}\n\nAn op of mgcore."
    identity = _IDENTITIES.get(shipped_name(op) or "", "none")
    made = make_ufunc(source.kernel.program, op.name, about, identity, cache_folder())
    if made is None:
        message = (
            f"the rule of {op.name} cannot be traced, so Python would run it for every element; "
            "write it with operators and mgcore.ops, or use numpy.vectorize"
        )
        raise NotBridgedError(message)
    return made

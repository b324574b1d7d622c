"""Name the functions of NumPy and SciPy that mean the same as an op."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["array_peer"]

_OTHER_NAMES = {
    "acos": "arccos",
    "acosh": "arccosh",
    "asin": "arcsin",
    "asinh": "arcsinh",
    "atan": "arctan",
    "atan2": "arctan2",
    "atanh": "arctanh",
    "digamma": "psi",
    "lgamma": "gammaln",
    "logsumexp": "logaddexp",
    "normal_cdf": "ndtr",
    "normal_logcdf": "log_ndtr",
    "normal_quantile": "ndtri",
    "pow": "power",
    "sigmoid": "expit",
}


def array_peer(name: str, arity: int) -> np.ufunc | None:
    """Return the ufunc of NumPy or else of SciPy with an op's meaning, or None.

    Args:
        name: the op's name.
        arity: how many operands it is to have.
    """
    from scipy import special

    other = _OTHER_NAMES.get(name, name)
    found: Any = getattr(np, other, None) or getattr(special, other, None)
    return found if isinstance(found, np.ufunc) and found.nin == arity else None

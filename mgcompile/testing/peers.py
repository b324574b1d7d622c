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


def array_peer(name: str, arity: int) -> Any:
    """Return the ufunc of NumPy or else of SciPy with an op's meaning, or None.

    Args:
        name: the op's name.
        arity: how many operands it is to have.
    """
    from scipy import special

    if name == "zeta":
        return special.zeta  # a function around a ufunc
    other = _OTHER_NAMES.get(name, name)
    for module in (np, special):
        found: Any = getattr(module, other, None)
        if isinstance(found, np.ufunc) and found.nin == arity:
            return found
    return None

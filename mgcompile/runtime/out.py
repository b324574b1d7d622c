"""Results that go to arrays which the caller gives, as `out=` of NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np

from mgcompile.errors import InputError, InputTypeError

__all__ = ["fill", "fill_both"]

_PAIR = 2


def fill(out: Any, found: Any, several: bool = False, what: str = "out") -> Any:
    """Write results to `out` and return it.

    The results are ready before the first is written, so that `out` may be X.

    Args:
        out: An array of the result's shape, or with `several` a sequence of them or an array of
            one axis more.
        found: A result, or with `several` a sequence of them.
        several: Whether there is a result for each output.
        what: What errors call `out`.

    Raises:
        InputError: if a shape does not fit.
        InputTypeError: if it is no array, read-only, or of a dtype that cannot hold the numbers.
    """
    if not several:
        _check(out, found, what)
        np.copyto(out, found, casting="same_kind")
        return out
    if not isinstance(out, (list, tuple, np.ndarray)) or len(out) != len(found):
        message = f"{what} has to be a sequence of {len(found)} arrays, one for each output"
        raise InputError(message)
    parts = [out[i, ...] for i in range(len(out))] if isinstance(out, np.ndarray) else out
    for place, (part, result) in enumerate(zip(parts, found, strict=True)):
        _check(part, result, f"{what}[{place}]")
    for part, result in zip(parts, found, strict=True):
        np.copyto(part, result, casting="same_kind")
    return out


def fill_both(out: Any, found: tuple[Any, Any], several: bool) -> tuple[Any, Any]:
    """Write values and gradients to the two parts of `out`."""
    if not isinstance(out, (list, tuple)) or len(out) != _PAIR:
        message = "out of value_and_grad has to be a pair: arrays for values and for gradients"
        raise InputError(message)
    values, gradients = out
    return fill(values, found[0], several, "out[0]"), fill(gradients, found[1], several, "out[1]")


def _check(out: Any, found: Any, what: str) -> None:
    result = np.asarray(found)
    if not isinstance(out, np.ndarray):
        message = f"{what} is {type(out).__name__}; give an array of shape {result.shape}"
        raise InputTypeError(message)
    if out.shape != result.shape:
        message = f"{what} has shape {out.shape}, the result {result.shape}"
        raise InputError(message)
    if not out.flags.writeable:
        message = f"{what} is read-only; give an array that may be written to"
        raise InputTypeError(message)
    if not np.can_cast(result.dtype, out.dtype, "same_kind"):
        message = f"{what} has dtype {out.dtype}, which cannot hold {result.dtype}"
        raise InputTypeError(message)

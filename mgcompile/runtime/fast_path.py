"""The shortest ways through a kernel's programs, for calls that take about a microsecond.

A kernel asks the shortcut first in every call. It answers None to what it does not take (columns,
other dtypes, wrong shapes, a backend without any), and the call goes the long way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mgcompile.backends.interface import Shortcut
    from mgcompile.runtime.compiled_programs import Built

__all__ = ["Shortcuts", "in_dtype"]


@attrs.define(slots=True, eq=False)
class Shortcuts:
    """The shortcut of each kind of program; None until it is opened, which compiles the program.

    Args:
        built: The kernel's programs.
        usable: Whether there are any: checks of results take the long way.
        several: Whether `outputs` was a list.
        recorded: The data set recorded into the graph, shape (n, n_inputs), of a kernel without X.
    """

    built: Built
    usable: bool
    several: bool
    recorded: NDArray[Any] | None
    forward: Shortcut | None = None
    inputs: Shortcut | None = None
    loss: Shortcut | None = None

    def open(self, kind: str) -> Shortcut:
        """Return the shortcut of a kind of program ("forward", "inputs" or "loss"), found now."""
        listed = self.several and kind != "loss"
        if not self.usable or (listed and (kind == "inputs" or self.built.n_outputs == 1)):
            setattr(self, kind, _none)
            return _none
        executable = self.built.executable(kind)
        settled = getattr(executable, "settled", True)  # asked first: another thread may settle it
        found = self._in_form(getattr(executable, "shortcut", None) or _none, listed=listed)
        if settled:
            setattr(self, kind, found)
        return found

    def _in_form(self, found: Shortcut, *, listed: bool) -> Shortcut:
        if self.recorded is not None:
            found = _without_data(found, self.recorded)
        return _listed(found) if listed else found


def in_dtype(X: Any, dtype: np.dtype[Any]) -> NDArray[Any] | None:
    """Return an array of another real dtype in a kernel's, for its shortcut to try; else None.

    A few rows of float32 in a kernel of float64 then cost their conversion alone.
    """
    if type(X) is not np.ndarray or X.dtype == dtype or X.dtype.kind not in "fiu":
        return None
    return X.astype(dtype)


def _none(X: Any, params: NDArray[Any], mean: bool) -> None:  # noqa: ARG001 - it takes no call
    return None


def _without_data(run: Shortcut, rows: NDArray[Any]) -> Shortcut:
    """Take calls without X; the loss of a recorded data set is the mean that the user wrote."""

    def take(X: Any, params: NDArray[Any], mean: bool) -> Any:  # noqa: ARG001 - see above
        return run(rows, params, False) if X is None else None

    return take


def _listed(run: Shortcut) -> Shortcut:
    """Give values as a list with an item for each output, of which there are several."""

    def take(X: Any, params: NDArray[Any], mean: bool) -> Any:
        values = run(X, params, mean)
        if values is None:
            return None
        return values.tolist() if values.ndim == 1 else list(values.T)

    return take

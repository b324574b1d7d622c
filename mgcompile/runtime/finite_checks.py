"""Refuse NaN and infinity in parameters and results, where a kernel was compiled with checks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from mgcompile.errors import NotFiniteError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mgcompile.runtime.arguments import Batch
    from mgcompile.runtime.nan_trace import Recording

    Floats = NDArray[Any]

__all__ = ["Checks"]


@attrs.frozen(slots=True, eq=False)
class Checks:
    """Whether a kernel's checks are on, and what they need to name a culprit.

    Args:
        on: Whether anything is checked.
        labels: Of the parameters.
        recording: The graph, to follow NaN and infinity in; a kernel from a file has none.
    """

    on: bool
    labels: tuple[str, ...]
    recording: Recording | None

    def check_params(self, params: Floats) -> None:
        """Raise NotFiniteError naming the first parameter that is NaN or infinite."""
        if not self.on or np.all(finite := np.isfinite(params)):
            return
        place = int(np.flatnonzero(~finite)[0])
        label = self.labels[place]
        message = (
            f"parameter {place}{f' ({label!r})' if label else ''} is {params[place]} (checks "
            "are on); set kernel.params to finite numbers"
        )
        raise NotFiniteError(message)

    def check_result(
        self, result: Any, what: str, batch: Batch, params: Floats, *, per_sample: bool = True
    ) -> None:
        """Raise NotFiniteError when a result is NaN or infinite, and say where it became so.

        Args:
            result: Numbers; with `per_sample` a row for each sample, else of all samples together.
            what: What the message calls it.
            batch: The samples.
            params: The parameters it was computed with.
            per_sample: Whether a row of the result tells which sample is to blame.
        """
        if not self.on or np.all(finite := np.isfinite(result)):
            return
        self.check_params(params)
        message = f"{what} is infinite or NaN (checks are on), with finite parameters"
        if self.recording is None:
            message = f"{message}; look at X"
            raise NotFiniteError(message)
        rows = batch.rows()
        suspects = np.arange(len(rows))
        if per_sample and len(result) == len(rows):
            suspects = np.flatnonzero(~finite.reshape(len(rows), -1).all(axis=1))
        account = self.recording.account(rows, suspects.tolist(), params)
        message = f"{message}; {account}"
        raise NotFiniteError(message)

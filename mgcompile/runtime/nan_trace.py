"""Follow a kernel that returned NaN: evaluate the sample again, eagerly, and say where."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from mgcore import diagnose

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy as np
    from numpy.typing import NDArray

    from mgcore import Value

    Floats = NDArray[np.floating]

__all__ = ["Recording"]

_MOST_SAMPLES = 1000


@attrs.frozen(slots=True, eq=False)
class Recording:
    """The graph that a kernel was made from.

    Args:
        roots: Outputs.
        inputs: Leaves that are columns.
        params: Leaves that are parameters.
    """

    roots: tuple[Value, ...]
    inputs: tuple[Value, ...]
    params: tuple[Value, ...]

    def account(self, rows: Floats, suspects: Iterable[int], params: Floats) -> str:
        """Return in which of the suspected samples, and at which op, numbers cease to be finite.

        Args:
            rows: Samples, shape (n, n_inputs).
            suspects: Places in `rows`, the likeliest first.
            params: Values of the parameters.
        """
        numbers = dict(zip(self.params, params.tolist(), strict=True))
        for tried, place in enumerate(suspects):
            if tried == _MOST_SAMPLES:
                break
            numbers.update(zip(self.inputs, rows[place].tolist(), strict=True))
            for root in self.roots:
                if text := diagnose(root, numbers):
                    return f"sample {place}, evaluated again by the eager engine: {text}"
        return "evaluated again by the eager engine in float64, the samples stay finite"

"""Run the short form of a program, and the exact one where that says that it does not know.

By convention a factor of exactly 0 ends what lies below it, even infinity or NaN; looking for such
factors takes time in every product. A program of derivatives along a direction can do without: they
are linear in the direction, so what is NaN on the way makes the result NaN. Where results are
finite they are right.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from mgcompile.backends.interface import Executable

    Floats = NDArray[Any]

__all__ = ["Guarded"]


@attrs.define(slots=True, eq=False)
class Guarded:
    """An executable of one result, in two forms.

    Args:
        quick: Gives NaN where a product of 0 and what is not finite decides.
        exact: Builds the executable that does not, when it is first needed.
    """

    quick: Executable
    exact: Callable[[], Executable]
    _shortcut: Any = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        """Look up the shortest way through the program."""
        self._shortcut = getattr(self.quick, "shortcut", None)

    @property
    def calls_back(self) -> bool:
        """Tell whether rules run in Python meanwhile."""
        return bool(getattr(self.quick, "calls_back", False))

    def __call__(self, inputs: Any, count: int, params: Floats) -> tuple[Floats, ...]:
        """Run the program once over all samples (see `mgcompile.backends.interface.Executable`)."""
        found = None
        if self._shortcut is not None and type(inputs) is np.ndarray:
            found = self._shortcut(inputs, params, False)
        if found is None:
            (found,) = self.quick(inputs, count, params)
        if np.count_nonzero(np.isfinite(found)) == found.size:  # sooner than .all()
            return (found,)
        return self.exact()(inputs, count, params)

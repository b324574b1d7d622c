"""Run the short form of a program, and the exact one where that says that it does not know.

By convention a factor of exactly 0 ends what lies below it, even infinity or NaN; looking for such
factors takes time in every product. A program of derivatives along a direction can do without: they
are linear in the direction, so what is NaN on the way makes the result NaN. Where results are
finite they are right.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from mgcompile.backends.interface import Executable, Shortcut

    Floats = NDArray[Any]

__all__ = ["Guarded"]


@attrs.define(slots=True, eq=False)
class Guarded:
    """An executable in two forms, whose last result is of derivatives along a direction.

    Args:
        quick: Gives NaN where a product of 0 and what is not finite decides.
        build_exact: Builds the executable that does not, when it is first needed.
    """

    quick: Executable
    build_exact: Callable[[], Executable]
    _exact: Executable | None = attrs.field(init=False, default=None)
    _shortcut: Any = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        """Look up the shortest way through the program."""
        self._shortcut = getattr(self.quick, "shortcut", None)

    @property
    def exact(self) -> Executable:
        """The executable that knows everywhere."""
        if self._exact is None:
            self._exact = self.build_exact()
        return self._exact

    @property
    def calls_back(self) -> bool:
        """Tell whether rules run in Python meanwhile."""
        return bool(getattr(self.quick, "calls_back", False))

    @property
    def shortcut(self) -> Shortcut | None:
        """The shortest way through either; None where the quick form has none."""
        way = self._shortcut
        if way is None:
            return None

        def take(X: Any, params: Floats, mean: bool) -> Any:
            found = way(X, params, mean)
            if found is None or _finite(found[-1] if type(found) is tuple else found):
                return found
            exact = getattr(self.exact, "shortcut", None)
            return None if exact is None else exact(X, params, mean)

        return take

    def __call__(self, inputs: Any, count: int, params: Floats) -> tuple[Floats, ...]:
        """Run the program once over all samples (see `mgcompile.backends.interface.Executable`)."""
        found = None
        if self._shortcut is not None and type(inputs) is np.ndarray:
            found = self._shortcut(inputs, params, False)
        if found is None:
            results = self.quick(inputs, count, params)
        elif type(found) is tuple:
            results = tuple([np.reshape(result, (count, -1)) for result in found])
        else:
            results = (found,)
        return results if _finite(results[-1]) else self.exact(inputs, count, params)


def _finite(found: Floats) -> bool:
    if found.size == 1:
        return math.isfinite(found.item())
    return bool(np.count_nonzero(np.isfinite(found)) == found.size)  # sooner than .all()

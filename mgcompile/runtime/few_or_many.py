"""Choose by the number of samples between two forms of a program.

One puts a sample into each lane of a vector: of few samples most lanes are idle. The other puts
neighbouring elements of one sample there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from mgcompile.backends.interface import Executable, Shortcut

    Floats = NDArray[Any]

__all__ = ["FewOrMany"]


@attrs.define(slots=True, eq=False)
class FewOrMany:
    """An executable that runs one of two, by the number of samples.

    Args:
        many: For any number.
        build: Makes, and checks, the one for few; asked when it is first needed.
        most: Up to how many are few.
    """

    many: Executable
    build: Callable[[], Executable]
    most: int
    _few: Executable | None = attrs.field(init=False, default=None)

    @property
    def calls_back(self) -> bool:
        """Tell whether rules run in Python meanwhile."""
        return bool(getattr(self.many, "calls_back", False))

    @property
    def few(self) -> Executable:
        """The executable for few samples."""
        if self._few is None:
            self._few = self.build()
        return self._few

    @property
    def shortcut(self) -> Shortcut | None:
        """The shortest way through either; None where the usual one has none."""
        usual: Shortcut | None = getattr(self.many, "shortcut", None)
        if usual is None:
            return None

        def take(X: Any, params: Floats, mean: bool) -> Any:
            if type(X) is np.ndarray and (X.ndim == 1 or 0 < len(X) <= self.most):
                way: Shortcut | None = getattr(self.few, "shortcut", None)
                return None if way is None else way(X, params, mean)
            return usual(X, params, mean)

        return take

    def __call__(self, inputs: Any, count: int, params: Floats) -> tuple[Floats, ...]:
        """Run the program once over all samples (see `mgcompile.backends.interface.Executable`)."""
        run = self.few if 0 < count <= self.most else self.many
        return run(inputs, count, params)

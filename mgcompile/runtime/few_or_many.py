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

    Either is made, and checked, when it is first needed: who asks for one sample at a time never
    waits for the other form.

    Args:
        build_many: Makes the one for any number.
        build_few: Makes the one for few.
        most: Up to how many are few.
    """

    build_many: Callable[[], Executable]
    build_few: Callable[[], Executable]
    most: int
    _many: Executable | None = attrs.field(init=False, default=None)
    _few: Executable | None = attrs.field(init=False, default=None)

    @property
    def many(self) -> Executable:
        """The executable for any number of samples."""
        if self._many is None:
            self._many = self.build_many()
        return self._many

    @property
    def few(self) -> Executable:
        """The executable for few samples."""
        if self._few is None:
            self._few = self.build_few()
        return self._few

    @property
    def shortcut(self) -> Shortcut:
        """The shortest way through either; it takes no call that the form has none for."""
        ways: dict[bool, Shortcut | None] = {}

        def take(X: Any, params: Floats, mean: bool) -> Any:
            is_array = type(X) is np.ndarray
            if not is_array and self._many is None:
                return None  # the long way counts the samples
            few = is_array and (X.ndim == 1 or 0 < len(X) <= self.most)
            if few not in ways:
                ways[few] = getattr(self.few if few else self.many, "shortcut", None)
            way = ways[few]
            return None if way is None else way(X, params, mean)

        return take

    def __call__(self, inputs: Any, count: int, params: Floats) -> tuple[Floats, ...]:
        """Run the program once over all samples (see `mgcompile.backends.interface.Executable`)."""
        run = self.few if 0 < count <= self.most else self.many
        return run(inputs, count, params)

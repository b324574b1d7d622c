"""Choose by the number of samples between two forms of a program.

One puts a sample into each lane of a vector: of few samples most lanes are idle. The other puts
neighbouring elements of one sample there.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from mgcompile.backends.interface import Door, Executable, Shortcut

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
    _door: Door | None = attrs.field(init=False, default=None)
    _lock: Any = attrs.field(init=False, factory=threading.Lock)

    @property
    def many(self) -> Executable:
        """The executable for any number of samples."""
        if self._many is None:
            made = self.build_many()
            with self._lock:
                self._open(made, self.most, None)
                self._many = made
        return self._many

    @property
    def few(self) -> Executable:
        """The executable for few samples."""
        if self._few is None:
            made = self.build_few()
            with self._lock:
                self._open(made, 0, self.most)
                self._few = made
        return self._few

    def _open(self, made: Executable, below: int, most: int | None) -> None:
        """Enter by the form that was made first; that one hands on what the other is for."""
        if self._door is not None:
            self._door.lead_to(made)
        elif not self.settled:
            door = getattr(made, "door", None)
            self._door = None if door is None else door(below, most)

    @property
    def settled(self) -> bool:
        """Whether `shortcut` gives the same from now on."""
        return self._many is not None or self._few is not None

    @property
    def shortcut(self) -> Shortcut:
        """The shortest way through either; it takes no call that the form has none for."""
        return self._take if self._door is None else self._door.shortcut

    def _take(self, X: Any, params: Floats, mean: bool) -> Any:
        is_array = type(X) is np.ndarray
        if not is_array and self._many is None:
            return None  # the long way counts the samples
        few = is_array and (X.ndim == 1 or 0 < len(X) <= self.most)
        way: Shortcut | None = getattr(self.few if few else self.many, "shortcut", None)
        return None if way is None else way(X, params, mean)

    def __call__(self, inputs: Any, count: int, params: Floats) -> tuple[Floats, ...]:
        """Run the program once over all samples (see `mgcompile.backends.interface.Executable`)."""
        run = self.few if 0 < count <= self.most else self.many
        return run(inputs, count, params)

"""Run the quick form of a program, and the guarded one where that says that it does not know.

By convention a factor of exactly 0 ends what lies below it, even infinity or NaN. To look for such
factors in every product takes a third of the time of a net, so a program does it only where finite
data can lead to one. A product that is not looked at gives NaN for 0 times infinity or NaN, and
derivatives are sums of products, in which NaN stays. So a result that is no NaN is right, and where
one is NaN the same call is done again by a twin that looks at every product. What is NaN then, is.

Second derivatives have products of such products: a NaN that a guard does not see may make a number
infinite. Their twin is asked wherever a number is not finite.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from mgcompile.backends.interface import Door, Executable, Shortcut, TrainCall, Trainer
    from mgcompile.program.ir import Program

    Floats = NDArray[Any]

__all__ = ["Guarded", "GuardedTrainer", "derivatives"]


def derivatives(program: Program) -> tuple[int, ...]:
    """Return which outputs of a program are derivatives."""
    names = [output.name for output in program.outputs]
    return tuple(place for place, name in enumerate(names) if name not in ("value", "loss"))


@attrs.frozen(slots=True, eq=False)
class Guarded:
    """An executable in two forms.

    Args:
        quick: Gives NaN where a product of 0 and what is not finite decides.
        build_exact: Builds the one that does not, when it is first needed.
        derivatives: Which of the results are derivatives.
        twice: Whether they are second ones.
    """

    quick: Executable
    build_exact: Callable[[], Executable]
    derivatives: tuple[int, ...]
    twice: bool = False
    shortcut: Shortcut | None = attrs.field(init=False)
    _tell: Any = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        """Look up whether the quick form tells of a NaN: its shortcut then leaves such calls."""
        tell = None if self.twice else getattr(self.quick, "tell_nan", None)
        shortcut = None if tell is None else getattr(self.quick, "shortcut", None)
        object.__setattr__(self, "_tell", tell)
        object.__setattr__(self, "shortcut", shortcut)

    @property
    def calls_back(self) -> bool:
        """Tell whether rules run in Python meanwhile."""
        return bool(getattr(self.quick, "calls_back", False))

    def door(self, below: int, most: int | None) -> Door | None:
        """Open a way for calls of some numbers of samples (see `mgcompile.backends.interface`)."""
        opened = None if self.shortcut is None else getattr(self.quick, "door", None)
        return None if opened is None else opened(below, most)

    def __call__(self, inputs: Any, count: int, params: Floats) -> tuple[Floats, ...]:
        """Run the program once over all samples (see `mgcompile.backends.interface.Executable`)."""
        if self._tell is not None:
            found, unsure = self._tell(inputs, count, params)
        else:
            found = self.quick(inputs, count, params)
            unsure = any(self._is_unsure(found[place]) for place in self.derivatives)
        given: tuple[Floats, ...] = self.build_exact()(inputs, count, params) if unsure else found
        return given

    def _is_unsure(self, numbers: Floats) -> bool:
        if self.twice:
            return int(np.count_nonzero(np.isfinite(numbers))) != numbers.size  # sooner than .all()
        return _has_nan(numbers)


@attrs.frozen(slots=True, eq=False)
class GuardedTrainer:
    """A training loop in two forms. An epoch that leaves a NaN is done again by the guarded one.

    A parameter that is NaN, or what the optimiser remembers of it, stays NaN in every update that
    follows. So they are looked at once, after a call.

    Args:
        quick: Gives NaN where a product of 0 and what is not finite decides.
        build_exact: Builds the one that does not, when it is first needed.
    """

    quick: Trainer
    build_exact: Callable[[], Trainer]

    @property
    def calls_back(self) -> bool:
        """Tell whether rules run in Python meanwhile."""
        return bool(getattr(self.quick, "calls_back", False))

    def __call__(self, call: TrainCall) -> Floats:
        """Train (see `mgcompile.backends.interface.Trainer`)."""
        params, state = call.params, call.state
        before = params.copy(), state.copy()
        if _has_nan(params) or _has_nan(state):  # no epoch can be told from one that leaves some
            return self.build_exact()(call)
        losses = self.quick(call)
        if not (_has_nan(params) or _has_nan(state)):
            return losses
        params[...], state[...] = before
        if call.epochs == 1:
            return self.build_exact()(call)
        # Each epoch by itself, so that nothing depends on how many there are in a call.
        return np.concatenate([self(epoch) for epoch in call.each_epoch()])


def _has_nan(numbers: Floats) -> bool:
    if not numbers.size:
        return False
    squares = float(np.vdot(numbers, numbers))  # much sooner than isnan; none of them cancels
    return squares != squares

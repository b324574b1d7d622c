"""Newton's method as a rule: what an op runs whose result solves an equation."""

import math
from collections.abc import Callable
from typing import Any

import attrs

from mgcore.errors import NotGenericError, OpDefinitionError
from mgcore.moving import slopes_of

__all__ = ["Newton", "newton"]


@attrs.frozen(eq=False)
class Newton:
    """Solve ``residual(y, *operands) = 0`` for y; callable with the operands as floats.

    A compiler that writes machine code writes this as a loop; `mgcompile` does.

    Args:
        residual: written with operators and ops.
        start: the first y, a function of the operands.
        steps: at most so many are made.

    """

    residual: Callable[..., Any]
    start: Callable[..., Any]
    steps: int

    def at(self, y: Any, operands: tuple[Any, ...]) -> tuple[Any, Any]:
        """Return the residual at y, and its slope in y: a step is their quotient."""
        residual, (slope,) = slopes_of(self.residual, (y, *operands), (0,))
        if slope is None:
            raise OpDefinitionError(
                "the residual does not depend on its first argument, which is to be solved for"
            )
        return residual, slope

    def __call__(self, *operands: Any) -> float:
        """Return the root that the method comes to, NaN where it comes to none."""
        if any(type(x) is not float for x in operands):
            raise NotGenericError("Newton's method looks at its numbers: it runs on floats alone")
        y: float = float(self.start(*operands))
        for _ in range(self.steps):
            residual, slope = self.at(y, operands)
            if residual == 0.0:
                return y
            if slope == 0.0:
                return math.nan
            moved = residual / slope
            y = float(y - moved)
            # The error after a step is about the square of it.
            if not math.isfinite(y):
                return math.nan
            if abs(moved) <= enough(2.0**-52) * abs(y):
                return y
        return math.nan


def enough(epsilon: float) -> float:
    """Return the size of a step, relative to y, that is the last one: epsilon to the 2/3."""
    return float(epsilon ** (2.0 / 3.0))


def newton(residual: Callable[..., Any], start: Callable[..., Any], *, steps: int = 50) -> Newton:
    """Return Newton's method for an equation, as the `solve` of `mgcore.implicit`.

    Args:
        residual: ``residual(y, *operands)``, 0 at the solution; written with operators and ops.
        start: ``start(*operands)``, a first y from which the method converges.
        steps: at most so many are made; where they are not enough the result is NaN.

    Raises:
        OpDefinitionError: if `steps` is no whole number of at least 1.

    >>> root = newton(lambda y, x: y * y - x, start=lambda x: x)
    >>> root(2.0)
    1.4142135623730951

    """
    if isinstance(steps, bool) or not isinstance(steps, int) or steps < 1:
        raise OpDefinitionError(f"steps is {steps!r}; it is a whole number of at least 1")
    return Newton(residual, start, steps)

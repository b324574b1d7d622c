"""Run an op's rule once on symbols, and keep the steps that it takes, to take them on anything.

A rule that is generic over its number type runs on `Traced` as it runs on floats: every operator,
op of mgcore or function of NumPy and scipy.special that it applies is a step. What cannot be
followed so, a rule that asks a symbol for its value, is refused here for all who take the steps.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

import attrs

from mgcompile.errors import SymbolError
from mgcore import ops
from mgcore.foreign import with_operators

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np

    from mgcore import Op

    Function = Op | np.ufunc

__all__ = ["Recorded", "Recorder", "Traced", "recorded", "simplified"]

T = TypeVar("T")

Reference = int | float
"""The number of an operand, or of a step, counted after the operands; a float is a constant."""

Step = tuple["Function", tuple[Reference, ...]]
"""What is applied: an op, or a function of NumPy or SciPy that no shipped op is; and to what."""

# Shipped ops by NumPy's and SciPy's names of them, where these are others.
_OTHER_NAMES = {
    "absolute": "abs",
    "arccos": "acos",
    "arccosh": "acosh",
    "arcsin": "asin",
    "arcsinh": "asinh",
    "arctan": "atan",
    "arctan2": "atan2",
    "arctanh": "atanh",
    "divide": "div",
    "expit": "sigmoid",
    "fabs": "abs",
    "greater": "gt",
    "greater_equal": "ge",
    "less": "lt",
    "less_equal": "le",
    "multiply": "mul",
    "negative": "neg",
    "power": "pow",
    "subtract": "sub",
}
_SAME_NAMES = frozenset(
    [
        *("add", "cbrt", "ceil", "cos", "cosh", "erf", "erfc", "exp", "exp2", "expm1", "floor"),
        *("hypot", "log", "log10", "log1p", "log2", "maximum", "minimum", "sin", "sinh", "sqrt"),
        *("tan", "tanh"),
    ]
)


@attrs.frozen(slots=True)
class Recorded:
    """What a rule does.

    Args:
        count: How many operands it was run on.
        steps: In order.
        results: What it returned; a rule of all partials, or of several numbers, returns several.
    """

    count: int
    steps: tuple[Step, ...]
    results: tuple[Reference, ...]

    def taken(
        self,
        operands: Sequence[T],
        apply: Callable[[Function, list[T]], T],
        constant: Callable[[float], T],
    ) -> list[T]:
        """Take the steps again.

        Args:
            operands: What stands for each operand.
            apply: Applies an op, or a function, to what stands for its operands.
            constant: Makes what stands for a number.

        Returns:
            What stands for each result.
        """
        known = list(operands)

        def of(x: Reference) -> T:
            return known[x] if isinstance(x, int) else constant(x)

        for function, reads in self.steps:
            known.append(apply(function, [of(x) for x in reads]))
        return [of(x) for x in self.results]

    def reads(self, operand: int) -> bool:
        """Tell whether a step reads an operand, or a result is it."""
        places = [x for _, reads in self.steps for x in reads] + list(self.results)
        return any(isinstance(x, int) and x == operand for x in places)


@attrs.define(slots=True, eq=False)
class Recorder:
    """Where the steps of a rule at work go.

    Args:
        count: How many operands there are.
        shares: Whether a step that was taken already is not taken again, and arithmetic with 0 and
            1 not at all.
    """

    count: int
    shares: bool = False
    steps: list[Step] = attrs.field(factory=list, init=False)
    _seen: dict[tuple[Function, tuple[str, ...]], Traced] = attrs.field(factory=dict, init=False)

    def traced(self, place: int) -> Traced:
        """Return the symbol of an operand or a step."""
        return Traced(place, self)

    def apply(self, function: Function, operands: Sequence[Any]) -> Traced | float:
        """Write a step down; return its result."""
        numbers = tuple(x if isinstance(x, Traced) else float(x) for x in operands)
        if not self.shares:
            return self._taken(function, numbers)
        simple = simplified(function, numbers)
        if simple is not None:
            return simple  # type: ignore[no-any-return]  # one of the numbers
        # As text, for Python takes the place 2 for the number 2.0, and 0.0 for -0.0.
        step = (function, tuple(repr(reference(x)) for x in numbers))
        if step not in self._seen:
            self._seen[step] = self._taken(function, numbers)
        return self._seen[step]

    def _taken(self, function: Function, numbers: tuple[Traced | float, ...]) -> Traced:
        self.steps.append((function, tuple(map(reference, numbers))))
        return self.traced(self.count + len(self.steps) - 1)


@with_operators
@attrs.frozen(slots=True, eq=False, repr=False)
class Traced:
    """Stand for a number within a rule."""

    __mgcore_undecided__: ClassVar[type[Exception]] = SymbolError

    place: int
    recorder: Recorder

    @staticmethod
    def __mgcore_apply__(op: Op, operands: tuple[Any, ...]) -> Traced | float:
        """Write the application of an op down."""
        recorder = next(x.recorder for x in operands if isinstance(x, Traced))
        return recorder.apply(op, operands)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *operands: Any, **keywords: Any) -> Any:
        """Write the application of a function of NumPy or scipy.special down."""
        if method != "__call__" or keywords or not is_known(ufunc):
            return NotImplemented
        name = ufunc.__name__
        shipped = name if name in _SAME_NAMES else _OTHER_NAMES.get(name)
        return self.recorder.apply(getattr(ops, shipped) if shipped else ufunc, operands)

    def __repr__(self) -> str:
        return "a number of the rule"


def recorded(rule: Callable[..., Any], count: int) -> Recorded:
    """Run a rule on symbols.

    Args:
        rule: Gives a number, or several.
        count: How many operands it is given.

    Raises:
        SymbolError: if it asks a symbol for its value.
        Exception: whatever else the rule raises.
    """
    recorder = Recorder(count)
    found = rule(*map(recorder.traced, range(count)))
    results = found if isinstance(found, tuple | list) else (found,)
    return Recorded(count, tuple(recorder.steps), tuple(map(reference, results)))


def reference(number: Any) -> Reference:
    """Return the place of a symbol, or the plain number."""
    return number.place if isinstance(number, Traced) else float(number)


def is_known(ufunc: np.ufunc) -> bool:
    """Tell whether a ufunc is the one of its name in NumPy or SciPy: anybody can make one."""
    modules = (sys.modules.get("numpy"), sys.modules.get("scipy.special"))
    return any(getattr(module, ufunc.__name__, None) is ufunc for module in modules)


def simplified(op: object, operands: Sequence[Any]) -> Any:
    """Return the result where arithmetic with 0 and 1 needs no instruction, else None.

    Args:
        op: What is applied.
        operands: Plain numbers, as floats, and symbols of whatever kind.
    """
    if len(operands) == 1:
        return operands[0] if op is ops.sum else None
    if op is ops.select and isinstance(operands[0], float):
        return operands[1] if operands[0] != 0.0 else operands[2]
    if len(operands) != 2:
        return None
    x, y = operands
    if op is ops.mul:
        if isinstance(x, float) and x == 1.0:
            return y
        return x if isinstance(y, float) and y == 1.0 else None
    if op is ops.pow and isinstance(y, float) and y == 0.0:
        return 1.0
    unit: dict[object, float] = {ops.div: 1.0, ops.pow: 1.0, ops.sub: 0.0, ops.add: 0.0}
    if op in unit and isinstance(y, float) and y == unit[op]:
        return x
    if op is ops.add and isinstance(x, float) and x == 0.0:
        return y
    return None

"""A number type that lets an op's own rule write its instructions.

A rule that is generic over the number type runs on :class:`Traced` as it runs on floats: every
operator, op of mgcore or function of NumPy and scipy.special that it applies appends code.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, ClassVar

from attrs import frozen

from mgcompile.backends.llvm.math.scipy_special import special_function
from mgcompile.errors import SymbolError
from mgcore import ops
from mgcore.foreign import with_operators

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np

    from mgcompile.backends.llvm.ir.vector import Vec
    from mgcore import Op

# NumPy's names for shipped ops, where they differ.
_NUMPY_NAMES = {
    "absolute": "abs",
    "divide": "div",
    "fabs": "abs",
    "greater": "gt",
    "greater_equal": "ge",
    "less": "lt",
    "less_equal": "le",
    "multiply": "mul",
    "negative": "neg",
    "power": "pow",
    "subtract": "sub",
    "expit": "sigmoid",
}
_SAME_NAMES = ("add", "cos", "erf", "exp", "log", "maximum", "minimum", "sin", "sqrt", "tanh")


@with_operators
@frozen(eq=False)
class Traced:
    """Stand for a register within a rule; ``apply`` lowers the ops that the rule applies."""

    __mgcore_undecided__: ClassVar[type[Exception]] = SymbolError

    vec: Vec
    apply: Callable[[Op, list[Vec]], Vec]

    @staticmethod
    def __mgcore_apply__(op: Op, operands: tuple[Any, ...]) -> Traced:
        """Append the instructions of an op."""
        first = next(x for x in operands if isinstance(x, Traced))
        return Traced(first.apply(op, [first.register(x) for x in operands]), first.apply)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *operands: Any, **keywords: Any) -> Any:
        """Append a call of a function of NumPy or scipy.special."""
        if method != "__call__" or keywords:
            return NotImplemented
        name = ufunc.__name__
        shipped = name if name in _SAME_NAMES else _NUMPY_NAMES.get(name)
        if shipped and _is_known(ufunc):
            return self.__mgcore_apply__(getattr(ops, shipped), operands)
        function = special_function(self.vec.block.library, ufunc)
        if function is None:
            return NotImplemented
        registers = [self.register(x) for x in operands]
        return Traced(self.vec.block.call(function, *registers), self.apply)

    def register(self, number: Any) -> Vec:
        """Return the register of another number of the rule."""
        return number.vec if isinstance(number, Traced) else self.vec.block.constant(float(number))


def _is_known(ufunc: np.ufunc) -> bool:
    """Tell whether a ufunc is the one of its name in NumPy or SciPy: anybody can make one."""
    modules = (sys.modules.get("numpy"), sys.modules.get("scipy.special"))
    return any(getattr(module, ufunc.__name__, None) is ufunc for module in modules)

"""The static functions of a file: those of shipped ops, and rules of other packages as traced.

A rule that is generic over its number type runs on :class:`Traced` and writes a C function of its
own, one step a line. Whatever cannot be traced would have to call Python, and is refused.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, ClassVar

import attrs

from mgcompile.backends.c.op_table import FUNCTIONS, expression, table_name
from mgcompile.backends.c.text import comment, identifier, indented, number
from mgcompile.errors import ExportError, SymbolError
from mgcore import ops
from mgcore.foreign import with_operators
from mgcore.newton import Newton, enough

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

    from mgcore import Op

__all__ = ["Functions", "Traced"]

# NumPy's and SciPy's names of shipped ops, where they differ, and of functions of libm.
_SHIPPED = {
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
_SAME = ("add", "cos", "erf", "exp", "log", "maximum", "minimum", "sin", "sqrt", "tanh")
_LIBM = {
    "arccos": "acos",
    "arccosh": "acosh",
    "arcsin": "asin",
    "arcsinh": "asinh",
    "arctan": "atan",
    "arctan2": "atan2",
    "arctanh": "atanh",
    "cbrt": "cbrt",
    "ceil": "ceil",
    "cosh": "cosh",
    "erfc": "erfc",
    "exp2": "exp2",
    "expm1": "expm1",
    "floor": "floor",
    "gammaln": "lgamma",
    "hypot": "hypot",
    "log10": "log10",
    "log1p": "log1p",
    "log2": "log2",
    "sinh": "sinh",
    "tan": "tan",
}


@attrs.define(slots=True, eq=False)
class Functions:
    """The static functions that a file needs, each after those that it calls."""

    texts: dict[str, str] = attrs.field(factory=dict)
    _rules: dict[tuple[Op, int], str] = attrs.field(factory=dict)

    def applied(self, op: Op, operands: Sequence[str]) -> str:
        """Return an op applied to names, elements and literals, as an expression.

        Raises:
            ExportError: if the op's rule cannot be written in C.
        """
        name = table_name(op)
        found = None if name is None else expression(name, operands, self.shipped)
        return found or f"{self._rule(op, len(operands))}({', '.join(operands)})"

    def shipped(self, name: str) -> str:
        """Have the function of a shipped op in the file; return its name."""
        if name not in self.texts:
            called, parameters, body = FUNCTIONS[name]
            for other in called:
                self.shipped(other)
            self.texts[name] = _function(name, parameters, body.splitlines())
        return name

    def _rule(self, op: Op, arity: int) -> str:
        """Have the rule of an op of another package in the file; return its function's name."""
        if (op, arity) in self._rules:
            return self._rules[op, arity]
        body = _Body(self)
        names = [f"x{i}" for i in range(arity)] if arity > 1 else ["x"]
        try:
            if isinstance(op.forward, Newton):
                returned = _solved(op.forward, body, names)
            else:
                returned = _named(op.forward(*(Traced(name, body) for name in names)))
        except ExportError:
            raise
        except Exception as error:
            raise _refusal(op, error) from error
        name = f"rule_{identifier(op.name)}"
        while name in self.texts:
            name += f"_{arity}"
        unused = [f"(void){x};" for x in names if not body.reads(x, returned)]
        parameters = ", ".join(f"double {x}" for x in names)
        about = comment(f"{op.name}: {op.doc}")
        text = _function(name, parameters, [*unused, *body.lines, f"return {returned};"])
        self.texts[name] = f"/* {about} */\n{text}"
        self._rules[op, arity] = name
        return name


@attrs.define(slots=True, eq=False)
class _Body:
    """The steps of a rule so far."""

    functions: Functions
    lines: list[str] = attrs.field(factory=list)
    _count: int = 0
    _read: set[str] = attrs.field(factory=set)

    def step(self, text: str, operands: Sequence[str]) -> Traced:
        """Append a step; return its result."""
        name = f"t{self._count}"
        self._count += 1
        self.lines.append(f"const double {name} = {text};")
        self._read.update(operands)
        return Traced(name, self)

    def reads(self, name: str, returned: str) -> bool:
        """Tell whether a step, or the result, is made of `name`."""
        return name in self._read or name == returned


@with_operators
@attrs.frozen(slots=True, eq=False)
class Traced:
    """Stand for a number within a rule: what is applied to it becomes a step in C."""

    __mgcore_undecided__: ClassVar[type[Exception]] = SymbolError

    name: str
    body: _Body

    @staticmethod
    def __mgcore_apply__(op: Op, operands: tuple[Any, ...]) -> Traced:
        """Append the application of an op."""
        body = next(x.body for x in operands if isinstance(x, Traced))
        names = [_named(x) for x in operands]
        return body.step(body.functions.applied(op, names), names)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *operands: Any, **keywords: Any) -> Any:
        """Append a function of NumPy or scipy.special."""
        if method != "__call__" or keywords or not _is_known(ufunc):
            return NotImplemented
        name = ufunc.__name__
        shipped = name if name in _SAME else _SHIPPED.get(name)
        if shipped:
            return self.__mgcore_apply__(getattr(ops, shipped), operands)
        if name not in _LIBM:
            return NotImplemented
        names = [_named(x) for x in operands]
        return self.body.step(f"{_LIBM[name]}({', '.join(names)})", names)


def _solved(method: Newton, body: _Body, names: Sequence[str]) -> str:
    """Append Newton's method as a loop; return the name of what it comes to."""
    numbers = tuple(Traced(name, body) for name in names)
    body.lines.append(f"double y = {_named(method.start(*numbers))};")
    body.lines += ["double found = NAN;", f"for (int k = 0; k < {method.steps}; k++) {{"]
    outside, body.lines = body.lines, []
    residual, slope = map(_named, method.at(Traced("y", body), numbers))
    inside = [
        *body.lines,
        f"const double moved = {residual} == 0.0 ? 0.0 : {residual} / {slope};",
        "y -= moved;",
        f"if (!(fabs(moved) > {number(enough(2.0**-52))} * fabs(y))) {{",
        "    found = isfinite(y) ? y : NAN;",
        "    break;",
        "}",
    ]
    body.lines = [*outside, *indented(inside), "}"]
    return "found"


def _named(operand: Any) -> str:
    return operand.name if isinstance(operand, Traced) else number(float(operand))


def _is_known(ufunc: np.ufunc) -> bool:
    """Tell whether a ufunc is the one of its name in NumPy or SciPy: anybody can make one."""
    modules = (sys.modules.get("numpy"), sys.modules.get("scipy.special"))
    return any(getattr(module, ufunc.__name__, None) is ufunc for module in modules)


def _function(name: str, parameters: str, body: Sequence[str]) -> str:
    lines = [f"static double {name}({parameters})", "{", *indented(body), "}"]
    return "\n".join(lines)


def _refusal(op: Op, error: Exception) -> ExportError:
    cause = str(error).splitlines()[0] if str(error) else type(error).__name__
    return ExportError(
        f"op {op.name} cannot be written in C: its rule needs Python or SciPy ({cause}). Write it "
        "with operators and mgcore.ops, and it is exported with the kernel"
    )

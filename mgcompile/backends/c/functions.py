"""The static functions of a file: those of shipped ops, and rules of other packages.

A rule that is generic over its number type becomes a function of its own, one step a line. Whatever
cannot be followed so would have to call Python, and is refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from mgcompile.backends.c.op_table import FUNCTIONS, expression, table_name
from mgcompile.backends.c.text import comment, identifier, indented, number
from mgcompile.errors import ExportError, SymbolError
from mgcompile.support.recorded_rule import recorded
from mgcore import Op
from mgcore.newton import Newton, enough

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mgcompile.support.recorded_rule import Function, Recorded

__all__ = ["Functions"]


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
        names = [f"x{i}" for i in range(arity)] if arity > 1 else ["x"]
        body = _Body(self)
        try:
            if isinstance(op.forward, Newton):
                returned = _solved(op.forward, body, names)
            else:
                (returned,) = body.write(recorded(op.forward, arity), names)
        except ExportError:
            raise
        except Exception as error:
            raise _refusal(op, error) from error
        name = f"rule_{identifier(op.name)}"
        while name in self.texts:
            name += f"_{arity}"
        unused = [f"(void){x};" for x in names if x not in body.read]
        parameters = ", ".join(f"double {x}" for x in names)
        about = comment(f"{op.name}: {op.doc}")
        text = _function(name, parameters, [*unused, *body.lines, f"return {returned};"])
        self.texts[name] = f"/* {about} */\n{text}"
        self._rules[op, arity] = name
        return name


@attrs.define(slots=True, eq=False)
class _Body:
    """The lines of a rule so far, and what they, and its results, are made of."""

    functions: Functions
    lines: list[str] = attrs.field(factory=list)
    read: set[str] = attrs.field(factory=set)
    _count: int = 0

    def write(self, rule: Recorded, operands: Sequence[str]) -> list[str]:
        """Append the steps of a rule; return the names of its results."""
        results = rule.taken(operands, self._step, number)
        self.read.update(results)
        return results

    def _step(self, function: Function, operands: list[str]) -> str:
        if isinstance(function, Op):
            text = self.functions.applied(function, operands)
        elif function.__name__ == "gammaln":
            text = f"lgamma({operands[0]})"
        else:
            message = f"{function.__name__} has no counterpart in C"
            raise SymbolError(message)
        name = f"t{self._count}"
        self._count += 1
        self.lines.append(f"const double {name} = {text};")
        self.read.update(operands)
        return name


def _solved(method: Newton, body: _Body, names: Sequence[str]) -> str:
    """Append Newton's method as a loop; return the name of what it comes to."""
    (start,) = body.write(recorded(method.start, len(names)), names)
    body.lines.append(f"double y = {start};")
    body.lines += ["double found = NAN;", f"for (int k = 0; k < {method.steps}; k++) {{"]
    outside, body.lines = body.lines, []
    equation = recorded(lambda y, *xs: method.at(y, xs), len(names) + 1)
    residual, slope = body.write(equation, ["y", *names])
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


def _function(name: str, parameters: str, body: Sequence[str]) -> str:
    lines = [f"static double {name}({parameters})", "{", *indented(body), "}"]
    return "\n".join(lines)


def _refusal(op: Op, error: Exception) -> ExportError:
    cause = str(error).splitlines()[0] if str(error) else type(error).__name__
    return ExportError(
        f"op {op.name} cannot be written in C: its rule needs Python or SciPy ({cause}). Write it "
        "with operators and mgcore.ops, and it is exported with the kernel"
    )

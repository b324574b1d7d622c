"""An arithmetic expression that was read: steps, their evaluation, and values for its names."""

import difflib
import math
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any, cast

import attrs

from mgcli.errors import ExpressionError
from mgcore import MgcoreError, Op, Value, raise_nonfinite

__all__ = ["Expression", "Step", "assignments", "record"]

MAX_EXPONENT = 1_000.0


@attrs.frozen
class Step:
    """Describe one number, one name, or one op applied to earlier steps.

    Args:
        column: where it stands in the text, from 1.
        what: a float, a variable's name, or an op.
        operands: indices of earlier steps; empty unless `what` is an op.

    """

    column: int
    what: float | str | Op
    operands: tuple[int, ...] = ()


@attrs.frozen
class Expression:
    """Hold an expression that was read, as steps in topological order; the last is the result."""

    text: str
    steps: tuple[Step, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Return the variables, each once, in the order of the text."""
        named = [(s.column, s.what) for s in self.steps if isinstance(s.what, str)]
        return tuple(dict.fromkeys(name for _, name in sorted(named)))

    def evaluate(self, variables: Mapping[str, Any]) -> Any:
        """Compute the expression.

        Args:
            variables: for each name a float or a Value.

        Returns:
            A float if all are floats, else a Value.

        Raises:
            ExpressionError: naming the column, if a variable is missing or an op fails there.

        """
        results: list[Any] = []
        for step in self.steps:
            results.append(self._result(step, [results[i] for i in step.operands], variables))
        return results[-1]

    def _result(self, step: Step, operands: list[Any], variables: Mapping[str, Any]) -> Any:
        if isinstance(step.what, float):
            return step.what
        if isinstance(step.what, str):
            if step.what not in variables:
                raise ExpressionError(_no_value(step.what, variables), self.text, step.column)
            return variables[step.what]
        self._refuse_huge_power(step, operands)
        try:
            with raise_nonfinite():
                return step.what(*operands)
        except MgcoreError as error:
            raise ExpressionError(str(error), self.text, step.column) from error

    def _refuse_huge_power(self, step: Step, operands: list[Any]) -> None:
        if cast("Op", step.what).name != "pow" or isinstance(operands[1], Value):
            return
        if abs(operands[1]) > MAX_EXPONENT and not self._has_name(step.operands[1]):
            raise ExpressionError(
                f"the exponent {operands[1]:g} is huge; the largest allowed is {MAX_EXPONENT:g}",
                self.text,
                step.column,
            )

    def _has_name(self, i: int) -> bool:
        stack = [i]
        while stack:
            step = self.steps[stack.pop()]
            if isinstance(step.what, str):
                return True
            stack += step.operands
        return False


def _no_value(name: str, given: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, list(given), n=2)
    hint = f"; did you mean {' or '.join(near)}?" if near else f"; add {name}=NUMBER"
    return f"the variable {name!r} has no value{hint}"


def assignments(words: Iterable[str]) -> dict[str, float]:
    """Read words like ``a=2`` as values of variables.

    Raises:
        ExpressionError: if a word is no assignment, or a name is given twice.

    """
    values: dict[str, float] = {}
    for word in words:
        name, equals, number = (part.strip() for part in word.partition("="))
        name = unicodedata.normalize("NFKC", name)  # as Python reads names
        if not equals or not name.isidentifier():
            raise ExpressionError(
                f"{word!r} gives no variable a value; write name=number without spaces, as in a=2",
                word,
                1,
            )
        if name in values:
            raise ExpressionError(f"the variable {name!r} is given twice", word, 1)
        values[name] = _value(number, word)
    return values


def _value(number: str, word: str) -> float:
    try:
        value = float(number)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        column = word.index("=") + 2
        raise ExpressionError(f"{number!r} in {word!r} is no finite number", word, column)
    return value


def record(
    expression: Expression, values: Mapping[str, float]
) -> tuple[Value | float, dict[str, Value]]:
    """Record the expression on Values labelled with the variables' names.

    Args:
        expression: from `mgcli.parser.parse`.
        values: a number for each of its names; others are left aside.

    Returns:
        The result (a float if the expression has no variables) and the leaves by name.

    Raises:
        ExpressionError: naming the column, if a variable is missing or an op fails.

    """
    leaves = {n: Value(values[n], label=n) for n in expression.names if n in values}
    unused = [name for name in values if name not in leaves]
    missing = [n for n in expression.names if n not in leaves]
    for step in expression.steps:  # a variable that is missing may be one that is given misspelt
        if isinstance(step.what, str) and step.what in missing:
            raise ExpressionError(_no_value(step.what, unused), expression.text, step.column)
    return expression.evaluate(leaves), leaves

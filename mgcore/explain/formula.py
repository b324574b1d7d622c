"""Formulas as text: a rule that is generic runs on names as it runs on numbers."""

from collections.abc import Callable, Sequence
from typing import Any

from mgcore.errors import MgcoreError
from mgcore.foreign import with_operators
from mgcore.op import Op

__all__ = ["Formula", "formula_of", "number_text"]

_INFIX = {"add": (" + ", 1), "sub": (" - ", 1), "mul": ("*", 2), "div": ("/", 2), "pow": ("**", 4)}
_NEGATION, _ATOM = 3, 5


@with_operators
class Formula:
    """Hold the text of an expression, how tightly its outermost operator binds, and its number.

    The number is None where names are in it; what is made of numbers alone is worked out.
    """

    __slots__ = ("binding", "number", "text")

    def __init__(self, text: str, binding: int = _ATOM, number: float | None = None) -> None:
        self.text = text
        self.binding = binding
        self.number = number

    @staticmethod
    def __mgcore_apply__(op: Op, operands: tuple[Any, ...]) -> "Formula":
        parts = [_as_formula(x) for x in operands]
        numbers = [part.number for part in parts if part.number is not None]
        if len(numbers) == len(parts):
            return _as_formula(op(*numbers))
        if op.name == "select" and parts[0].number is not None:
            return parts[1] if parts[0].number != 0.0 else parts[2]
        if op.name == "neg":
            return Formula(f"-{_wrapped(parts[0], _NEGATION)}", _NEGATION)
        if op.name in _INFIX and len(parts) == 2:
            return _infix(op.name, *parts)
        return Formula(f"{op.name}({', '.join(part.text for part in parts)})")

    def __repr__(self) -> str:
        return self.text


def formula_of(
    rule: Callable[..., Any], names: Sequence[str], out: str | None = None
) -> str | None:
    """Return what a rule computes, as text in the given names.

    Args:
        rule: a forward rule, or a partial.
        names: one for each operand; the text of a number stands for the number.
        out: the name of the result, for a partial.

    Returns:
        The formula; None if the rule runs on floats alone.

    >>> formula_of(lambda out, x: 1.0 - out * out, ["x"], "y")
    '1 - y*y'

    """
    operands = [_named(name) for name in names]
    head = [] if out is None else [_named(out)]
    try:
        return _as_formula(rule(*head, *operands)).text
    except (MgcoreError, TypeError, AttributeError, ValueError):
        return None


def number_text(x: float) -> str:
    """Return a number as people write it: 6 digits, no point where none is needed."""
    return f"{x:.6g}"


def _infix(name: str, x: Formula, y: Formula) -> Formula:
    sign, binding = _INFIX[name]
    if name in {"add", "sub"} and y.text == "0":
        return x
    if name == "mul" and "1" in (x.text, y.text):
        return y if x.text == "1" else x
    # The operand on the other side of a sign that does not associate needs brackets earlier.
    left = _wrapped(x, binding + (name == "pow"))
    right = _wrapped(y, binding + (name in {"sub", "div"}))
    return Formula(f"{left}{sign}{right}", binding)


def _wrapped(part: Formula, least: int) -> str:
    return part.text if part.binding >= least else f"({part.text})"


def _as_formula(x: Any) -> Formula:
    if isinstance(x, Formula):
        return x
    number = float(x)
    return Formula(number_text(number), _ATOM if number >= 0 else _NEGATION, number)


def _named(name: str) -> Formula:
    try:
        return _as_formula(float(name))
    except ValueError:
        return Formula(name, _ATOM if name.isidentifier() else 0)

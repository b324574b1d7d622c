"""Find rules that ask for the type of their operands: they compute one thing here, another there.

`isinstance(x, float)` or `str(x)` in a rule cannot be noticed while it is followed: the rule takes
one way on symbols and another on floats. So it is tried on both, at a few numbers.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from mgcompile.support.op_traits import shipped_name
from mgcompile.verification.numbers import Lanes
from mgcore.errors import RuleError
from mgcore.places import rule_place

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from mgcore import Op

__all__ = ["refuse_rules_that_ask_for_types"]

_NUMBERS = (-2.5, -1.0, -0.375, 0.0, 0.375, 1.0, 2.5)
_OPERANDS = 4
"""Of an op that takes any number."""


def refuse_rules_that_ask_for_types(ops: Iterable[Op]) -> None:
    """Try the rules of all ops that are not shipped on floats and on lanes.

    A rule that does not run on lanes is called back with floats, and is right in either way.

    Raises:
        RuleError: naming the op whose rule gives another number for a float.
    """
    for op in ops:
        if shipped_name(op) is None:
            _try(op)


def _try(op: Op) -> None:
    count = len(_NUMBERS)
    # Each operand another number, so that rules that mix operands up differ.
    columns = [
        [_NUMBERS[(first + 2 * i) % count] for first in range(count)]
        for i in range(op.arity or _OPERANDS)
    ]
    _compare(op, "forward rule", op.forward, columns)
    columns = [[0.5] * count, *columns]
    if not isinstance(op.partials, tuple):
        return
    for i, rule in enumerate(op.partials):
        _compare(op, f"partial {i}", rule, columns)


def _compare(op: Op, what: str, rule: Callable[..., Any], columns: list[list[float]]) -> None:
    try:
        with np.errstate(all="ignore"):
            lanes = rule(*(Lanes(np.array(column)) for column in columns))
    except Exception:
        return
    numbers = lanes.numbers if isinstance(lanes, Lanes) else lanes
    try:
        found = np.broadcast_to(np.asarray(numbers, dtype=np.float64), len(_NUMBERS)).tolist()
    except (TypeError, ValueError):
        return
    for number, operands in zip(found, zip(*columns, strict=True), strict=True):
        alone = _number(rule, operands)
        if alone is None or _alike(number, alone) or alone != _number(rule, operands):
            continue
        message = (
            f"the {what} of op {op.name} gives {alone!r} for {', '.join(map(repr, operands))}, and "
            f"{number!r} where the same numbers come in another type: it asks for the type of its "
            f"operands, which compiled code cannot. Write it with operators and mgcore.ops; it "
            f"stands in {rule_place(rule)}"
        )
        raise RuleError(message)


def _number(rule: Callable[..., Any], operands: tuple[float, ...]) -> float | None:
    """Return what a rule gives for floats; None where it has no value."""
    try:
        return float(rule(*operands))
    except Exception:
        return None


def _alike(x: float, y: float) -> bool:
    return not (math.isfinite(x) and math.isfinite(y)) or math.isclose(
        x, y, rel_tol=1e-6, abs_tol=1e-9
    )

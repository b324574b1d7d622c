"""Ops of one operand made of ops of several: the operands after the first fixed to numbers.

``celu:0.5`` is `celu` with alpha 0.5, ``clip:-1,1`` clips to that range, ``pow:3`` is the cube:
what an activation, a table or a command line needs. They are members of a family whose settings are
those operands; none has a usual value, so all are given.
"""

import math
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

from mgcore.domain import parse_domain
from mgcore.errors import OpSettingsError
from mgcore.family import Family

if TYPE_CHECKING:
    from mgcore.op import Op

__all__ = ["family_of"]


def family_of(op: "Op") -> Family:
    """Return the family whose settings an op takes: its own, or that of its fixed operands.

    Raises:
        OpSettingsError: if the op has one operand, or any number of them, and no family.

    """
    if op.family is not None:
        return op.family
    if op.arity is None or op.arity == 1:
        raise OpSettingsError(
            f"the op {op.name!r} has no settings: it is of no family, and has no operands after a "
            "first one that could be fixed"
        )
    return _fixing(op)


@cache
def _fixing(op: "Op") -> Family:
    names = op.operand_names[1:]

    def make(**settings: float) -> "Op":
        numbers = tuple(settings.values())
        for i, (name, x) in enumerate(settings.items(), start=1):
            if op.domain is not None and x not in parse_domain(op.domain[i]):
                raise ValueError(f"{name} is {x!r}, outside of its domain {op.domain[i]}")
        return _fixed(op, numbers)

    make.__name__ = op.name
    return Family(make, dict.fromkeys(names, math.nan))


def _fixed(op: "Op", numbers: tuple[float, ...]) -> "Op":
    """Return the op of the first operand alone."""

    def after(rule: Callable[..., Any]) -> Callable[..., Any]:
        return lambda x: rule(x, *numbers)

    by_first = op.partials[0]  # type: ignore[index]  # a tuple: the op has a number of operands
    first = tuple((each or (None,))[0] for each in (op.domain, op.robust))
    given = ", ".join(f"{n}={x:g}" for n, x in zip(op.operand_names[1:], numbers, strict=True))
    return type(op)(
        op.name,
        forward=after(op),
        partials=(lambda out, x: by_first(out, x, *numbers),),
        symbol=op.symbol,
        domain=first[0],
        kink=None if op.kink is None else after(op.kink),
        surrogate=None if op.surrogate is None else after(op.surrogate),
        robust=first[1],
        doc=f"{op.doc or op.name}, {given}",
    )

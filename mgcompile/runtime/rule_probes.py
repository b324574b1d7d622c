"""Tell whether an op's rules are still those that a kernel was saved with: by what they give.

A kernel's file names its ops; whoever loads it has rules of the same names. They are tried at a few
numbers when the file is written, and again when it is read.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from mgcompile.errors import KernelFileError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from mgcore import Op

__all__ = ["check_probes", "probes"]

_NUMBERS = (-1000.0, -2.5, -1.0, -0.375, 0.0, 0.375, 1.0, 2.5, 1000.0)
_OPERANDS = 4
"""Of an op that takes any number."""

Found = tuple[float | None, ...]


def probes(ops: Iterable[Op]) -> dict[str, Found]:
    """Return what the rules of each op give; an op whose rules give this and that is left out."""
    found = {}
    for op in ops:
        numbers = _tried(op)
        if _same(numbers, _tried(op)):
            found[op.name] = numbers
    return found


def check_probes(saved: Mapping[str, Found], ops: Iterable[Op]) -> None:
    """Compare rules with those a kernel was saved with.

    Raises:
        KernelFileError: naming the op whose rules give other numbers now.
    """
    for op in ops:
        before = saved.get(op.name)
        if before is not None and not _same(before, _tried(op)):
            message = (
                f"the rules of op {op.name} give other numbers than when the kernel was saved, so "
                "it would compute something else; compile and save it again, or install the "
                "version of the op that it was saved with"
            )
            raise KernelFileError(message)


def _tried(op: Op) -> Found:
    count = op.arity or _OPERANDS
    found: list[float | None] = []
    for first in range(len(_NUMBERS)):
        # Each operand another number, so that rules that mix operands up differ.
        operands = [_NUMBERS[(first + 2 * i) % len(_NUMBERS)] for i in range(count)]
        out = _number(op.forward, operands)
        found.append(out)
        if isinstance(op.partials, tuple):
            found += [_number(rule, [out or 0.0, *operands]) for rule in op.partials]
        else:
            rule = op.partials
            found += [
                _number(lambda *xs, i=i, rule=rule: rule(*xs)[i], [out or 0.0, *operands])
                for i in range(count)
            ]
    return tuple(found)


def _number(rule: Callable[..., Any], operands: list[float]) -> float | None:
    try:
        return float(rule(*operands))
    except Exception:
        return None


def _same(before: Found, now: Found) -> bool:
    return len(before) == len(now) and all(
        x is y
        if x is None or y is None
        else x == y or math.isclose(x, y, rel_tol=1e-9) or (math.isnan(x) and math.isnan(y))
        for x, y in zip(before, now, strict=True)
    )

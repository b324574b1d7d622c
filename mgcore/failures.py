"""Say what went wrong in an op's rule: the op, its operands, the rule's place, a remedy."""

import math
from collections.abc import Iterable, Sequence
from numbers import Real
from typing import TYPE_CHECKING, Any

from mgcore.domain import parse_domain
from mgcore.errors import (
    ArityError,
    DivisionByZeroError,
    DomainError,
    MgcoreError,
    NotGenericError,
    RangeError,
    RuleError,
)
from mgcore.places import rule_place

if TYPE_CHECKING:
    from mgcore.op import Op

__all__ = ["describe_failure", "describe_nonfinite", "listing", "short"]


def short(x: object, width: int = 60) -> str:
    """Return `x` as it is written in Python, cut to `width` characters."""
    text = repr(x)
    return text if len(text) <= width else text[: width - 3] + "..."


def listing(operands: Iterable[object]) -> str:
    """Return operands as messages show them: label and number, the first of many."""
    shown = [_operand_text(x) for x in operands]
    return ", ".join(shown if len(shown) <= 8 else [*shown[:7], f"... {len(shown)} operands"])


def _operand_text(x: object) -> str:
    label, data = getattr(x, "label", ""), getattr(x, "data", x)
    return f"{label}={data!r}" if label else repr(data)


def describe_failure(
    error: Exception,
    op: "Op",
    operands: tuple[Any, ...],
    derivative: str | None = None,
    rule: object = None,
    on_floats: bool = False,
) -> MgcoreError:
    """Turn what a rule raised into an error that names the op, its operands and a remedy.

    Args:
        error: what the rule raised.
        op: whose rule it is.
        operands: the operands it ran on: numbers, or things with ``data`` and ``label``.
        derivative: what was differentiated by, such as "operand 0"; None for the forward rule.
        rule: which rule raised it, for its place; the forward rule if not given.
        on_floats: whether the rule ran on the operands' numbers, whatever the operands are.

    """
    if isinstance(error, MgcoreError) and derivative is None:
        return error
    count = len(operands)
    if derivative is None and op.arity is not None and count != op.arity:
        plural = "operand" if op.arity == 1 else "operands"
        return ArityError(f"{op.name} takes {op.arity} {plural}, got {count}")
    what = f"{op.name}({listing(operands)})"
    if derivative is not None:
        what = f"the derivative of {what} with respect to {derivative}"
    if isinstance(error, (DomainError, RangeError, NotGenericError)):
        return type(error)(f"{what} is not defined: {error}")
    if isinstance(error, MgcoreError):
        return error
    domain = f" (domain: {' x '.join(op.domain)})" if op.domain else ""
    place = rule_place(rule if rule is not None else op.forward)
    if isinstance(error, ZeroDivisionError):
        return DivisionByZeroError(
            f"{what} divides by zero{domain}; keep the operands away from it"
        )
    if isinstance(error, OverflowError):
        return RangeError(
            f"{what} is too large for a float64; scale the operands down or use a saturating op"
        )
    if isinstance(error, ValueError):
        return DomainError(f"{what} is not defined{domain}: {error}")
    on_floats = on_floats or all(isinstance(x, Real) for x in operands)
    if isinstance(error, TypeError) and not on_floats:
        return NotGenericError(
            f"{what} needs a rule that is generic over the number type, but it failed on "
            f"{type(operands[0]).__name__}: {error}. Write the rule with operators and mgcore.ops "
            f"instead of math or numpy functions and comparisons; the rule stands in {place}"
        )
    return RuleError(
        f"{what} failed in the op's own rule, which stands in {place}: "
        f"{type(error).__name__}: {error}"
    )


def describe_nonfinite(
    op: "Op", operands: Sequence[Any], numbers: Sequence[float], out: float
) -> MgcoreError:
    """Turn a result that is infinite or NaN into an error that says why it is.

    Args:
        op: whose result it is.
        operands: the operands, as messages show them.
        numbers: the same as floats.
        out: the result.

    """
    what = f"{op.name}({listing(operands)})"
    domain = f" (domain: {' x '.join(op.domain)})" if op.domain else ""
    domains = op.domain or ()
    domains += domains[-1:] * (len(numbers) - len(domains))
    if any(x not in parse_domain(d) for x, d in zip(numbers, domains, strict=False)):
        return DomainError(f"{what} is not defined{domain}: it would be {out!r}")
    if math.isnan(out):
        return DomainError(f"{what} is not a real number{domain}")
    return RangeError(
        f"{what} is too large for a float64; scale the operands down or use a saturating op"
    )

"""Find the domain of a new op: from the ops that take its operands directly, and by trying."""

import itertools
import math
from collections.abc import Callable, Sequence

from mgcli.errors import CliError
from mgcli.expression import Expression
from mgcore import Op
from mgcore.domain import REALS, Domain, parse_domain
from mgcore.errors import OpDefinitionError

__all__ = ["domain_of", "given_domain", "points_in"]

TRIED = (0.7, -0.4, 1.3, -1.9, 2.5, 0.01, -0.01, 6.0, -6.0, 30.0, -30.0)


def given_domain(texts: Sequence[str], count: int) -> list[str]:
    """Return one domain per operand of those that the user gave.

    Raises:
        CliError: if they are none, or too few or many.

    """
    if len(texts) not in {0, 1, count}:
        raise CliError(f"{len(texts)} domains for {count} operands; give one each, or one for all")
    for text in texts:
        try:
            parse_domain(text)
        except OpDefinitionError as error:
            raise CliError(f"--domain: {error}") from error
    return list(texts) * count if len(texts) == 1 else list(texts)


def domain_of(expression: Expression, names: Sequence[str]) -> list[str]:
    """Return the domains of the ops that take the operands directly; empty if all are whole."""
    found = dict.fromkeys(names, REALS.text)
    for step in expression.steps:
        if not isinstance(step.what, Op) or step.what.domain is None or step.what.arity is None:
            continue
        if step.what.name == "pow":
            continue  # its domain is that of exponents that vary
        for i, text in zip(step.operands, step.what.domain, strict=True):
            operand = expression.steps[i].what
            if operand in found and found[str(operand)] == REALS.text:
                found[str(operand)] = text
    return [] if all(text == REALS.text for text in found.values()) else list(found.values())


def points_in(
    domain: Sequence[str], count: int, value: Callable[..., float], what: str
) -> list[tuple[float, ...]]:
    """Return operands in the domain, a value at each.

    Raises:
        CliError: if there is no value at one of them: the domain is to be given.

    """
    domains = [parse_domain(text) for text in domain] or [REALS] * count
    choices = [_inside(d) for d in domains]
    found = []
    for k in itertools.islice(itertools.count(), max(map(len, choices))):
        xs = tuple(c[(k + i) % len(c)] for i, c in enumerate(choices))
        if not math.isfinite(value(*xs)):
            shown = ", ".join(map(repr, xs))
            raise CliError(
                f"{what} has no value at {shown}; say where it has with --domain, as in "
                '--domain "(0, inf)", once for all operands or once for each'
            )
        found.append(xs)
    return found


def _inside(domain: Domain) -> list[float]:
    tried = [*TRIED]
    for part in domain.intervals:
        if math.isfinite(part.low) and math.isfinite(part.high):
            tried += [part.low + share * (part.high - part.low) for share in (0.1, 0.5, 0.9)]
        elif math.isfinite(part.low):
            tried += [part.low + x for x in (0.01, 1.0, 20.0)]
        elif math.isfinite(part.high):
            tried += [part.high - x for x in (0.01, 1.0, 20.0)]
    return [x for x in tried if x in domain and x not in domain.borders]

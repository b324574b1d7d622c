"""Failures that an author expects, each with a reason: ``"op[check]: reason"``."""

import re
from collections.abc import Iterable, Mapping

from mgcore.testing.examine import known_checks
from mgcore.testing.subject import UsageError

__all__ = ["expected_failures"]

_LINE = re.compile(r"\s*(\w+)\[(\w+)\]\s*:\s*(\S.*)")


def expected_failures(
    stated: Iterable[str] | Mapping[str, str], ops: Iterable[str]
) -> dict[tuple[str, str], str]:
    """Read which failures are expected.

    Args:
        stated: lines ``op[check]: reason``, or a mapping from ``op[check]`` to the reason.
        ops: names of the ops that are examined.

    Returns:
        (op, check) -> reason.

    Raises:
        UsageError: if a line is no such thing, has no reason, or names an unknown op or check.

    """
    lines = [f"{k}: {v}" for k, v in stated.items()] if isinstance(stated, Mapping) else stated
    known = set(ops)
    found = {}
    for line in lines:
        match = _LINE.fullmatch(line)
        if match is None:
            raise UsageError(
                f'an expected failure is written "op[check]: reason", not {line!r}; give a reason'
            )
        op, check, reason = match.groups()
        if op not in known:
            raise UsageError(f"a failure of {op!r} is expected, but no such op is examined")
        known_checks([check])
        found[op, check] = reason
    return found

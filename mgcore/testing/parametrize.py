"""A pytest decorator: one test per op and check."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import attrs
import pytest

from mgcore.op import Op
from mgcore.plugins.registry import registry
from mgcore.testing.examine import known_checks, run_check, subject_of
from mgcore.testing.expected import expected_failures
from mgcore.testing.report import CheckError
from mgcore.testing.table import CHECKS

__all__ = ["BoundCheck", "parametrize_with_checks"]


@attrs.frozen
class BoundCheck:
    """Hold a check that a test calls with the op; it raises if the op fails.

    Args:
        name: of the check.
        reference: op name -> what it should compute.
        samples: how many sets of operands are drawn.
        seed: what they are drawn with.
        strict: whether an op that is fragile fails.

    """

    name: str
    reference: Mapping[str, Callable[..., Any]]
    samples: int
    seed: int
    strict: bool = False

    def __call__(self, op: Op) -> None:
        """Run the check on `op`.

        Raises:
            CheckError: if the op fails.

        """
        reference = self.reference.get(op.name)
        subject = subject_of(op, reference, self.samples, self.seed)
        result = run_check(self.name, subject, self.strict)
        if result.verdict == "skip":
            pytest.skip(result.reason)
        if result.verdict == "fail":
            raise CheckError(f"{op.name} fails {result} (seed {self.seed})")


def parametrize_with_checks(
    ops: Iterable[Op | str],
    *,
    references: Mapping[str, Callable[..., Any]] | None = None,
    expected: Mapping[str, str] | None = None,
    checks: Iterable[str] | None = None,
    samples: int = 50,
    seed: int = 0,
    strict: bool = False,
) -> pytest.MarkDecorator:
    """Make one test per op and check out of a test function with arguments ``op`` and ``check``.

    Args:
        ops: ops, or names of registered ones.
        references: op name -> what it should compute, written with mpmath.
        expected: ``"op[check]"`` -> why it fails; strict: a pass is then a failure.
        checks: names of checks; all by default.
        samples: how many sets of operands each check draws.
        seed: what they are drawn with.
        strict: whether an op that is fragile fails.

    Raises:
        UsageError: if a name is unknown or a reason is missing.

    .. code-block:: python

        @parametrize_with_checks([softsign], expected={"softsign[zeros]": "the sign of 0 is kept"})
        def test_op(op, check):
            check(op)

    """
    found = [registry.load(op) if isinstance(op, str) else op for op in ops]
    reasons = expected_failures(expected or {}, [op.name for op in found])
    parameters = []
    for op in found:
        for name in list(CHECKS) if checks is None else known_checks(checks):
            reason = reasons.get((op.name, name))
            marks = [] if reason is None else [pytest.mark.xfail(reason=reason, strict=True)]
            check = BoundCheck(name, references or {}, samples, seed, strict)
            parameters.append(pytest.param(op, check, marks=marks, id=f"{op.name}-{name}"))
    return pytest.mark.parametrize(("op", "check"), parameters)

"""The tests that ``--mg-ops`` makes; imported only when they are wanted."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

import pytest

from mgcore.errors import MgcoreError
from mgcore.testing import CHECKS, CheckError
from mgcore.testing.examine import run_check, subject_of
from mgcore.testing.expected import expected_failures
from mgcore.testing.selection import ops_of

if TYPE_CHECKING:
    from pathlib import Path

    from mgcore.op import Op
    from mgcore.testing.subject import Subject

__all__ = ["CheckItem", "check_items"]


class CheckItem(pytest.Item):
    """Run one check on one op."""

    def __init__(self, *, subject: Subject, check: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.subject = subject
        self.check = check

    def runtest(self) -> None:
        """Run the check; what is skipped says why."""
        result = run_check(self.check, self.subject, self.config.getoption("mg_strict"))
        if result.verdict == "skip":
            pytest.skip(result.reason)
        if result.word == "fragile":
            self.add_report_section("call", "mgcore", str(result))  # pytest -rP shows it
        if result.verdict == "fail":
            raise CheckError(f"{self.subject.op.name} fails {result} (seed {self.subject.seed})")

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Show the failure alone: the stack would be the kit's."""
        if isinstance(excinfo.value, MgcoreError):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Name the place of the op's forward rule, and the check."""
        return self.path, None, self.name


def check_items(session: pytest.Session, config: pytest.Config) -> list[pytest.Item]:
    """Return one item per check of every op that the command line names."""
    try:
        ops = ops_of(config.getoption("mg_ops"))
        reasons = expected_failures(config.getini("mg_expected_failures"), [op.name for op in ops])
        subjects = [
            subject_of(op, None, config.getoption("mg_samples"), config.getoption("mg_seed"))
            for op in ops
        ]
    except MgcoreError as error:
        raise pytest.UsageError(str(error)) from error
    items: list[pytest.Item] = []
    for subject in subjects:
        for check in CHECKS:
            item = _item(session, subject, check)
            reason = reasons.get((subject.op.name, check))
            if reason is not None:
                item.add_marker(pytest.mark.xfail(reason=reason, strict=True))
            items.append(item)
    return items


def _item(session: pytest.Session, subject: Subject, check: str) -> pytest.Item:
    name = f"{subject.op.name}[{check}]"
    item: pytest.Item = CheckItem.from_parent(
        session, name=name, nodeid=f"mg-ops::{name}", subject=subject, check=check
    )
    item.path = _file(subject.op) or session.path
    return item


def _file(op: Op) -> Path | None:
    from pathlib import Path

    try:
        return Path(inspect.getfile(op.forward))
    except TypeError:  # written in C
        return None

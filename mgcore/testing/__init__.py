"""The conformance kit: prove that an op does what an op should.

>>> from mgcore.testing import check_op
>>> check_op("tanh", checks=["purity", "modes"]).passed
True

Needs the extra ``kit`` (Hypothesis and mpmath), which are imported when something is used.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mgcore.testing.examine import assert_op, check_op
    from mgcore.testing.parametrize import parametrize_with_checks
    from mgcore.testing.report import CheckError, CheckResult, Report
    from mgcore.testing.subject import UsageError
    from mgcore.testing.table import CHECKS, Check

__all__ = [
    "CHECKS",
    "Check",
    "CheckError",
    "CheckResult",
    "Report",
    "UsageError",
    "assert_op",
    "check_op",
    "parametrize_with_checks",
]

_HOMES = {
    "CHECKS": "table",
    "Check": "table",
    "CheckError": "report",
    "CheckResult": "report",
    "Report": "report",
    "UsageError": "subject",
    "assert_op": "examine",
    "check_op": "examine",
    "parametrize_with_checks": "parametrize",
}


def __getattr__(name: str) -> Any:
    import importlib

    if name not in _HOMES:
        raise AttributeError(f"mgcore.testing has no attribute {name!r}")
    try:
        module = importlib.import_module(f"mgcore.testing.{_HOMES[name]}")
    except ModuleNotFoundError as error:
        if error.name not in {"hypothesis", "mpmath", "pytest"}:
            raise
        raise ImportError(
            f"mgcore.testing needs {error.name}; pip install 'mgcore[kit]'", name=error.name
        ) from error
    return getattr(module, name)

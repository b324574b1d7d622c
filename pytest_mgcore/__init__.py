"""The pytest plugin of mgcore: ``pytest --mg-ops my_package`` makes one test per op and check.

Pytest imports this module at every start, of any project: it must import nothing of mgcore until
one of its options or fixtures is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options and the setting."""
    group = parser.getgroup("mgcore", "conformance checks of mgcore ops")
    group.addoption(
        "--mg-ops",
        action="append",
        default=[],
        metavar="NAME",
        help="run every check on the ops of this package, or on this op; may be repeated",
    )
    group.addoption(
        "--mg-samples", type=int, default=50, help="sets of operands that each check draws"
    )
    group.addoption("--mg-seed", type=int, default=0, help="what the operands are drawn with")
    group.addoption(
        "--mg-strict", action="store_true", help="an op that is fragile fails, as a wrong one does"
    )
    parser.addini(
        "mg_expected_failures",
        type="linelist",
        default=[],
        help="lines 'op[check]: reason' of failures that --mg-ops is to expect, strictly",
    )


def pytest_report_header(config: pytest.Config) -> str | None:
    """Print what it takes to draw the same operands again."""
    words = config.getoption("mg_ops")
    if not words:
        return None
    samples, seed = config.getoption("mg_samples"), config.getoption("mg_seed")
    return f"mgcore: checks of {', '.join(words)}; --mg-samples {samples} --mg-seed {seed}"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(
    session: pytest.Session, config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Add the tests that were asked for."""
    if config.getoption("mg_ops"):
        from pytest_mgcore.items import check_items

        items += check_items(session, config)


@pytest.fixture
def mg_assert_op(pytestconfig: pytest.Config) -> Callable[..., None]:
    """Return `mgcore.testing.assert_op`, with samples, seed and strictness of the command line."""
    from functools import partial

    from mgcore.testing import assert_op

    option = pytestconfig.getoption
    samples, seed, strict = option("mg_samples"), option("mg_seed"), option("mg_strict")
    return partial(assert_op, samples=samples, seed=seed, strict=strict)

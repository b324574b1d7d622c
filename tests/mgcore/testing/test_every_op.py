"""Every registered op runs every check, held to the strict ones: there is no list to be on."""

import pytest

from mgcore import Op
from mgcore.testing import parametrize_with_checks
from mgcore.testing.selection import every_op


@pytest.mark.filterwarnings("error")
@parametrize_with_checks(every_op(), strict=True)
def test_every_registered_op_passes_every_check(op: Op, check: "object") -> None:
    assert callable(check)
    check(op)

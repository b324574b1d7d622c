"""Run every conformance check of mgcore on every op of the package."""

from collections.abc import Callable

import mpmath

from mgcore import Op
from mgcore.testing import parametrize_with_checks

# The other ops bring their references themselves, by a hook.
REFERENCES = {"norm_cdf": mpmath.ncdf}


@parametrize_with_checks(["norm_cdf", "lambert_w", "bessel_j0", "bessel_j1"], references=REFERENCES)
def test_an_op_passes_every_check(op: Op, check: Callable[[Op], None]) -> None:
    """Compare values and derivatives with mpmath."""
    check(op)

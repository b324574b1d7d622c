"""Run every conformance check of mgcore on every op of the package."""

from collections.abc import Callable

import mpmath

from mgcore import Op
from mgcore.testing import parametrize_with_checks

REFERENCES = {
    "norm_cdf": mpmath.ncdf,
    "lambert_w": lambda x: mpmath.lambertw(x).real,
    "bessel_j0": lambda x: mpmath.besselj(0, x),
    "bessel_j1": lambda x: mpmath.besselj(1, x),
}


@parametrize_with_checks(
    REFERENCES,
    references=REFERENCES,
    expected={
        "bessel_j1[forward]": "SciPy's jv keeps only 14 digits where x is below about 1e-40",
        "bessel_j1[zeros]": "SciPy's jv gives 0 for subnormal x, where J1(x) is x/2",
    },
)
def test_an_op_passes_every_check(op: Op, check: Callable[[Op], None]) -> None:
    """Compare values and derivatives with mpmath; the two known flaws are SciPy's own."""
    check(op)

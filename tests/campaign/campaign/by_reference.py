"""Ops without a formula in `truth`: their values and derivatives by the kit's mpmath references."""

from __future__ import annotations

import functools
import itertools

from mpmath import mp, mpf

from mgcore import ops
from mgcore.testing.references import REFERENCES

__all__ = ["NAMES", "near_kink", "numbers"]

NOT_HERE = {
    *("take", "isnan"),  # an index, and a test of what no graph here holds
    "copysign",  # a number of mpmath has no sign at 0
    *("ste_round", "ste_sign"),  # their slopes are not those of their values
    # special functions: mpmath takes too long for a campaign; the kit holds them to it
    *("erfc", "erfcx", "erfinv", "normal_cdf", "normal_pdf", "normal_logcdf", "normal_quantile"),
    *("lgamma", "gamma", "digamma", "polygamma", "zeta", "gammainc", "betainc", "j0", "j1"),
    *("bessel_jn", "i0", "i1", "bessel_in", "lambertw", "expi", "beta", "betaln", "i0e", "i1e"),
    "bessel_ine",
}
NAMES = sorted({*REFERENCES} - NOT_HERE)
"""All that mpmath has a reference of; who has a formula of its own in `truth` is not asked here."""

_DIGITS, _STEP = 60, mpf(10) ** -20


@functools.lru_cache(maxsize=4096)
def numbers(name, point):
    """Return value, gradient and second derivatives {(i, j): d} at a point of floats.

    They are mpf, or something else where there is no real number.
    """
    count = len(point)

    def f(*xs):
        try:
            return REFERENCES[name](*xs)
        except (ZeroDivisionError, ValueError, OverflowError):
            return mpf("nan")

    with mp.workdps(_DIGITS):
        at = [mpf(x) for x in point]
        steps = [_STEP * max(abs(x), mpf(1)) for x in at]

        def moved(*by):
            here = list(at)
            for i, sign in by:
                here[i] += sign * steps[i]
            return f(*here)

        value = f(*at)
        ahead = [moved((i, 1)) for i in range(count)]
        behind = [moved((i, -1)) for i in range(count)]
        slopes = [(a - b) / (2 * h) for a, b, h in zip(ahead, behind, steps, strict=True)]
        bends = {(i, i): (ahead[i] - 2 * value + behind[i]) / steps[i] ** 2 for i in range(count)}
        for i, j in itertools.combinations(range(count), 2):
            corners = sum(
                s * t * moved((i, s), (j, t)) for s, t in itertools.product((1, -1), repeat=2)
            )
            bends[i, j] = corners / (4 * steps[i] * steps[j])
        return value, slopes, bends


def near_kink(name, point, relative):
    """Tell whether a point lies so near to a kink that roundings decide on which side."""
    kink = getattr(ops, name).kink
    if kink is None:
        return False
    return not abs(kink(*point)) > relative * (1.0 + max(map(abs, point)))

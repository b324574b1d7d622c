"""Ops without a formula in `truth`: their values and derivatives by the kit's mpmath references."""

from __future__ import annotations

import functools
import itertools

from mpmath import mp, mpf
from mpmath.libmp import NoConvergence

from mgcore import ops
from mgcore.testing.references import REFERENCES

__all__ = ["NAMES", "SPECIAL", "near_kink", "numbers"]

NOT_HERE = {
    "isnan",  # a test of what no graph here holds
    "copysign",  # a number of mpmath has no sign at 0
    *("take", "ste_round", "ste_sign"),  # `truth` has formulas of their own
}
SPECIAL = {
    **dict.fromkeys(("erfc", "erfcx", "normal_cdf", "normal_pdf", "normal_logcdf"), ("any",)),
    "gaussian": ("any",),
    **dict.fromkeys(("j0", "j1", "i0", "i1", "i0e", "i1e"), ("any",)),
    **dict.fromkeys(("bessel_jn", "bessel_in", "bessel_ine"), ("whole", "any")),
    **dict.fromkeys(("lgamma", "gamma", "digamma", "lambertw", "expi"), ("positive",)),
    **dict.fromkeys(("beta", "betaln"), ("positive", "positive")),
    "polygamma": ("whole", "positive"),
    "gammainc": ("number", "positive"),
    "zeta": ("number above one", "positive"),
    "betainc": ("number", "number", "part"),
    "erfinv": ("signed part",),
    "normal_quantile": ("part",),
}
"""Special functions, and where each operand lies. mpmath takes its time: they have a kind apart.

By an operand that is said to be a number they have no derivative, and say so.
"""

PLAIN = ("whole", "number", "number above one")

NAMES = sorted({*REFERENCES} - NOT_HERE - {*SPECIAL})
"""All others of which mpmath has a reference; who has a formula in `truth` is not asked here."""

_DIGITS, _STEP = 60, mpf(10) ** -20


@functools.lru_cache(maxsize=4096)
def numbers(name, point):
    """Return value, gradient and second derivatives {(i, j): d} at a point of floats.

    They are mpf, or something else where there is no real number; 0 by plain ones.
    """
    count = len(point)
    moving = [i for i in range(count) if SPECIAL.get(name, ("any",) * count)[i] not in PLAIN]

    def f(*xs):
        try:
            return REFERENCES[name](*xs)
        except (ZeroDivisionError, ValueError, OverflowError, NoConvergence):
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
        ahead = {i: moved((i, 1)) for i in moving}
        behind = {i: moved((i, -1)) for i in moving}
        slopes = [mpf(0)] * count
        pairs = itertools.combinations_with_replacement(range(count), 2)
        bends = dict.fromkeys(pairs, mpf(0))
        for i in moving:
            slopes[i] = (ahead[i] - behind[i]) / (2 * steps[i])
            bends[i, i] = (ahead[i] - 2 * value + behind[i]) / steps[i] ** 2
        for i, j in itertools.combinations(moving, 2):
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

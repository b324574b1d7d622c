"""Fit the polynomials of the native special functions and write them as a module.

    F=mgcompile/backends/llvm/math/functions/coefficients_special.py
    python tools/fit_special.py > $F

As tools/fit_functions.py does. Functions that cross 0 are fitted without that factor, and those of
large arguments without their asymptotic one, so that what is fitted is smooth and of one sign.
"""

from __future__ import annotations

from fit_functions import Fit, Function, write
from mpmath import (
    besseli,
    besselj,
    besseljzero,
    bessely,
    cos,
    digamma,
    erfinv,
    euler,
    exp,
    findroot,
    log,
    loggamma,
    mpf,
    pi,
    sin,
    sqrt,
)

# lgamma(2 + t) / (t (1 + t)), which is positive.


def lgamma_rest(t: mpf) -> mpf:
    """Return lgamma(2 + t) without its zeros at -1 and 0."""
    if abs(t) < mpf("1e-40"):
        return digamma(2)
    if abs(1 + t) < mpf("1e-40"):
        return euler
    return loggamma(2 + t) / (t * (1 + t))


# The normal quantile


def quantile_centre(rest: mpf) -> mpf:
    """Return q(1/2 + u) / u - sqrt(2 pi) in 0.180625 - u^2."""
    u = sqrt(max(mpf("0.180625") - rest, mpf("1e-60")))
    return sqrt(2) * erfinv(2 * u) / u - sqrt(2 * pi)


def quantile_tail(r: mpf) -> mpf:
    """Return -q(p) / r in r = sqrt(-log(p)): it tends to sqrt(2)."""
    goal = -r * r
    start = r * sqrt(mpf(2))
    # Newton's method for log(Phi(-y)) = goal, from the series of its tail.
    from mpmath import erfc

    def distance(y: mpf) -> mpf:
        return log(erfc(y / sqrt(2)) / 2) - goal

    y = start - log(start * sqrt(2 * pi)) / start
    return findroot(distance, y, tol=mpf("1e-60")) / r


# Bessel functions


def without_zeros(n: int) -> Function:
    """Return J_n(x) / (x^n (z - a^2) (z - b^2)), z = x^2, a and b its zeros, in t = z/12.5 - 1."""
    first, second = (besseljzero(n, k) ** 2 for k in (1, 2))

    def rest(t: mpf) -> mpf:
        z = (t + 1) * 12.5 + mpf("1e-40")
        x = sqrt(z)
        return besselj(n, x) / x**n / ((z - first) * (z - second))

    return rest


def hankel(n: int, *, along: bool) -> Function:
    """Return P, or x Q, of J_n(x) = sqrt(2/(pi x)) (P cos(chi) - Q sin(chi)) in t = 25/x^2."""

    def part(t: mpf) -> mpf:
        x = 5 / sqrt(max(t, mpf("1e-30")))
        chi = x - (n / mpf(2) + mpf(1) / 4) * pi
        j, y = besselj(n, x), bessely(n, x)
        scale = sqrt(pi * x / 2)
        if along:
            return scale * (j * cos(chi) + y * sin(chi))
        return x * scale * (y * cos(chi) - j * sin(chi))

    return part


def near_i(n: int) -> Function:
    """Return (I_n(x) / (x/2)^n - 1) / z in z = x^2/4."""

    def rest(z: mpf) -> mpf:
        z = z + mpf("1e-40")
        x = 2 * sqrt(z)
        return (besseli(n, x) / sqrt(z) ** n - 1) / z

    return rest


def near_weight(n: int) -> Function:
    """Return how much an error of that counts, relative to I_n(x) / (x/2)^n."""
    return lambda z: max(z, mpf("1e-20")) / (1 + z * near_i(n)(z))


def far_i(n: int) -> Function:
    """Return sqrt(x) e^-x I_n(x) in t = 8/x."""

    def rest(t: mpf) -> mpf:
        x = 8 / max(t, mpf("1e-25"))
        return sqrt(x) * exp(-x) * besseli(n, x)

    return rest


QUANTILE = "q(1/2 + u) / u - sqrt(2 pi) in 0.425^2 - u^2, |u| <= 0.425, q the normal quantile"
FITS = [
    Fit(
        "LGAMMA",
        "lgamma(2 + t) / (t (1 + t)), -1 <= t <= 1",
        lgamma_rest,
        mpf(-1),
        mpf(1),
        7,
        below=7,
    ),
    Fit("LGAMMA", "", lgamma_rest, mpf(-1), mpf(1), 3, single=True, below=4),
    Fit("QUANTILE", QUANTILE, quantile_centre, mpf("-0.0002"), mpf("0.180625"), 7, below=7),
    Fit("QUANTILE", "", quantile_centre, mpf("-0.0002"), mpf("0.180625"), 3, single=True, below=3),
    Fit(
        "TAIL",
        "-q(p) / r in r = sqrt(-log(p)), 1.6 <= r <= 6.2",
        quantile_tail,
        mpf("1.6"),
        mpf("6.2"),
        8,
        below=8,
    ),
    Fit("TAIL", "", quantile_tail, mpf("1.6"), mpf("6.2"), 3, single=True, below=3),
    Fit(
        "FAR_TAIL",
        "the same, 6.2 <= r <= 27.4 (10.3)",
        quantile_tail,
        mpf("6.2"),
        mpf("27.4"),
        7,
        below=7,
    ),
    Fit("FAR_TAIL", "", quantile_tail, mpf("6.2"), mpf("10.3"), 2, single=True, below=2),
]
for n in (0, 1):
    FITS += [
        Fit(
            f"J{n}",
            f"J_{n}(x) / (x^{n} (z - a^2) (z - b^2)) in z/12.5 - 1, z = x^2 <= 25",
            without_zeros(n),
            mpf(-1),
            mpf("1.001"),
            11,
        ),
        Fit(f"J{n}", "", without_zeros(n), mpf(-1), mpf("1.001"), 6, single=True),
        Fit(
            f"P{n}",
            f"P of J_{n}(x) = sqrt(2/(pi x)) (P cos(chi) - Q sin(chi)) in t = 25/x^2",
            hankel(n, along=True),
            mpf(0),
            mpf("1.001"),
            6,
            below=6,
        ),
        Fit(f"P{n}", "", hankel(n, along=True), mpf(0), mpf("1.001"), 2, single=True, below=2),
        Fit(f"Q{n}", "x Q", hankel(n, along=False), mpf(0), mpf("1.001"), 6, below=6),
        Fit(f"Q{n}", "", hankel(n, along=False), mpf(0), mpf("1.001"), 2, single=True, below=2),
        Fit(
            f"NEAR_I{n}",
            f"(I_{n}(x) / (x/2)^{n} - 1) / z in z = x^2/4, x <= 8",
            near_i(n),
            mpf(0),
            mpf("16.01"),
            13,
            near_weight(n),
        ),
        Fit(f"NEAR_I{n}", "", near_i(n), mpf(0), mpf("16.01"), 8, near_weight(n), single=True),
        Fit(f"FAR_I{n}", f"sqrt(x) e^-x I_{n}(x) in t = 8/x", far_i(n), mpf(0), mpf("1.001"), 23),
        Fit(f"FAR_I{n}", "", far_i(n), mpf(0), mpf("1.001"), 6, single=True),
    ]

if __name__ == "__main__":
    write(FITS)

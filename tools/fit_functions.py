"""Fit the polynomials of the native elementary functions and write them as a module.

    python tools/fit_functions.py > mgcompile/backends/llvm/math/functions/coefficients.py
    python tools/fit_functions.py EXP2 CBRT     # only these tables

Each table is the minimax fit of a smooth function g by the exchange algorithm of Remez (1934) in
500 bits: the polynomial P that makes the largest |w(x) (P(x) - g(x))| smallest, or the quotient
P / Q of two. Coefficients are rounded to the format that uses them. Needs mpmath.
"""

from __future__ import annotations

import struct
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from attrs import frozen
from mpmath import (
    asin,
    atan,
    atanh,
    cbrt,
    cos,
    cosh,
    erf,
    erfc,
    exp,
    log,
    lu_solve,
    matrix,
    mp,
    mpf,
    ncdf,
    pi,
    polyval,
    sin,
    sinh,
    sqrt,
    tan,
)

mp.prec = 500

Function = Callable[[mpf], mpf]
GRID = 600
TINY = mpf("1e-25")


@frozen
class Fit:
    """A polynomial to fit: its table's name, what it stands for, and where.

    With `below`, the degree of Q, it is a quotient; Q begins with 1 and has a table of its own.
    """

    name: str
    meaning: str
    g: Function
    low: mpf
    high: mpf
    degree: int
    weight: Function = lambda _: mpf(1)
    single: bool = False
    below: int = 0


def remez(fit: Fit) -> tuple[list[mpf], list[mpf], mpf]:
    """Return the coefficients of P and Q, constant term first, and the largest weighted error."""
    count = fit.degree + fit.below + 2
    middle, half = (fit.low + fit.high) / 2, (fit.high - fit.low) / 2
    nodes = [middle - half * cos(pi * k / (count - 1)) for k in range(count)]
    grid = [middle - half * cos(pi * k / GRID) for k in range(GRID + 1)]
    target = [fit.g(x) for x in grid]
    weight = [fit.weight(x) for x in grid]
    above, below = [mpf(0)], [mpf(1)]
    for _ in range(30):
        above, below = _level(fit, nodes, below)
        error = [
            w * (polyval(above[::-1], x) / polyval(below[::-1], x) - y)
            for x, y, w in zip(grid, target, weight, strict=True)
        ]
        nodes, low, high = _extrema(grid, error, count)
        if high < low * mpf("1.02"):
            break
    return above, below, high


def _level(fit: Fit, nodes: Sequence[mpf], below: list[mpf]) -> tuple[list[mpf], list[mpf]]:
    # P(x) - Q(x) g(x) = +-E Q(x) / w(x) at the nodes, with alternating signs. It is linear but for
    # the last Q, for which that of the step before is put until it no longer changes.
    values = [fit.g(x) for x in nodes]
    for _ in range(20 if fit.below else 1):
        rows = [
            [x**k for k in range(fit.degree + 1)]
            + [-y * x**k for k in range(1, fit.below + 1)]
            + [(-1) ** i * polyval(below[::-1], x) / fit.weight(x)]
            for i, (x, y) in enumerate(zip(nodes, values, strict=True))
        ]
        solution = list(lu_solve(matrix(rows), matrix(values)))
        before, below = below, [mpf(1), *solution[fit.degree + 1 : -1]]
        if len(before) == len(below) and all(
            abs(old - new) < TINY for old, new in zip(before, below, strict=True)
        ):
            break
    return solution[: fit.degree + 1], below


def _extrema(grid: Sequence[mpf], error: Sequence[mpf], count: int) -> tuple[list[mpf], mpf, mpf]:
    # One extremum of each run of equal sign; the ends of the list give way to a longer chain.
    runs: list[int] = []
    for i, e in enumerate(error):
        if runs and (error[runs[-1]] > 0) == (e > 0):
            if abs(e) > abs(error[runs[-1]]):
                runs[-1] = i
        else:
            runs.append(i)
    while len(runs) > count:
        del runs[0 if abs(error[runs[0]]) < abs(error[runs[-1]]) else -1]
    if len(runs) < count:
        raise ValueError(f"{count - len(runs)} alternations are missing: choose another degree")
    sizes = [abs(error[i]) for i in runs]
    return [grid[i] for i in runs], min(sizes), max(sizes)


def literal(value: mpf, single: bool) -> str:
    """Return the shortest text of ``value`` rounded to its format."""
    number = float(value)
    if single:
        number = struct.unpack("<f", struct.pack("<f", number))[0]
    return repr(number)


# The functions to fit


def away_from_zero(g: Function) -> Function:
    """Return g, evaluated next to 0 instead of at 0, where its formula divides 0 by 0."""
    return lambda x: g(x if abs(x) > TINY else TINY)


def tail_argument(t: mpf) -> mpf:
    """Return the a in [0, inf) with t = (a - 4) / (a + 4)."""
    return 4 * (1 + t) / (1 - t)


def scaled_tail(t: mpf) -> mpf:
    """Return Phi(-a) exp(a^2 / 2) (1 + 13/16 a), which varies little."""
    a = tail_argument(t)
    return ncdf(-a) * exp(a * a / 2) * (1 + mpf(13) / 16 * a)


def erf_rest(a: mpf) -> mpf:
    """Return R with erf(a) = 1 - e + e a (2/sqrt(pi) - a R), where e = e^(-a^2)."""
    return (ROOT - (1 - erfc(a) * exp(a * a)) / a) / a


def erf_weight(a: mpf) -> mpf:
    """Return how much an error of that R counts, relative to erf(a)."""
    a = max(a, TINY)
    return a * a * exp(-a * a) / erf(a)


ROOT = 2 / sqrt(pi)
HALF_LN2 = log(2) / 2 * mpf("1.001")
ATANH_END = ((sqrt(2) - 1) / (sqrt(2) + 1)) ** 2 * mpf("1.001")
QUARTER = (pi / 4) ** 2 * mpf("1.002")
EXP = away_from_zero(lambda r: (exp(r) - 1 - r) / r**2)
LOG = away_from_zero(lambda z: (2 * atanh(sqrt(z)) / sqrt(z) - 2) / z)
LONG_LOG = away_from_zero(lambda z: (2 * atanh(sqrt(z)) / sqrt(z) - 2 - 2 * z / 3) / z**2)
LOG2 = away_from_zero(lambda f: (log(1 + f) / f - 1) / (f * log(2)))
LOG2_LOW, LOG2_HIGH = sqrt(mpf("0.5")) - mpf("1.0001"), sqrt(mpf(2)) - mpf("0.9999")
LONG_LOG2 = away_from_zero(lambda z: LONG_LOG(z) / log(2))
SIN = away_from_zero(lambda z: (sin(sqrt(z)) / sqrt(z) - 1) / z)
COS = away_from_zero(lambda z: (cos(sqrt(z)) - 1 + z / 2) / z**2)
TAN = away_from_zero(lambda z: (tan(sqrt(z)) / sqrt(z) - 1) / z)
EXP2 = away_from_zero(lambda r: (mpf(2) ** r - 1) / r)
CBRT = away_from_zero(lambda e: (1 / cbrt(1 - e) ** 2 - 1) / e)
CBRT_END = mpf("0.1025")
SINH = away_from_zero(lambda z: (sinh(sqrt(z)) / sqrt(z) - 1) / z)
COSH = away_from_zero(lambda z: (cosh(sqrt(z)) - 1 - z / 2) / z**2)
ASIN = away_from_zero(lambda z: (asin(sqrt(z)) / sqrt(z) - 1) / z)
ATAN = away_from_zero(lambda z: (atan(sqrt(z)) / sqrt(z) - 1) / z)
ATANH = away_from_zero(lambda z: (atanh(sqrt(z)) / sqrt(z) - 1) / z)
EIGHTH = (sqrt(2) - 1) ** 2 * mpf("1.001")
CENTRE = away_from_zero(lambda z: (ncdf(sqrt(z)) - mpf(1) / 2) / sqrt(z))
ERF = away_from_zero(erf_rest)

ERF_MEANING = "(2/sqrt(pi) - (1 - e^(a^2) erfc(a)) / a) / a, 0 <= a <= 5.95 (4)"

FITS = [
    Fit("EXP", "(e^r - 1 - r) / r^2, |r| <= ln(2)/2", EXP, -HALF_LN2, HALF_LN2, 9),
    Fit("EXP", "", EXP, -HALF_LN2, HALF_LN2, 4, single=True),
    Fit("LOG", "(2 atanh(s) - 2 s) / s^3 in z = s^2", LOG, mpf(0), ATANH_END, 6),
    Fit("LOG", "", LOG, mpf(0), ATANH_END, 2, single=True),
    Fit(
        "LONG_LOG", "(2 atanh(s) - 2 s - 2/3 s^3) / s^5 in z = s^2", LONG_LOG, mpf(0), ATANH_END, 8
    ),
    Fit(
        "LOG2",
        "(log(1 + f) / f - 1) / (f ln(2)), -0.2929 <= f <= 0.4143",
        LOG2,
        LOG2_LOW,
        LOG2_HIGH,
        8,
        single=True,
    ),
    Fit(
        "LONG_LOG2",
        "(2 atanh(s) - 2 s - 2/3 s^3) / (s^5 ln(2)) in z = s^2",
        LONG_LOG2,
        mpf(0),
        ATANH_END,
        7,
    ),
    Fit("LONG_LOG2", "", LONG_LOG2, mpf(0), ATANH_END, 2, single=True),
    Fit("SIN", "(sin(r) - r) / r^3 in z = r^2", SIN, mpf(0), QUARTER, 5),
    Fit("SIN", "", SIN, mpf(0), QUARTER, 2, single=True),
    Fit("COS", "(cos(r) - 1 + z/2) / z^2 in z = r^2", COS, mpf(0), QUARTER, 5),
    Fit("COS", "", COS, mpf(0), QUARTER, 2, single=True),
    Fit("TAN", "(tan(r) - r) / r^3 in z = r^2", TAN, mpf(0), QUARTER, 3, below=3),
    Fit("TAN", "", TAN, mpf(0), QUARTER, 1, single=True, below=2),
    Fit("EXP2", "(2^r - 1) / r, |r| <= 1/2", EXP2, -mpf("0.5005"), mpf("0.5005"), 10),
    Fit("EXP2", "", EXP2, -mpf("0.5005"), mpf("0.5005"), 5, single=True),
    Fit("SINH", "(sinh(r) - r) / r^3 in z = r^2, |r| <= ln(2)/2", SINH, mpf(0), HALF_LN2**2, 4),
    Fit("SINH", "", SINH, mpf(0), HALF_LN2**2, 1, single=True),
    Fit("COSH", "(cosh(r) - 1 - z/2) / z^2 in z = r^2", COSH, mpf(0), HALF_LN2**2, 4),
    Fit("COSH", "", COSH, mpf(0), HALF_LN2**2, 1, single=True),
    Fit("ASIN", "(asin(s) - s) / s^3 in z = s^2, |s| <= 1/2", ASIN, mpf(0), mpf("0.25"), 11),
    Fit("ASIN", "", ASIN, mpf(0), mpf("0.25"), 4, single=True),
    Fit("ATAN", "(atan(t) - t) / t^3 in z = t^2, |t| <= tan(pi/8) (1)", ATAN, mpf(0), EIGHTH, 10),
    Fit("ATAN", "", ATAN, mpf(0), mpf("1.001"), 8, single=True),
    Fit("ATANH", "(atanh(s) - s) / s^3 in z = s^2, |s| <= 1/2", ATANH, mpf(0), mpf("0.2501"), 12),
    Fit("ATANH", "", ATANH, mpf(0), mpf("0.2501"), 5, single=True),
    Fit("CBRT", "((1 - e)^(-2/3) - 1) / e, |e| <= 0.1025", CBRT, -CBRT_END, CBRT_END, 11),
    Fit("CBRT", "", CBRT, -CBRT_END, CBRT_END, 5, single=True),
    Fit("ERF", ERF_MEANING, ERF, mpf(0), mpf("5.95"), 6, erf_weight, below=6),
    Fit("ERF", "", ERF, mpf(0), mpf(4), 2, erf_weight, single=True, below=3),
    Fit("CENTRE", "(Phi(x) - 1/2) / x in z = x^2, |x| <= 3/4", CENTRE, mpf(0), mpf(9) / 16, 8),
    Fit("CENTRE", "", CENTRE, mpf(0), mpf(9) / 16, 4, single=True),
    Fit(
        "TAIL",
        "Phi(-a) exp(a^2 / 2) (1 + 13/16 a) in t = (a - 4) / (a + 4), 0 <= a <= 40 (14.6)",
        scaled_tail,
        mpf(-1),
        mpf("0.82"),
        23,
    ),
    Fit("TAIL", "", scaled_tail, mpf(-1), mpf("0.57"), 9, single=True),
]

HEADER = f'''"""Minimax coefficients of functions, constant term first, by element type.

Written by tools/{Path(sys.argv[0]).name}; the comments say what each polynomial stands for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
'''


def write(everything: Sequence[Fit]) -> None:
    """Print the module of coefficients, with the error of each fit as a power of two."""
    print(HEADER)
    names = sys.argv[1:] or list(dict.fromkeys(fit.name for fit in everything))
    for name in names:
        fits = [fit for fit in everything if fit.name == name]
        found = [(fit, *remez(fit)) for fit in fits]
        print(f"# {fits[0].meaning}")
        table(name, [(fit.single, above, error) for fit, above, _, error in found])
        if fits[0].below:
            print("# what that is divided by")
            table(f"{name}_BELOW", [(fit.single, below, error) for fit, _, below, error in found])


def table(name: str, rows: Sequence[tuple[bool, Sequence[mpf], mpf]]) -> None:
    """Print the coefficients of one polynomial in both formats."""
    print(f"{name}: Mapping[str, Sequence[float]] = {{")
    for single, coefficients, error in rows:
        print(f'    "{"float" if single else "double"}": (  # 2^{float(log(error, 2)):.1f}')
        for coefficient in coefficients:
            print(f"        {literal(coefficient, single)},")
        print("    ),")
    print("}")


if __name__ == "__main__":
    write(FITS)

"""What the special functions compute, in mpmath: the second half of the table of references."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import mpmath
from mpmath import mp, mpf

__all__ = ["SPECIAL_REFERENCES"]


def _normal_cdf(x: Any) -> Any:
    return mp.erfc(-x / mp.sqrt(2)) / 2


def _normal_logcdf(x: Any) -> Any:
    if x >= 0:
        return mp.log1p(-_normal_cdf(-x))
    if x > -1000:
        return mp.log(_normal_cdf(x))
    total = term = mpf(1)  # the asymptotic series, DLMF 7.12.1
    for k in range(1, 400):
        term *= -(2 * k - 1) / (x * x)
        total += term
        if abs(term) < mp.eps * mpf(10) ** -5:
            break
    return -x * x / 2 - mp.log(-x * mp.sqrt(2 * mp.pi)) + mp.log(total)


def _zeta(s: Any, q: Any) -> Any:
    # Euler and Maclaurin's formula, DLMF 25.11.28; mpmath's own takes minutes for large operands.
    digits = mp.dps + 10
    if s * mp.log1p(1 / q) > digits * mp.log(10):
        return q**-s
    count = max(0, int(0.45 * digits + 0.2 * s - q) + 10)
    if count > 500 or (count and mp.dps > 360):
        raise ValueError("too many terms")
    end = q + count
    total = mp.fsum((q + k) ** -s for k in range(count))
    total += end ** (1 - s) / (s - 1) + end**-s / 2
    term = s * end ** (-s - 1) / 2
    for k in range(1, 2 * digits):
        part = term * mp.bernoulli(2 * k) / (mp.factorial(2 * k) / 2)
        total += part
        if abs(part) < abs(total) * mp.eps / 100:
            return total
        term *= (s + 2 * k - 1) * (s + 2 * k) / (end * end)
    raise ValueError("no convergence")


def _require_modest(*numbers: Any) -> None:
    if max(numbers) > 2000 or mp.dps > 360:
        raise ValueError("mpmath takes minutes there")


def _betainc(a: Any, b: Any, x: Any) -> Any:
    _require_modest(a, b)
    with mp.extradps(max(0, int(-mp.log10(min(a, b))) + 5)):
        return mp.betainc(a, b, 0, x, regularized=True)


def _gammainc(a: Any, x: Any) -> Any:
    _require_modest(a, x)
    # 1 less a tiny number where a is tiny.
    with mp.extradps(max(0, int(-mp.log10(a)) + 5)):
        return mp.gammainc(a, 0, x, regularized=True)


def _far_quantile(p: Any) -> Any:
    """Return the y with Phi(-y) = p, for tiny p, by Newton's method for the logarithms.

    Each step doubles the digits that are right, so all but the last take few of them.
    """
    goal = mp.log(p)
    y = mp.sqrt(-2 * goal)
    y -= mp.log(y * mp.sqrt(2 * mp.pi)) / y
    bits = 40
    for _ in range(100):
        with mp.workprec(bits):
            tail = mp.erfc(y / mp.sqrt(2)) / 2
            step = (mp.log(tail) - goal) * tail / mp.npdf(y)
            y += step
        if abs(step) < mp.ldexp(y, -bits // 2):
            if bits > mp.prec:
                return +y
            bits = min(2 * bits, mp.prec + 20)
    raise ValueError("no convergence")


def _normal_quantile(p: Any) -> Any:
    if not 0 < p < 1:
        raise ValueError("no probability")
    if p < 1e-6:
        return -_far_quantile(p)
    # The digits that 2 p - 1 cancels, and then those of the result.
    with mp.extradps(int(-mp.log10(min(p, 1 - p))) + 5):
        return mp.sqrt(2) * mp.erfinv(2 * p - 1)


def _erfinv(x: Any) -> Any:
    if not abs(x) < 1:
        raise ValueError("not between -1 and 1")
    with mp.extradps(int(-mp.log10(1 - abs(x))) + 5):
        return mp.erfinv(x)


def _whole(n: Any) -> int:
    if n != int(n) or n < 0:
        raise ValueError("no such order")
    return int(n)


def _beta(a: Any, b: Any) -> Any:
    return mp.exp(_betaln(a, b))


def _betaln(a: Any, b: Any) -> Any:
    # The logarithms cancel where one operand is large.
    with mp.extradps(int(abs(mp.log10(a)) + abs(mp.log10(b))) + 10):
        return mp.loggamma(a) + mp.loggamma(b) - mp.loggamma(a + b)


SPECIAL_REFERENCES: Mapping[str, Callable[..., Any]] = MappingProxyType(
    {
        "erfc": mpmath.erfc,
        "erfcx": lambda x: mp.exp(x * x) * mp.erfc(x),
        "erfinv": _erfinv,
        "normal_cdf": _normal_cdf,
        "gaussian": lambda x: mp.exp(-x * x),
        "normal_pdf": mpmath.npdf,
        "normal_logcdf": _normal_logcdf,
        "normal_quantile": _normal_quantile,
        "lgamma": mpmath.loggamma,
        "gamma": mpmath.gamma,
        "digamma": mpmath.digamma,
        "polygamma": lambda n, x: mp.polygamma(_whole(n), x),
        "zeta": _zeta,
        "beta": _beta,
        "betaln": _betaln,
        "gammainc": _gammainc,
        "betainc": _betainc,
        "j0": lambda x: mp.besselj(0, x),
        "j1": lambda x: mp.besselj(1, x),
        "bessel_jn": lambda n, x: mp.besselj(_whole(n), x),
        "i0": lambda x: mp.besseli(0, x),
        "i1": lambda x: mp.besseli(1, x),
        "bessel_in": lambda n, x: mp.besseli(_whole(n), x),
        "i0e": lambda x: mp.exp(-abs(x)) * mp.besseli(0, x),
        "i1e": lambda x: mp.exp(-abs(x)) * mp.besseli(1, x),
        "bessel_ine": lambda n, x: mp.exp(-abs(x)) * mp.besseli(_whole(n), x),
        "lambertw": mpmath.lambertw,
        "expi": mpmath.ei,
    }
)

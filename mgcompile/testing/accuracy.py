"""Measure native elementwise functions in ulps, against mpmath's arbitrary precision."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from attrs import frozen

if TYPE_CHECKING:
    from numpy.typing import NDArray

Reference = Callable[..., Any]
_BITS = 140  # enough for results that cancel to 2^-75 of their terms


@frozen
class Range:
    """Describe where operands are drawn from: evenly between two numbers, or by magnitude.

    By magnitude ``low`` and ``high`` are exponents of two, cut to what the dtype can hold.
    """

    low: float
    high: float
    by_magnitude: bool = False
    signed: bool = False

    def draw(self, count: int, generator: np.random.Generator, dtype: str) -> NDArray[Any]:
        """Return ``count`` operands of a dtype."""
        if not self.by_magnitude:
            return generator.uniform(self.low, self.high, count).astype(dtype)
        info = np.finfo(dtype)
        low = max(self.low, info.minexp - info.nmant)
        high = min(self.high, info.maxexp - 0.01)
        values = 2.0 ** generator.uniform(low, high, count)
        signs = generator.choice([-1.0, 1.0], count) if self.signed else 1.0
        return (values * signs).astype(dtype)

    def __str__(self) -> str:
        """Return the range as the table of accuracies shows it."""
        if not self.by_magnitude:
            return f"[{self.low:g}, {self.high:g}]"
        return f"{'+-' if self.signed else ''}2^[{self.low:g}, {self.high:g}]"


@frozen
class Subject:
    """Hold an op to measure: its exact value, its bounds in ulps by dtype, and its ranges.

    Each range is a tuple with one entry per operand.
    """

    exact: Reference
    bounds: Mapping[str, float]
    ranges: Sequence[tuple[Range, ...]]


@frozen
class Measurement:
    """Hold the worst error over some samples: in ulps, and the operands it occurred at."""

    ulps: float
    operands: tuple[float, ...]


def worst_error(
    function: Callable[..., NDArray[Any]],
    reference: Reference,
    operands: Sequence[NDArray[Any]],
) -> Measurement:
    """Compare a function on arrays with its reference.

    Args:
        function: takes the arrays and returns one of their dtype.
        reference: takes mpmath numbers and returns the exact result.
        operands: arrays of float64 or float32, finite.

    Returns:
        The largest error. An ulp is the distance of neighbours at the exact result, that of
        subnormal numbers at the least; a result that is infinite or not where the rounded exact
        one is otherwise counts as an infinite error.
    """
    import mpmath

    results = function(*operands)
    worst = Measurement(-1.0, ())
    with mpmath.workprec(_BITS):
        for row in zip(*operands, results, strict=True):
            point = tuple(float(x) for x in row[:-1])
            exact = reference(*(mpmath.mpf(x) for x in point))
            error = error_in_ulps(float(row[-1]), exact, results.dtype)
            if not error <= worst.ulps:
                worst = Measurement(error, point)
    return worst


def error_in_ulps(result: float, exact: Any, dtype: Any) -> float:
    """Return how far a result is from the exact value (an mpmath number), in ulps of it."""
    import mpmath

    info = np.finfo(dtype)
    if abs(exact) >= mpmath.ldexp(2 - mpmath.ldexp(1, -info.nmant - 1), info.maxexp - 1):
        return 0.0 if result == (np.inf if exact > 0 else -np.inf) else np.inf
    if not np.isfinite(result):
        return float(np.inf)
    exponent = mpmath.frexp(exact)[1] - 1 if exact else info.minexp
    ulp = mpmath.ldexp(1, int(max(exponent, info.minexp)) - info.nmant)
    return float(abs(mpmath.mpf(result) - exact) / ulp)


def subjects() -> Mapping[str, Subject]:
    """Return what is measured: the shipped ops that round, with the bounds they keep.

    logsumexp is measured where the sum is not a logarithm of almost 1, which no formula in the
    working precision gives to the last bits; so are exact ops left out.
    """
    import mpmath as mp

    def logistic(x: Any) -> Any:
        return 1 / (1 + mp.exp(-x))

    tight, loose = {"float64": 2.0, "float32": 2.0}, {"float64": 4.0, "float32": 4.0}
    any_sign = Range(-1074, 1024, by_magnitude=True, signed=True)
    positive = Range(-1074, 1024, by_magnitude=True)
    unit, negative = Range(-1, 1), Range(-750, 1)

    def one(*ranges: Range) -> list[tuple[Range, ...]]:
        return [(r,) for r in ranges]

    return {
        "exp": Subject(mp.exp, tight, one(unit, Range(-746, 710), Range(-104, 89))),
        "log": Subject(mp.log, tight, one(positive, Range(0.5, 2))),
        "exp2": Subject(lambda x: mp.mpf(2) ** x, tight, one(unit, Range(-1075, 1024))),
        "expm1": Subject(mp.expm1, tight, one(any_sign, unit, Range(-50, 710))),
        "log1p": Subject(mp.log1p, tight, one(positive, Range(-0.999, 2))),
        "log2": Subject(lambda x: mp.log(x) / mp.log(2), tight, one(positive, Range(0.5, 2))),
        "log10": Subject(lambda x: mp.log(x) / mp.log(10), tight, one(positive, Range(0.5, 2))),
        "cbrt": Subject(lambda x: mp.sign(x) * mp.cbrt(abs(x)), tight, one(any_sign, Range(-2, 2))),
        "rsqrt": Subject(lambda x: 1 / mp.sqrt(x), tight, one(positive)),
        "sqrt": Subject(mp.sqrt, tight, one(positive)),
        "sin": Subject(mp.sin, tight, one(any_sign, Range(-7, 7), Range(-1e5, 1e5))),
        "cos": Subject(mp.cos, tight, one(any_sign, Range(-7, 7), Range(-1e5, 1e5))),
        "tan": Subject(mp.tan, tight, one(any_sign, Range(-7, 7), Range(-1e5, 1e5))),
        "asin": Subject(mp.asin, tight, one(unit, Range(-1074, 0, by_magnitude=True))),
        "acos": Subject(mp.acos, tight, one(unit, Range(-1074, 0, by_magnitude=True))),
        "atan": Subject(mp.atan, tight, one(any_sign, Range(-7, 7))),
        "sinh": Subject(mp.sinh, tight, one(any_sign, unit, Range(-89, 89))),
        "cosh": Subject(mp.cosh, tight, one(any_sign, unit, Range(-89, 89))),
        "asinh": Subject(mp.asinh, tight, one(any_sign, Range(-7, 7))),
        "acosh": Subject(mp.acosh, tight, one(Range(0, 1024, by_magnitude=True), Range(1, 3))),
        "atanh": Subject(mp.atanh, tight, one(unit, Range(-1074, -1, by_magnitude=True))),
        "tanh": Subject(mp.tanh, tight, one(any_sign, unit, Range(-22, 22))),
        "sigmoid": Subject(logistic, tight, one(unit, negative, Range(-104, 40))),
        "erf": Subject(mp.erf, loose, one(any_sign, unit, Range(-7, 7))),
        "softplus": Subject(
            lambda x: mp.log1p(mp.exp(x)), loose, one(unit, negative, Range(-104, 40))
        ),
        "elu": Subject(
            lambda x: x if x > 0 else mp.expm1(x), loose, one(any_sign, unit, Range(-60, 1))
        ),
        "silu": Subject(lambda x: x * logistic(x), loose, one(unit, negative, Range(-120, 40))),
        "gelu": Subject(
            lambda x: x * mp.erfc(-x / mp.sqrt(2)) / 2, loose, one(unit, Range(-39, 9))
        ),
        "logsigmoid": Subject(
            lambda x: -mp.log1p(mp.exp(-x)), loose, one(unit, Range(-1, 750), Range(-40, 104))
        ),
        "mish": Subject(
            lambda x: x * mp.tanh(mp.log1p(mp.exp(x))),
            loose,
            one(unit, Range(-700, 30), Range(-80, 9)),
        ),
        "pow": Subject(
            mp.power,
            tight,
            [
                (positive, Range(-1, 1)),
                (Range(0.5, 2), Range(-1000, 1000)),
                (Range(0, 100), Range(-20, 20)),
            ],
        ),
        "logsumexp": Subject(
            lambda *xs: mp.log(mp.fsum(mp.exp(x) for x in xs)),
            loose,
            [(Range(0, 50),) * 3, (Range(0.5, 700),) * 2],
        ),
    }

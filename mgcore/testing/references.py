"""What the shipped ops compute, in mpmath: independent of their rules, to any precision."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import mpmath
from mpmath import mp, mpf

from mgcore.testing.references_special import SPECIAL_REFERENCES

__all__ = ["REFERENCES"]


def _step(holds: bool) -> Any:
    return mpf(1) if holds else mpf(0)


def _sigmoid(x: Any) -> Any:
    if x < 0:  # no cancellation, and no overflow of the exponent's size
        e = mp.exp(x)
        return e / (1 + e)
    return 1 / (1 + mp.exp(-x))


def _softplus(x: Any) -> Any:
    return max(x, mpf(0)) + mp.log1p(mp.exp(-abs(x)))


def _hardsigmoid(x: Any) -> Any:
    return min(max((x + 3) / 6, mpf(0)), mpf(1))


# The paper's digits (Klambauer et al., 2017, section 2): alpha_01 and lambda_01.
_SELU_ALPHA = "1.6732632423543772848170429916717"
_SELU_SCALE = "1.0507009873554804934193349852946"


def _logsumexp(*xs: Any) -> Any:
    largest = max(xs)
    return largest + mp.log(mp.fsum(mp.exp(x - largest) for x in xs))


def _dot(*xs: Any) -> Any:
    half = len(xs) // 2
    return mp.fsum(w * x for w, x in zip(xs[:half], xs[half:], strict=True))


def _round(x: Any) -> Any:
    low = mp.floor(x)
    rest = x - low
    return low + (1 if rest > 0.5 or (rest == 0.5 and low % 2 == 1) else 0)


def _trunc(x: Any) -> Any:
    return mp.sign(x) * mp.floor(abs(x))


def _variance(*xs: Any) -> Any:
    middle = mp.fsum(xs) / len(xs)
    return mp.fsum((x - middle) ** 2 for x in xs) / len(xs)


def _polyval(x: Any, *coefficients: Any) -> Any:
    degree = len(coefficients) - 1
    return mp.fsum(c * x ** (degree - i) for i, c in enumerate(coefficients))


def _gelu_tanh(x: Any) -> Any:
    return x * _sigmoid(2 * mp.sqrt(2 / mp.pi) * (x + mpf(0.044715) * x**3))


def _take(index: Any, *choices: Any) -> Any:
    if index != int(index) or not 0 <= index < len(choices):
        raise ValueError("no such choice")
    return choices[int(index)]


REFERENCES: Mapping[str, Callable[..., Any]] = MappingProxyType(
    {
        "add": lambda x, y: x + y,
        "sub": lambda x, y: x - y,
        "mul": lambda x, y: x * y,
        "div": lambda x, y: x / y,
        "neg": lambda x: -x,
        "pow": mpmath.power,
        "exp": mpmath.exp,
        "log": mpmath.log,
        "sqrt": mpmath.sqrt,
        "abs": abs,
        "exp2": lambda x: mpf(2) ** x,
        "expm1": mpmath.expm1,
        "log1p": mpmath.log1p,
        "log2": lambda x: mp.log(x) / mp.log(2),
        "log10": lambda x: mp.log(x) / mp.log(10),
        "cbrt": lambda x: mp.sign(x) * mp.cbrt(abs(x)),
        "square": lambda x: x * x,
        "reciprocal": lambda x: 1 / x,
        "rsqrt": lambda x: 1 / mp.sqrt(x),
        "sin": mpmath.sin,
        "cos": mpmath.cos,
        "tan": mpmath.tan,
        "asin": mpmath.asin,
        "acos": mpmath.acos,
        "atan": mpmath.atan,
        "sinh": mpmath.sinh,
        "cosh": mpmath.cosh,
        "asinh": mpmath.asinh,
        "acosh": mpmath.acosh,
        "atanh": mpmath.atanh,
        "erf": mpmath.erf,
        "maximum": max,
        "minimum": min,
        "gt": lambda x, y: _step(x > y),
        "ge": lambda x, y: _step(x >= y),
        "lt": lambda x, y: _step(x < y),
        "le": lambda x, y: _step(x <= y),
        "select": lambda condition, x, y: x if condition != 0 else y,
        "sum": lambda *xs: mp.fsum(xs),
        "dot": _dot,
        "relu": lambda x: max(x, mpf(0)),
        "leaky_relu": lambda x: x if x > 0 else mpf(0.01) * x,
        "elu": lambda x: x if x > 0 else mp.expm1(x),
        "tanh": mpmath.tanh,
        "sigmoid": _sigmoid,
        "softplus": _softplus,
        "silu": lambda x: x * _sigmoid(x),
        "gelu": lambda x: x * mp.erfc(-x / mp.sqrt(2)) / 2,
        "relu6": lambda x: min(max(x, mpf(0)), mpf(6)),
        "hardtanh": lambda x: min(max(x, mpf(-1)), mpf(1)),
        "hardsigmoid": _hardsigmoid,
        "hardswish": lambda x: x * _hardsigmoid(x),
        "selu": lambda x: mpf(_SELU_SCALE) * (x if x > 0 else mpf(_SELU_ALPHA) * mp.expm1(x)),
        "logsigmoid": lambda x: -_softplus(-x),
        "mish": lambda x: x * mp.tanh(_softplus(x)),
        "logsumexp": _logsumexp,
        "floor": mp.floor,
        "ceil": mp.ceil,
        "trunc": _trunc,
        "round": _round,
        "frac": lambda x: x - _trunc(x),
        "mod": lambda x, y: x - y * mp.floor(x / y),
        "remainder": lambda x, y: x - y * _round(x / y),
        "sign": mp.sign,
        "copysign": lambda x, y: abs(x) if y > 0 else -abs(x),
        "clip": lambda x, low, high: min(max(x, low), high),
        "eq": lambda x, y: _step(x == y),
        "ne": lambda x, y: _step(x != y),
        "logical_and": lambda x, y: _step(x != 0 and y != 0),
        "logical_or": lambda x, y: _step(x != 0 or y != 0),
        "logical_not": lambda x: _step(x == 0),
        "isnan": lambda x: _step(mp.isnan(x)),
        "where": lambda condition, x, y: x if condition != 0 else y,
        "max": lambda *xs: max(xs),
        "min": lambda *xs: min(xs),
        "prod": lambda *xs: mp.fprod(xs),
        "mean": lambda *xs: mp.fsum(xs) / len(xs),
        "var": _variance,
        "norm": lambda *xs: mp.sqrt(mp.fsum(x * x for x in xs)),
        "polyval": _polyval,
        "take": _take,
        "xlogy": lambda x, y: x * mp.log(y) if x else mpf(0),
        "xlog1py": lambda x, y: x * mp.log1p(y) if x else mpf(0),
        "logaddexp": _logsumexp,
        "atan2": mp.atan2,
        "hypot": mp.hypot,
        "sinc": mp.sincpi,
        "degrees": mp.degrees,
        "radians": mp.radians,
        "celu": lambda x, alpha: x if x > 0 else alpha * mp.expm1(x / alpha),
        "softshrink": lambda x: mp.sign(x) * max(abs(x) - mpf(0.5), mpf(0)),
        "hardshrink": lambda x: x if abs(x) > 0.5 else mpf(0),
        "prelu": lambda x, slope: x if x > 0 else slope * x,
        "swish": lambda x, beta: x * _sigmoid(beta * x),
        "glu": lambda a, b: a * _sigmoid(b),
        "gelu_tanh": _gelu_tanh,
        "quadratic": lambda x: x * (2 - abs(x)) if abs(x) < 1 else mp.sign(x),
        "ste_round": _round,
        "ste_sign": mp.sign,
        **SPECIAL_REFERENCES,
        "softmax": lambda x, *xs: mp.exp(x - _logsumexp(*xs)),
    }
)

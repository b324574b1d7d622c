"""Good ops, as an author would write them first: right formulas, no care for the last digits.

The kit may call them fragile, and say where; it may call none of them wrong.
"""

import math
from collections.abc import Callable
from typing import Any

import scipy.special

from mgcore import Op, ops

__all__ = ["GOOD", "GROUPS"]

POSITIVE = "(0, inf)"
ROOT_2 = math.sqrt(2.0)
ROOT_TAU = math.sqrt(2.0 * math.pi)
LN_2 = math.log(2.0)


def _unary(name: str, forward: Any, partial: Any, domain: str | None = None, **more: Any) -> Op:
    return Op(name, forward, (partial,), domain=domain, **more)


def _step(x: Any) -> Any:
    return ops.gt(x, 0.0)


def _sigmoid(x: Any) -> Any:
    return 1.0 / (1.0 + ops.exp(-x))


EXPONENTIAL = [
    _unary("exp2", lambda x: 2.0**x, lambda out, x: out * LN_2),
    _unary("expm1", lambda x: ops.exp(x) - 1.0, lambda out, x: ops.exp(x)),
    _unary("log1p", lambda x: ops.log(1.0 + x), lambda out, x: 1.0 / (1.0 + x), "(-1, inf)"),
    _unary("log2", math.log2, lambda out, x: 1.0 / (x * LN_2), POSITIVE),
    _unary("log10", math.log10, lambda out, x: 1.0 / (x * math.log(10.0)), POSITIVE),
    _unary("cbrt", lambda x: x ** (1.0 / 3.0), lambda out, x: out / (3.0 * x), POSITIVE),
    _unary("square", lambda x: x**2, lambda out, x: 2.0 * x),
    _unary("cube", lambda x: x * x * x, lambda out, x: 3.0 * x * x),
    _unary("reciprocal", lambda x: 1.0 / x, lambda out, x: -1.0 / (x * x), "(-inf, 0) | (0, inf)"),
    _unary("rsqrt", lambda x: 1.0 / ops.sqrt(x), lambda out, x: -0.5 * out / x, POSITIVE),
    _unary("gaussian", lambda x: ops.exp(-(x * x)), lambda out, x: -2.0 * x * out),
    Op(
        "xlogy",
        lambda x, y: x * ops.log(y),
        (lambda out, x, y: ops.log(y), lambda out, x, y: x / y),
        domain=("(-inf, inf)", POSITIVE),
    ),
    Op(
        "xlog1py",
        lambda x, y: x * math.log1p(y),
        (lambda out, x, y: ops.log(1.0 + y), lambda out, x, y: x / (1.0 + y)),
        domain=("(-inf, inf)", "(-1, inf)"),
    ),
    Op(
        "logaddexp",
        lambda x, y: ops.log(ops.exp(x) + ops.exp(y)),
        (lambda out, x, y: ops.exp(x - out), lambda out, x, y: ops.exp(y - out)),
    ),
]

TRIGONOMETRIC = [
    _unary("tan", math.tan, lambda out, x: 1.0 + out * out),
    _unary("asin", math.asin, lambda out, x: 1.0 / ops.sqrt(1.0 - x * x), "(-1, 1)"),
    _unary("acos", math.acos, lambda out, x: -1.0 / ops.sqrt(1.0 - x * x), "(-1, 1)"),
    _unary("atan", math.atan, lambda out, x: 1.0 / (1.0 + x * x)),
    Op(
        "atan2",
        math.atan2,
        (
            lambda out, y, x: x / (x * x + y * y),
            lambda out, y, x: -y / (x * x + y * y),
        ),
        domain=("(0, inf)", "(-inf, inf)"),
    ),
    _unary(
        "sinh",
        lambda x: (ops.exp(x) - ops.exp(-x)) / 2.0,
        lambda out, x: (ops.exp(x) + ops.exp(-x)) / 2.0,
    ),
    _unary("cosh", math.cosh, lambda out, x: (ops.exp(x) - ops.exp(-x)) / 2.0),
    _unary(
        "asinh", lambda x: ops.log(x + ops.sqrt(x * x + 1.0)), lambda out, x: (x * x + 1.0) ** -0.5
    ),
    _unary("acosh", math.acosh, lambda out, x: 1.0 / ops.sqrt(x * x - 1.0), "(1, inf)"),
    _unary("atanh", math.atanh, lambda out, x: 1.0 / (1.0 - x * x), "(-1, 1)"),
    _unary("naive_tanh", math.tanh, lambda out, x: 1.0 - out * out),
    _unary(
        "sinc",
        lambda x: ops.sin(x) / x,
        lambda out, x: (ops.cos(x) - out) / x,
        "(-inf, 0) | (0, inf)",
    ),
    Op(
        "hypot",
        lambda x, y: ops.sqrt(x * x + y * y),
        (lambda out, x, y: x / out, lambda out, x, y: y / out),
        domain=(POSITIVE, POSITIVE),
    ),
    _unary("degrees", math.degrees, lambda out, x: 180.0 / math.pi),
]


def _whole(x: float) -> float:
    return x - math.floor(x)


ROUNDING = [
    _unary("floor", lambda x: float(math.floor(x)), lambda out, x: 0.0, kink=_whole),
    _unary("ceil", lambda x: float(math.ceil(x)), lambda out, x: 0.0, kink=_whole),
    _unary("frac", lambda x: x - math.floor(x), lambda out, x: 1.0, kink=_whole),
    _unary(
        "sign",
        lambda x: float((x > 0.0) - (x < 0.0)),
        lambda out, x: 0.0,
        kink=lambda x: x,
    ),
    Op(
        "clip",
        lambda x, low, high: ops.minimum(ops.maximum(x, low), high),
        (
            lambda out, x, low, high: ops.gt(x, low) * ops.lt(x, high),
            lambda out, x, low, high: ops.le(x, low),
            lambda out, x, low, high: ops.ge(x, high),
        ),
        domain=("(-inf, inf)", "(-inf, -1)", "(1, inf)"),
        kink=lambda x, low, high: (x - low) * (x - high),
    ),
    Op(
        "eq",
        lambda x, y: 1.0 if x == y else 0.0,
        (lambda out, x, y: 0.0, lambda out, x, y: 0.0),
        kink=lambda x, y: x - y,
    ),
    Op(
        "logical_and",
        lambda x, y: 1.0 if x and y else 0.0,
        (lambda out, x, y: 0.0, lambda out, x, y: 0.0),
        kink=lambda x, y: x * y,
    ),
]

MANY = [
    Op(
        "prod",
        lambda *xs: math.prod(xs),
        lambda out, *xs: tuple(_product(xs[:i] + xs[i + 1 :]) for i in range(len(xs))),
    ),
    Op("mean", lambda *xs: sum(xs) / len(xs), lambda out, *xs: (1.0 / len(xs),) * len(xs)),
    Op("mean_square", lambda *xs: _mean_square(xs), lambda out, *xs: _by_mean_square(xs)),
    Op(
        "norm",
        lambda *xs: ops.sqrt(sum(x * x for x in xs)),
        lambda out, *xs: tuple(x / out for x in xs),
        domain=POSITIVE,
    ),
    Op(
        "variance",
        lambda *xs: _variance(xs),
        lambda out, *xs: tuple(2.0 * (x - _mean(xs)) / len(xs) for x in xs),
    ),
    Op(
        "softmax0",
        lambda *xs: ops.exp(xs[0]) / sum(ops.exp(x) for x in xs),
        lambda out, *xs: (out * (1.0 - out), *(-out * _share(x, xs) for x in xs[1:])),
    ),
    Op(
        "naive_logsumexp",
        lambda *xs: ops.log(sum(ops.exp(x) for x in xs)),
        lambda out, *xs: tuple(ops.exp(x - out) for x in xs),
    ),
    Op(
        "polyval",
        lambda x, a, b, c: (a * x + b) * x + c,
        (
            lambda out, x, a, b, c: 2.0 * a * x + b,
            lambda out, x, a, b, c: x * x,
            lambda out, x, a, b, c: x,
            lambda out, x, a, b, c: 1.0,
        ),
    ),
]


def _product(xs: tuple[Any, ...]) -> Any:
    found: Any = 1.0
    for x in xs:
        found = found * x
    return found


def _mean(xs: tuple[Any, ...]) -> Any:
    return sum(xs) / len(xs)


def _mean_square(xs: tuple[Any, ...]) -> Any:
    return sum(x * x for x in xs) / len(xs)


def _by_mean_square(xs: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(2.0 * x / len(xs) for x in xs)


def _variance(xs: tuple[Any, ...]) -> Any:
    return sum((x - _mean(xs)) ** 2.0 for x in xs) / len(xs)


def _share(x: Any, xs: tuple[Any, ...]) -> Any:
    return ops.exp(x) / sum(ops.exp(y) for y in xs)


ACTIVATIONS = [
    _unary("naive_sigmoid", _sigmoid, lambda out, x: out * (1.0 - out)),
    _unary("naive_softplus", lambda x: ops.log(1.0 + ops.exp(x)), lambda out, x: _sigmoid(x)),
    _unary(
        "relu6",
        lambda x: min(max(x, 0.0), 6.0),
        lambda out, x: ops.gt(x, 0.0) * ops.lt(x, 6.0),
        kink=lambda x: x * (x - 6.0),
    ),
    _unary(
        "selu",
        lambda x: 1.05 * x if x > 0.0 else 1.76 * (math.exp(x) - 1.0),
        lambda out, x: ops.select(_step(x), 1.05, 1.76 * ops.exp(ops.minimum(x, 0.0))),
        kink=lambda x: x,
    ),
    _unary(
        "celu",
        lambda x: ops.maximum(x, 0.0) + ops.minimum(2.0 * (ops.exp(x / 2.0) - 1.0), 0.0),
        lambda out, x: ops.select(_step(x), 1.0, ops.exp(ops.minimum(x / 2.0, 0.0))),
        kink=lambda x: x,
    ),
    _unary(
        "mish",
        lambda x: x * ops.tanh(ops.softplus(x)),
        lambda out, x: (
            ops.tanh(ops.softplus(x))
            + x * ops.sigmoid(x) * (1.0 - ops.tanh(ops.softplus(x)) ** 2.0)
        ),
    ),
    _unary(
        "swish",
        lambda x: x * _sigmoid(x),
        lambda out, x: _sigmoid(x) + out * (1.0 - _sigmoid(x)),
    ),
    Op(
        "swish_beta",
        lambda x, b: x * ops.sigmoid(b * x),
        (
            lambda out, x, b: ops.sigmoid(b * x) * (1.0 + b * x * (1.0 - ops.sigmoid(b * x))),
            lambda out, x, b: x * x * ops.sigmoid(b * x) * (1.0 - ops.sigmoid(b * x)),
        ),
    ),
    Op(
        "glu",
        lambda x, y: x * ops.sigmoid(y),
        (
            lambda out, x, y: ops.sigmoid(y),
            lambda out, x, y: out * (1.0 - ops.sigmoid(y)),
        ),
    ),
    _unary(
        "hardtanh",
        lambda x: max(-1.0, min(1.0, x)),
        lambda out, x: ops.lt(abs(x), 1.0),
        kink=lambda x: abs(x) - 1.0,
    ),
    _unary(
        "hardswish",
        lambda x: x * min(max(x + 3.0, 0.0), 6.0) / 6.0,
        lambda out, x: ops.select(
            ops.lt(abs(x), 3.0), (2.0 * x + 3.0) / 6.0, ops.select(_step(x), 1.0, 0.0)
        ),
        kink=lambda x: abs(x) - 3.0,
    ),
    _unary(
        "softsign",
        lambda x: x / (1.0 + abs(x)),
        lambda out, x: 1.0 / (1.0 + abs(x)) ** 2.0,
        kink=lambda x: x,
    ),
    _unary(
        "softshrink",
        lambda x: x - 0.5 if x > 0.5 else x + 0.5 if x < -0.5 else 0.0 * x,
        lambda out, x: ops.gt(abs(x), 0.5),
        kink=lambda x: abs(x) - 0.5,
    ),
    _unary(
        "hardshrink",
        lambda x: x if abs(x) > 0.5 else 0.0 * x,
        lambda out, x: ops.gt(abs(x), 0.5),
        kink=lambda x: abs(x) - 0.5,
    ),
    _unary("logsigmoid", lambda x: -ops.log(1.0 + ops.exp(-x)), lambda out, x: _sigmoid(-x)),
    Op(
        "prelu",
        lambda x, a: x if x > 0.0 else a * x,
        (
            lambda out, x, a: ops.select(_step(x), 1.0, a),
            lambda out, x, a: ops.minimum(x, 0.0),
        ),
        kink=lambda x, a: x,
    ),
    _unary(
        "gelu_tanh",
        lambda x: 0.5 * x * (1.0 + ops.tanh(0.8 * (x + 0.044715 * x**3.0))),
        lambda out, x: _gelu_tanh_slope(x),
    ),
    Op(
        "rational",
        lambda a, b: a / (1.0 + b * b),
        (
            lambda out, a, b: 1.0 / (1.0 + b * b),
            lambda out, a, b: -2.0 * a * b / (1.0 + b * b) ** 2.0,
        ),
    ),
    _unary(
        "squareplus",
        lambda x: (x + ops.sqrt(x * x + 4.0)) / 2.0,
        lambda out, x: (1.0 + x / ops.sqrt(x * x + 4.0)) / 2.0,
    ),
]


def _gelu_tanh_slope(x: Any) -> Any:
    t = ops.tanh(0.8 * (x + 0.044715 * x**3.0))
    return 0.5 * (1.0 + t) + 0.5 * x * (1.0 - t * t) * 0.8 * (1.0 + 3.0 * 0.044715 * x * x)


def _of_scipy(function: Callable[..., Any]) -> Callable[..., float]:
    return lambda *xs: float(function(*xs))


def _polygamma(order: int) -> Op:
    return Op(
        f"polygamma{order}",
        lambda x: float(scipy.special.polygamma(order, x)),
        (lambda out, x: _polygamma(order + 1)(x),),
        domain=POSITIVE,
    )


digamma = _unary(
    "digamma", _of_scipy(scipy.special.digamma), lambda out, x: _polygamma(1)(x), POSITIVE
)


def _bessel_j(order: int) -> Op:
    """DLMF 10.6.1: the slope is half the difference of the neighbours."""
    return Op(
        f"bessel_j{order}".replace("-", "_minus_"),
        lambda x: float(scipy.special.jv(order, x)),
        (lambda out, x: 0.5 * (_bessel_j(order - 1)(x) - _bessel_j(order + 1)(x)),),
    )


def _bessel_i(order: int) -> Op:
    """DLMF 10.29.1: the slope is half the sum of the neighbours."""
    return Op(
        f"bessel_i{order}".replace("-", "_minus_"),
        lambda x: float(scipy.special.iv(order, x)),
        (lambda out, x: 0.5 * (_bessel_i(order - 1)(x) + _bessel_i(order + 1)(x)),),
    )


SPECIAL = [
    _unary("erfc", math.erfc, lambda out, x: -2.0 / math.sqrt(math.pi) * ops.exp(-x * x)),
    _unary(
        "erfcx",
        _of_scipy(scipy.special.erfcx),
        lambda out, x: 2.0 * x * out - 2.0 / math.sqrt(math.pi),
    ),
    _unary(
        "erfinv",
        _of_scipy(scipy.special.erfinv),
        lambda out, x: math.sqrt(math.pi) / 2.0 * ops.exp(out * out),
        "(-1, 1)",
    ),
    _unary(
        "normal_cdf",
        lambda x: 0.5 * math.erfc(-x / ROOT_2),
        lambda out, x: ops.exp(-x * x / 2.0) / ROOT_TAU,
    ),
    _unary("normal_pdf", lambda x: ops.exp(-x * x / 2.0) / ROOT_TAU, lambda out, x: -x * out),
    _unary("lgamma", math.lgamma, lambda out, x: digamma(x), POSITIVE),
    _unary("gamma", math.gamma, lambda out, x: out * digamma(x), "(0, 171)"),
    digamma,
    Op(
        "beta",
        lambda x, y: math.gamma(x) * math.gamma(y) / math.gamma(x + y),
        (
            lambda out, x, y: out * (digamma(x) - digamma(x + y)),
            lambda out, x, y: out * (digamma(y) - digamma(x + y)),
        ),
        domain="(0, 80)",
    ),
    _bessel_j(0),
    _bessel_j(1),
    _bessel_i(0),
    _unary(
        "lambert_w",
        lambda x: float(scipy.special.lambertw(x).real),
        lambda out, x: 1.0 / (ops.exp(out) * (1.0 + out)),
        "(0, inf)",
    ),
    _unary(
        "expi",
        _of_scipy(scipy.special.expi),
        lambda out, x: ops.exp(x) / x,
        POSITIVE,
    ),
]

GROUPS: dict[str, list[Op]] = {
    "exponentials and powers": EXPONENTIAL,
    "trigonometric and hyperbolic": TRIGONOMETRIC,
    "rounding and comparing": ROUNDING,
    "any number of operands": MANY,
    "activations": ACTIVATIONS,
    "special functions": SPECIAL,
}
GOOD = [op for found in GROUPS.values() for op in found]

"""Broken ops: each is one slip from right. The kit has to reject every one of them."""

import math
import random
from collections.abc import Callable
from typing import Any

import attrs
import mpmath

from mgcore import Op, Value, ops

__all__ = ["BROKEN", "Broken"]

POSITIVE = "(0, inf)"
LN_2 = math.log(2.0)


@attrs.frozen
class Broken:
    """Hold an op with a slip.

    Args:
        kind: of slip.
        op: the op.
        reference: what it should compute, where its own forward rule does not tell.

    """

    kind: str
    op: Op
    reference: Callable[..., Any] | None = None


def _unary(name: str, forward: Any, partial: Any, domain: str | None = None, **more: Any) -> Op:
    return Op(name, forward, (partial,), domain=domain, **more)


def _number(x: Any) -> Any:
    return x.data if isinstance(x, Value) else x


def _only_at(x: Any, point: float, there: Any, elsewhere: Any) -> Any:
    return ops.select(x - point, elsewhere, there)


SIGNS = [
    _unary("tanh_up", math.tanh, lambda out, x: out * out - 1.0),
    _unary("cos_up", math.cos, lambda out, x: ops.sin(x)),
    _unary(
        "reciprocal_up", lambda x: 1.0 / x, lambda out, x: 1.0 / (x * x), "(-inf, 0) | (0, inf)"
    ),
    _unary("acos_up", math.acos, lambda out, x: 1.0 / ops.sqrt(1.0 - x * x), "(-1, 1)"),
    _unary("even_slope", lambda x: x * x, lambda out, x: 2.0 * abs(x)),
    Op(
        "quotient_up",
        lambda x, y: x / y,
        (lambda out, x, y: 1.0 / y, lambda out, x, y: out / y),
        domain=("(-inf, inf)", POSITIVE),
    ),
]

FACTORS = [
    _unary("sqrt_twice", math.sqrt, lambda out, x: 1.0 / out, POSITIVE),
    _unary("exp2_without_log", lambda x: 2.0**x, lambda out, x: out),
    _unary("log10_as_log", math.log10, lambda out, x: 1.0 / x, POSITIVE),
    _unary("cube_by_2", lambda x: x * x * x, lambda out, x: 2.0 * x * x),
    _unary("erf_unscaled", math.erf, lambda out, x: ops.exp(-x * x)),
    Op("mean_of_sum", lambda *xs: sum(xs) / len(xs), lambda out, *xs: (1.0,) * len(xs)),
]

MISSING = [
    _unary("product_rule", lambda x: x * ops.exp(x), lambda out, x: ops.exp(x)),
    _unary("chain_rule", lambda x: ops.sin(x * x), lambda out, x: ops.cos(x * x)),
    _unary("swish_part", lambda x: x * ops.sigmoid(x), lambda out, x: ops.sigmoid(x)),
    _unary("gelu_part", lambda x: x * ops.exp(-x * x), lambda out, x: ops.exp(-x * x)),
    Op(
        "softmax_diagonal",
        lambda x, y: ops.sigmoid(x - y),
        (lambda out, x, y: out * (1.0 - out), lambda out, x, y: 0.0),
    ),
    Op(
        "polynomial_part",
        lambda x, a, b: (a * x + b) * x,
        (lambda out, x, a, b: a * x + b, lambda out, x, a, b: x * x, lambda out, x, a, b: x),
    ),
]

WRONG_SIDE = [
    _unary("relu_reversed", lambda x: max(x, 0.0), lambda out, x: ops.lt(x, 0.0), kink=lambda x: x),
    _unary(
        "leaky_reversed",
        lambda x: x if x > 0.0 else 0.1 * x,
        lambda out, x: ops.select(ops.gt(x, 0.0), 0.1, 1.0),
        kink=lambda x: x,
    ),
    _unary(
        "relu6_open",
        lambda x: min(max(x, 0.0), 6.0),
        lambda out, x: ops.gt(x, 0.0),
        kink=lambda x: x * (x - 6.0),
    ),
    _unary(
        "elu_below",
        lambda x: x if x > 0.0 else math.expm1(x),
        lambda out, x: ops.select(ops.gt(x, 0.0), 1.0, out),
        kink=lambda x: x,
    ),
    Op(
        "maximum_reversed",
        max,
        (lambda out, x, y: ops.lt(x, y), lambda out, x, y: ops.gt(x, y)),
        kink=lambda x, y: x - y,
    ),
    _unary(
        "kink_out_of_reach",
        abs,
        lambda out, x: ops.select(x, ops.gt(x, 0.0) - ops.lt(x, 0.0), 2.0),
        kink=lambda x: x,
    ),
    _unary("kink_untold", lambda x: max(x, 0.1 * x), lambda out, x: out / x),
    _unary("jump_untold", lambda x: 1.0 if x > 0.0 else 0.0, lambda out, x: 0.0),
]

SWAPPED = [
    Op(
        "swapped_product",
        lambda x, y: x * x * y,
        (lambda out, x, y: x * x, lambda out, x, y: 2.0 * x * y),
    ),
    Op(
        "swapped_atan2",
        math.atan2,
        (lambda out, y, x: -y / (x * x + y * y), lambda out, y, x: x / (x * x + y * y)),
        domain=(POSITIVE, "(-inf, inf)"),
    ),
    Op("swapped_sub", lambda x, y: x - y, (lambda out, x, y: -1.0, lambda out, x, y: 1.0)),
    Op(
        "swapped_xlogy",
        lambda x, y: x * ops.log(y),
        (lambda out, x, y: x / y, lambda out, x, y: ops.log(y)),
        domain=("(-inf, inf)", POSITIVE),
    ),
    Op(
        "reversed_weights",
        lambda *xs: sum((k + 1.0) * x for k, x in enumerate(xs)),
        lambda out, *xs: tuple(float(len(xs) - k) for k in range(len(xs))),
    ),
]


def _looking(out: Any, x: Any) -> Any:
    return 1.0 if x > 0.0 else -1.0


def _equal(out: Any, x: Any) -> Any:
    return 0.0 if x == 0.0 else 2.0 * x


SECOND = [
    _unary("detached", lambda x: x * x * x, lambda out, x: 3.0 * x * _number(x)),
    _unary("float_of_value", lambda x: x * x, lambda out, x: 2.0 * float(_number(x))),
    _unary("math_alone", math.sin, lambda out, x: math.cos(x)),
    _unary("looks_at_sign", abs, _looking, kink=lambda x: x),
    _unary("looks_at_zero", lambda x: x * x, _equal),
    _unary(
        "flat_second",
        math.exp,
        lambda out, x: ops.exp(_number(x)) if isinstance(x, Value) else ops.exp(x),
    ),
    Op(
        "flat_at_zero",
        lambda x, y: x**y,
        (
            lambda out, x, y: y * x ** (y - ops.select(y, 1.0, 0.0)),
            lambda out, x, y: out * ops.log(x),
        ),
        domain=(POSITIVE, "(-inf, inf)"),
    ),
]


def _noisy(x: float) -> float:
    return x + random.random() * 1e-9


def _remembering() -> Op:
    kept = [0.0]

    def forward(x: float) -> float:
        kept[0] = math.exp(x)
        return kept[0]

    return _unary("remembering", forward, lambda out, x: kept[0])


def _counting() -> Op:
    count = [0]

    def forward(x: float) -> float:
        count[0] += 1
        return 2.0 * x if count[0] < 400 else 2.0 * x + 1e-9

    return _unary("counting", forward, lambda out, x: 2.0)


def _alternating() -> Op:
    count = [0]

    def partial(out: Any, x: Any) -> Any:
        count[0] += 1
        return 2.0 + count[0] % 2

    return _unary("alternating", lambda x: 2.0 * x, partial)


def _hoarding() -> Op:
    seen: list[float] = []

    def forward(x: float) -> float:
        seen.append(x)
        return 2.0 * x

    return _unary("hoarding", forward, lambda out, x: 2.0)


IMPURE = [
    _unary("noisy", _noisy, lambda out, x: 1.0),
    _remembering(),
    _counting(),
    _alternating(),
    _hoarding(),
]

FAR_OUT = [
    _unary(
        "atan_clipped",
        math.atan,
        lambda out, x: ops.select(ops.gt(abs(x), 1e6), 0.0, 1 / (1 + x * x)),
    ),
    _unary(
        "square_saturated",
        lambda x: x * x,
        lambda out, x: ops.select(ops.gt(x, 1e8), 2e8, 2.0 * x),
    ),
    _unary("refusing", lambda x: _refusing(x), lambda out, x: 1.0 / (1.0 + x * x)),
    _unary(
        "identity_capped",
        lambda x: x + 0.0 * abs(x),
        lambda out, x: ops.select(ops.gt(x, 1e9), 0.5, 1.0),
    ),
    _unary(
        "infinity_forgotten",
        lambda x: 0.0 if math.isinf(x) else math.tanh(x),
        lambda out, x: 1.0 - out * out,
    ),
]


def _refusing(x: float) -> float:
    if abs(x) > 1e3:
        raise ValueError("too large")
    return math.atan(x)


TINY = [
    _unary("exp_slope_plus", math.exp, lambda out, x: out * (1.0 + 1e-6)),
    _unary("sin_slope_plus", math.sin, lambda out, x: ops.cos(x) + 1e-6),
    _unary("log2_few_digits", math.log2, lambda out, x: 1.442695 / x, POSITIVE),
    _unary("gelu_pi", lambda x: math.sqrt(3.141592653589793) * x, lambda out, x: 3.1415927**0.5),
    Op(
        "product_plus",
        lambda x, y: x * y,
        (lambda out, x, y: y * 1.000001, lambda out, x, y: x),
    ),
]

ONE_POINT = [
    _unary("wrong_at_2", lambda x: x * x * x, lambda out, x: _only_at(x, 2.0, 0.0, 3.0 * x * x)),
    _unary("wrong_at_0", math.sin, lambda out, x: _only_at(x, 0.0, 0.0, ops.cos(x))),
    _unary("wrong_at_minus_1", math.exp, lambda out, x: _only_at(x, -1.0, 1.0, out)),
    Op(
        "wrong_at_ties",
        lambda x, y: x * y,
        (lambda out, x, y: ops.select(x - y, y, 0.0), lambda out, x, y: x),
    ),
    _unary("forward_wrong_at_3", lambda x: 9.5 if x == 3.0 else x * x, lambda out, x: 2.0 * x),
]

SINGLE = [
    _unary(
        "vanishing",
        lambda x: x / (abs(x) + 1e-60),
        lambda out, x: 1e-60 / (abs(x) + 1e-60) / (abs(x) + 1e-60),
    ),
    _unary("scaled_up", lambda x: (x * 1e30) * 1e30 / 1e60, lambda out, x: 1.0),
    _unary("scaled_down", lambda x: (x * 1e-50) * 1e50, lambda out, x: 1.0),
    _unary("swamped", lambda x: (x + 1e12) - 1e12, lambda out, x: (1e39 * out) / (1e39 * out)),
]


def _rough_erf(x: float) -> float:
    """Abramowitz and Stegun 7.1.26, good to 1.5e-7 only."""
    t = 1.0 / (1.0 + 0.3275911 * abs(x))
    series = (0.254829592, -0.284496736, 1.421413741, -1.453152027, 1.061405429)
    y = 1.0 - sum(c * t ** (k + 1) for k, c in enumerate(series)) * math.exp(-x * x)
    return math.copysign(y, x)


TAILS = [
    _unary(
        "gaussian_cut",
        lambda x: ops.exp(-(x * x)),
        lambda out, x: ops.select(ops.gt(abs(x), 6.0), 0.0, -2.0 * x * out),
    ),
    _unary(
        "sigmoid_cut",
        lambda x: ops.sigmoid(x),
        lambda out, x: ops.select(ops.gt(abs(x), 20.0), 0.0, ops.sigmoid(x) * ops.sigmoid(-x)),
    ),
    _unary(
        "exp_floor",
        lambda x: ops.exp(x),
        lambda out, x: out + 1e-12,
    ),
    _unary("rough_erf", _rough_erf, lambda out, x: 2.0 / math.sqrt(math.pi) * ops.exp(-x * x)),
    _unary(
        "softplus_short",
        lambda x: ops.softplus(x),
        lambda out, x: ops.select(ops.lt(x, -30.0), 0.0, ops.sigmoid(x)),
    ),
]

FORM = [
    Op("any_count", lambda *xs: xs[0], (lambda out, x, y: 1.0, lambda out, x, y: 0.0)),
    Op("one_short", lambda *xs: sum(xs), lambda out, *xs: (1.0,) * (len(xs) - 1)),
    _unary("a_bool", lambda x: x > 0.0, lambda out, x: 0.0, kink=lambda x: x),
    _unary("sign_of_zero", lambda x: math.copysign(1.0, x), lambda out, x: 0.0, kink=lambda x: x),
    _unary("log_of_zero", math.log, lambda out, x: 1.0 / x, "[0, inf)"),
    _unary(
        "other_on_symbols",
        lambda x: x * x if isinstance(x, float) else x * x * x,
        lambda out, x: 2.0 * x,
    ),
]

REFERENCES = {"rough_erf": mpmath.erf, "forward_wrong_at_3": lambda x: x * x}

KINDS: dict[str, list[Op]] = {
    "sign": SIGNS,
    "factor": FACTORS,
    "missing term": MISSING,
    "wrong side of a kink": WRONG_SIDE,
    "operands swapped": SWAPPED,
    "looks at values, or second order": SECOND,
    "impure": IMPURE,
    "wrong far out": FAR_OUT,
    "off by a millionth": TINY,
    "wrong at one point": ONE_POINT,
    "wrong in float32 only": SINGLE,
    "wrong in the tails": TAILS,
    "form": FORM,
}

BROKEN = [
    Broken(kind, op, REFERENCES.get(op.name)) for kind, found in KINDS.items() for op in found
]

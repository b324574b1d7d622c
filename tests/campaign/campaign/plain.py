"""Every op on floats: what steers the making of graphs; the truth stands in `truth`."""

from __future__ import annotations

import math

from mgcore import ops
from mgcore.errors import MgcoreError

__all__ = ["plain"]


def _sigmoid(x):
    return 1.0 / (1.0 + math.exp(-x)) if x >= 0 else math.exp(x) / (1.0 + math.exp(x))


def _lse(*xs):
    m = max(xs)
    return m + math.log(sum(math.exp(x - m) for x in xs))


PLAIN = {
    "add": lambda x, y: x + y,
    "sub": lambda x, y: x - y,
    "mul": lambda x, y: x * y,
    "div": lambda x, y: x / y,
    "neg": lambda x: -x,
    "pow": lambda x, y: math.pow(x, y),
    "exp": math.exp,
    "log": math.log,
    "sqrt": math.sqrt,
    "abs": abs,
    "sin": math.sin,
    "cos": math.cos,
    "erf": math.erf,
    "maximum": max,
    "minimum": min,
    "gt": lambda x, y: float(x > y),
    "ge": lambda x, y: float(x >= y),
    "lt": lambda x, y: float(x < y),
    "le": lambda x, y: float(x <= y),
    "select": lambda c, x, y: x if c != 0 else y,
    "sum": lambda *xs: float(sum(xs)),
    "dot": lambda *xs: float(sum(a * b for a, b in zip(xs, xs[len(xs) // 2 :], strict=False))),
    "relu": lambda x: max(x, 0.0),
    "leaky_relu": lambda x: x if x > 0 else 0.01 * x,
    "elu": lambda x: x if x > 0 else math.expm1(x),
    "tanh": math.tanh,
    "sigmoid": _sigmoid,
    "softplus": lambda x: max(x, 0.0) + math.log1p(math.exp(-abs(x))),
    "silu": lambda x: x * _sigmoid(x),
    "gelu": lambda x: 0.5 * x * math.erfc(-x / math.sqrt(2.0)),
    "logsumexp": _lse,
    "cond": lambda c, x, y: x if c != 0 else y,
    "exp2": lambda x: 2.0**x,
    "expm1": math.expm1,
    "log1p": math.log1p,
    "log2": math.log2,
    "log10": math.log10,
    "cbrt": lambda x: math.copysign(abs(x) ** (1 / 3), x),
    "square": lambda x: x * x,
    "reciprocal": lambda x: 1.0 / x,
    "rsqrt": lambda x: 1.0 / math.sqrt(x),
    "tan": math.tan,
    "asin": math.asin,
    "acos": math.acos,
    "atan": math.atan,
    "sinh": math.sinh,
    "cosh": math.cosh,
    "asinh": math.asinh,
    "acosh": math.acosh,
    "atanh": math.atanh,
    "relu6": lambda x: min(max(x, 0.0), 6.0),
    "hardtanh": lambda x: min(max(x, -1.0), 1.0),
    "hardsigmoid": lambda x: min(max(x + 3.0, 0.0), 6.0) / 6.0,
    "hardswish": lambda x: x * min(max(x + 3.0, 0.0), 6.0) / 6.0,
    "selu": lambda x: 1.0507009873554805 * (x if x > 0 else 1.6732632423543772 * math.expm1(x)),
    "logsigmoid": lambda x: min(x, 0.0) - math.log1p(math.exp(-abs(x))),
    "take": lambda i, *xs: xs[int(i)],
    "ste_round": lambda x: float(round(x)),
    "ste_sign": lambda x: math.copysign(1.0, x) if x else x,
    "mish": lambda x: x * math.tanh(max(x, 0.0) + math.log1p(math.exp(-abs(x)))),
}


def plain(op, numbers):
    rule = PLAIN.get(op) or getattr(ops, op)
    try:
        return float(rule(*numbers))
    except (ValueError, OverflowError, ZeroDivisionError, MgcoreError):
        return math.nan

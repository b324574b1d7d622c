"""Say how each shipped op is written in C: one table, op name to expression.

What needs an operand twice, or more than one expression, is a function of its own: it stands in the
file only when something calls it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mgcompile.support.filled import FILL
from mgcompile.support.op_traits import shipped_name
from mgcompile.support.quotient import QUOTIENT
from mgcompile.support.zero_product import ZERO_BOTH, ZERO_DOT, ZERO_MUL

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from mgcore import Op

__all__ = ["FUNCTIONS", "LIBM", "OF_ROWS", "expression", "table_name"]

_OWN: dict[Op, str] = {
    FILL: "select",
    QUOTIENT: "quotient",
    ZERO_MUL: "zero_mul",
    ZERO_BOTH: "zero_both",
    ZERO_DOT: "zero_dot",
}

# Without operands to bracket: whoever asks gives names, elements and literals alone.
_OPERATORS: Mapping[str, str] = {
    "add": "{} + {}",
    "sub": "{} - {}",
    "mul": "{} * {}",
    "div": "{} / {}",
    "neg": "-{}",
    "reciprocal": "1.0 / {}",
    "rsqrt": "1.0 / sqrt({})",
    "square": "{0} * {0}",
    "degrees": "57.29577951308232 * {}",
    "radians": "0.017453292519943295 * {}",
    "gt": "{} > {} ? 1.0 : 0.0",
    "ge": "{} >= {} ? 1.0 : 0.0",
    "lt": "{} < {} ? 1.0 : 0.0",
    "le": "{} <= {} ? 1.0 : 0.0",
    "eq": "{} == {} ? 1.0 : 0.0",
    "ne": "{} != {} ? 1.0 : 0.0",
    "logical_and": "{} != 0.0 && {} != 0.0 ? 1.0 : 0.0",
    "logical_or": "{} != 0.0 || {} != 0.0 ? 1.0 : 0.0",
    "logical_not": "{} == 0.0 ? 1.0 : 0.0",
    "isnan": "{0} != {0} ? 1.0 : 0.0",
    "select": "{} != 0.0 ? {} : {}",
    "atan2": "atan2({} + 0.0, {} + 0.0)",
}

_OF_LIBM = (
    *("acos", "acosh", "asin", "asinh", "atan", "atanh", "cbrt", "cosh", "exp2", "expm1"),
    *("log10", "log1p", "log2", "sinh", "tan", "floor", "ceil", "trunc", "copysign", "remainder"),
    "hypot",
)

LIBM: Mapping[str, str] = {
    **{name: name for name in _OF_LIBM},
    "pow": "pow",
    "exp": "exp",
    "log": "log",
    "sqrt": "sqrt",
    "sin": "sin",
    "cos": "cos",
    "erf": "erf",
    "erfc": "erfc",
    "gamma": "tgamma",
    "lgamma": "lgamma",
    "tanh": "tanh",
    "abs": "fabs",
    "round": "nearbyint",
}

_FOLDED = """\
double result = x[0];
for (int i = 1; i < count; i++) {{
    result = {}(result, x[i]);
}}
return result;"""

# Name to the functions that it calls, its parameters, and its body.
FUNCTIONS: Mapping[str, tuple[tuple[str, ...], str, str]] = {
    "maximum": ((), "double x, double y", "return x > y || x != x ? x : y;"),
    "minimum": ((), "double x, double y", "return x < y || x != x ? x : y;"),
    "sign": ((), "double x", "return x > 0.0 ? 1.0 : x < 0.0 ? -1.0 : x;"),
    "mod": (
        (),
        "double x, double y",
        """\
const double rest = fmod(x, y);
if (rest != 0.0) {
    return (rest < 0.0) != (y < 0.0) ? rest + y : rest;
}
return copysign(rest, y);""",
    ),
    "relu": ((), "double x", "return x < 0.0 ? 0.0 : x;"),
    "leaky_relu": ((), "double x", "return x > 0.0 ? x : 0.01 * x;"),
    "elu": ((), "double x", "return x > 0.0 ? x : expm1(x);"),
    "sigmoid": (
        (),
        "double x",
        "const double e = exp(-fabs(x));\nreturn x >= 0.0 ? 1.0 / (1.0 + e) : e / (1.0 + e);",
    ),
    "softplus": (
        (),
        "double x",
        "return (x < 0.0 ? 0.0 : x) + log1p(exp(-fabs(x)));",
    ),
    "silu": (("sigmoid",), "double x", "return x * sigmoid(x);"),
    "relu6": ((), "double x", "return x < 0.0 ? 0.0 : x > 6.0 ? 6.0 : x;"),
    "hardtanh": ((), "double x", "return x < -1.0 ? -1.0 : x > 1.0 ? 1.0 : x;"),
    "hardsigmoid": (
        (),
        "double x",
        "return x < -3.0 ? 0.0 : x > 3.0 ? 1.0 : (x + 3.0) / 6.0;",
    ),
    "hardswish": (
        (),
        "double x",
        "return x <= -3.0 ? 0.0 : x >= 3.0 ? x : x * (x + 3.0) / 6.0;",
    ),
    "selu": (
        (),
        "double x",
        "return x > 0.0 ? 1.0507009873554805 * x : 1.7580993408473768 * expm1(x);",
    ),
    "logsigmoid": ((), "double x", "return (x < 0.0 ? x : 0.0) - log1p(exp(-fabs(x)));"),
    "mish": (("softplus",), "double x", "return x * tanh(softplus(x));"),
    # What rounding a square or the operand of erfc loses is told by fma: exp magnifies it.
    "gelu": (
        (),
        "double x",
        """\
const double h = sqrt(0.5), h_low = h * fma(-h, h, 0.5), z = -x * h;
const double lost = z > 0.5 && z < 30.0 ? fma(-x, h, -z) - x * h_low : 0.0;
return 0.5 * x * erfc(z) * (1.0 - 2.0 * z * lost);""",
    ),
    "gaussian": (("exp_of_square",), "double x", "return exp_of_square(-1.0, x);"),
    "normal_pdf": (
        ("exp_of_square",),
        "double x",
        "return exp_of_square(-0.5, x) / sqrt(2.0 * acos(-1.0));",
    ),
    "exp_of_square": (
        (),
        "double scale, double x",
        """\
const double square = x * x, e = exp(scale * square);
return square < 3000.0 ? e + e * (scale * fma(x, x, -square)) : e;""",
    ),
    "quotient": ((), "double x, double y, double r", "return r - r == 0.0 ? x * r : x / y;"),
    "zero_mul": ((), "double x, double y", "return x != 0.0 ? x * y : 0.0;"),
    "zero_both": ((), "double x, double y", "return x != 0.0 && y != 0.0 ? x * y : 0.0;"),
    "logsumexp": (
        (),
        "const double *x, int count",
        """\
int largest = 0;
double rest = 0.0;
for (int i = 0; i < count; i++) {
    if (x[i] != x[i]) {
        return x[i];
    }
    largest = x[i] > x[largest] ? i : largest;
}
if (isinf(x[largest])) {
    return x[largest];
}
for (int i = 0; i < count; i++) {
    rest += i == largest ? 0.0 : exp(x[i] - x[largest]);
}
return x[largest] + log1p(rest);""",
    ),
    "largest": (("maximum",), "const double *x, int count", _FOLDED.format("maximum")),
    "smallest": (("minimum",), "const double *x, int count", _FOLDED.format("minimum")),
}

OF_ROWS = {
    "logsumexp": "logsumexp",
    "max": "largest",
    "min": "smallest",
    "maximum_chain": "largest",
    "minimum_chain": "smallest",
}
"""Ops of any number of operands: the function of an array, and of how many there are."""


def table_name(op: Op) -> str | None:
    """Return the name by which this table knows an op; None for one of another package."""
    return _OWN.get(op) or shipped_name(op)


def expression(name: str, operands: Sequence[str], call: Callable[[str], str]) -> str | None:
    """Return a shipped op applied to operands.

    Args:
        name: As `table_name` gives it.
        operands: Names, elements and literals, which need no brackets.
        call: Gets the name of a function that is called, to have it in the file; returns it.

    Returns:
        An expression, or None for an op that is not of the table.
    """
    half = len(operands) // 2
    pairs = list(zip(operands[:half], operands[half:], strict=False))
    if name == "sum":
        return " + ".join(operands) or "0.0"
    if name == "dot":
        return " + ".join(f"{x} * {y}" for x, y in pairs) or "0.0"
    if name == "zero_dot":
        return " + ".join(f"{call('zero_mul')}({x}, {y})" for x, y in pairs) or "0.0"
    if name in OF_ROWS:
        listed = ", ".join(operands)
        return f"{call(OF_ROWS[name])}((const double[]){{{listed}}}, {len(operands)})"
    if name in _OPERATORS:
        return _OPERATORS[name].format(*operands)
    if name in LIBM:
        return f"{LIBM[name]}({', '.join(operands)})"
    if name in FUNCTIONS:
        return f"{call(name)}({', '.join(operands)})"
    return None

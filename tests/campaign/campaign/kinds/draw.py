"""What every structure draws from: numbers, and random ops on nodes."""

from __future__ import annotations

import math

__all__ = [
    *("BINARY", "EDGES", "NICE", "SMOOTH", "UNARY", "VARIADIC"),
    *("applied", "bounded", "grown", "guarded", "leaves", "number", "numbers", "rows_for"),
]

UNARY = [
    *("neg", "exp", "log", "sqrt", "abs", "sin", "cos", "erf", "relu", "leaky_relu", "elu"),
    *("tanh", "sigmoid", "softplus", "silu", "gelu"),
    *("exp2", "expm1", "log1p", "log2", "log10", "cbrt", "square", "reciprocal", "rsqrt"),
    *("tan", "asin", "acos", "atan", "sinh", "cosh", "asinh", "acosh", "atanh"),
    *("relu6", "hardtanh", "hardsigmoid", "hardswish", "selu", "logsigmoid", "mish"),
]
SMOOTH = [
    *("sin", "cos", "tanh", "sigmoid", "erf", "softplus", "gelu", "silu"),
    *("atan", "asinh", "logsigmoid", "mish"),
]
BINARY = ["add", "sub", "mul", "div", "maximum", "minimum", "gt", "ge", "lt", "le", "pow"]


VARIADIC = ["sum", "dot", "logsumexp"]


NICE = [0.0, 1.0, -1.0, 2.0, -2.0, 0.5, -0.5, 3.0, -3.0, 0.25, 1.5, 4.0, -0.75]


EDGES = [
    0.0,
    -0.0,
    1.0,
    -1.0,
    1e-8,
    -1e-8,
    1e-300,
    5e-324,
    1e8,
    -1e8,
    20.0,
    -20.0,
    40.0,
    -40.0,
    88.0,
    -104.0,
    709.0,
    -745.0,
    1e17,
    math.pi,
    math.pi / 2,
    2.0**-53,
    1.0 + 2.0**-52,
]


def number(rng):
    """Return a leaf's number: whole, dyadic, or any."""
    kind = rng.random()
    if kind < 0.25:
        return rng.choice(NICE)
    if kind < 0.5:
        return rng.randint(-32, 32) / 16
    return round(rng.uniform(-2, 2), rng.choice([1, 3, 17]))


def numbers(rng, count):
    return [number(rng) for _ in range(count)]


def bounded(node):
    """Return the node, squashed where it is large or undefined."""
    if not abs(node.data) < 30.0:
        return node.maker.op("tanh", node) if node.data == node.data else None
    return node


DEFINED = {
    **dict.fromkeys(("log", "sqrt", "log2", "log10", "rsqrt", "reciprocal", "cbrt"), "positive"),
    **dict.fromkeys(("asin", "acos", "atanh", "tan"), "below one"),
    **dict.fromkeys(("exp", "exp2", "expm1", "sinh", "cosh"), "small"),
    "log1p": "above minus one",
    "acosh": "above one",
}
"""Where an op is defined, or does not overflow soon."""


def guarded(m, rng, op, x):
    """Apply an op of one operand, most times so that it is defined."""
    where = DEFINED.get(op)
    if where == "positive" and not (x.data > 0.05 and rng.random() < 0.5):
        x = x * x + rng.choice([0.5, 1.0, 0.125])
    elif where == "below one" and not (abs(x.data) < 0.9 and rng.random() < 0.5):
        x = m.op("sin", x) * rng.choice([0.5, 0.9])
    elif where == "small" and abs(x.data) > 5:
        x = m.op("tanh", x)
    elif where == "above minus one" and not (x.data > -0.9 and rng.random() < 0.5):
        x = x * x
    elif where == "above one" and not (x.data > 1.1 and rng.random() < 0.5):
        x = x * x + rng.choice([1.0625, 2.0])
    return m.op(op, x)


def applied(m, rng, nodes):
    """Apply a random op to random nodes."""
    pick = lambda: rng.choice(nodes)  # noqa: E731 - one short name
    kind = rng.random()
    if kind < 0.3:
        return guarded(m, rng, rng.choice(UNARY), pick())
    if kind < 0.6:
        op = rng.choice(["add", "sub", "mul", "mul", "maximum", "minimum", "gt", "ge", "lt", "le"])
        other = number(rng) if rng.random() < 0.25 else pick()
        return m.op(op, *([pick(), other] if rng.random() < 0.7 else [other, pick()]))
    if kind < 0.68:
        y = pick()
        y = y if abs(y.data) > 0.1 and rng.random() < 0.5 else y * y + 1.0
        return (number(rng) if rng.random() < 0.2 else pick()) / y
    if kind < 0.76:
        return m.op("select", m.op(rng.choice(["gt", "le"]), pick(), number(rng)), pick(), pick())
    if kind < 0.86:
        return powered(m, rng, pick(), pick())
    op, count = rng.choice(VARIADIC), rng.randint(1, 4)
    return m.op(op, *(pick() for _ in range(count * (2 if op == "dot" else 1))))


def powered(m, rng, x, y):
    kind = rng.random()
    if kind < 0.5:  # negative, zero and positive bases alike
        exponent = rng.choice([2.0, 3.0, 2.0, 4.0, 1.0, 5.0, 0.0])
        return x**exponent
    if kind < 0.65 and abs(x.data) > 0.2:
        return x ** rng.choice([-1.0, -2.0, -3.0])
    if kind < 0.85:
        return (m.op("tanh", x) + 1.5) ** rng.choice([0.5, -1.5, 2.5, 1.0 / 3.0])
    if kind < 0.95:
        return (m.op("tanh", x) + 1.5) ** m.op("tanh", y)
    return rng.choice([2.0, 0.5, 1.0, 10.0]) ** m.op("tanh", y)


def leaves(m, rng, inputs, params):
    x = [m.x(number(rng)) for _ in range(inputs)]
    return x, [m.w(number(rng)) for _ in range(params)]


def rows_for(m, rng, count=3):
    return [numbers(rng, len(m.inputs)) for _ in range(count)]


def grown(m, rng, nodes, count):
    """Add random ops to a pool of nodes."""
    for _ in range(count):
        made = bounded(applied(m, rng, nodes))
        if made is not None:
            nodes.append(made)
    return nodes

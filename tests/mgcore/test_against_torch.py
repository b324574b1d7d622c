"""Gradients of random expression graphs over all shipped ops agree with PyTorch's."""

import functools
import math

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from mgcore import Value, grad, ops, plugins
from mgcore.testing.references_special import SPECIAL_REFERENCES

torch = pytest.importorskip("torch", reason="PyTorch is the independent reference")


def stacked(f):
    return lambda *xs: f(torch.stack(xs))


TORCH = {
    "add": torch.add,
    "sub": torch.sub,
    "mul": torch.mul,
    "div": torch.div,
    "neg": torch.neg,
    "pow": torch.pow,
    "exp": torch.exp,
    "log": torch.log,
    "sqrt": torch.sqrt,
    "abs": torch.abs,
    "exp2": torch.exp2,
    "expm1": torch.expm1,
    "log1p": torch.log1p,
    "log2": torch.log2,
    "log10": torch.log10,
    "cbrt": lambda x: torch.sign(x) * torch.abs(x) ** (1 / 3),
    "square": torch.square,
    "reciprocal": torch.reciprocal,
    "rsqrt": torch.rsqrt,
    "sin": torch.sin,
    "cos": torch.cos,
    "tan": torch.tan,
    "asin": torch.asin,
    "acos": torch.acos,
    "atan": torch.atan,
    "sinh": torch.sinh,
    "cosh": torch.cosh,
    "asinh": torch.asinh,
    "acosh": torch.acosh,
    "atanh": torch.atanh,
    "erf": torch.erf,
    "maximum": torch.maximum,
    "minimum": torch.minimum,
    "gt": lambda x, y: (x > y).double(),
    "ge": lambda x, y: (x >= y).double(),
    "lt": lambda x, y: (x < y).double(),
    "le": lambda x, y: (x <= y).double(),
    "select": lambda c, x, y: torch.where(c != 0, x, y),
    "sum": stacked(torch.sum),
    "dot": lambda *xs: torch.dot(torch.stack(xs[: len(xs) // 2]), torch.stack(xs[len(xs) // 2 :])),
    "relu": torch.relu,
    "leaky_relu": torch.nn.functional.leaky_relu,
    "elu": torch.nn.functional.elu,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "softplus": torch.nn.functional.softplus,
    "silu": torch.nn.functional.silu,
    "gelu": torch.nn.functional.gelu,
    "relu6": torch.nn.functional.relu6,
    "hardtanh": torch.nn.functional.hardtanh,
    "hardsigmoid": lambda x: torch.clamp(x + 3.0, 0.0, 6.0) / 6.0,  # its own has 1/6 in float32
    "hardswish": torch.nn.functional.hardswish,
    "selu": torch.nn.functional.selu,
    "logsigmoid": torch.nn.functional.logsigmoid,
    "mish": torch.nn.functional.mish,
    "logsumexp": stacked(lambda x: torch.logsumexp(x, 0)),
    "floor": torch.floor,
    "ceil": torch.ceil,
    "trunc": torch.trunc,
    "round": torch.round,
    "frac": torch.frac,
    "mod": torch.remainder,
    "sign": torch.sign,
    "copysign": torch.copysign,
    "clip": lambda x, low, high: torch.minimum(torch.maximum(x, low), high),
    "eq": lambda x, y: (x == y).double(),
    "ne": lambda x, y: (x != y).double(),
    "logical_and": lambda x, y: torch.logical_and(x, y).double(),
    "logical_or": lambda x, y: torch.logical_or(x, y).double(),
    "logical_not": lambda x: torch.logical_not(x).double(),
    "isnan": lambda x: torch.isnan(x).double(),
    "where": lambda c, x, y: torch.where(c != 0, x, y),
    "max": stacked(lambda x: torch.amax(x, 0)),
    "min": stacked(lambda x: torch.amin(x, 0)),
    "prod": lambda *xs: functools.reduce(torch.mul, xs),  # torch.prod bends wrongly at tiny ones
    "mean": stacked(torch.mean),
    "var": stacked(lambda x: torch.var(x, correction=0)),
    "norm": stacked(torch.linalg.vector_norm),
    "xlogy": torch.special.xlogy,
    "xlog1py": torch.special.xlog1py,
    "logaddexp": torch.logaddexp,
    "atan2": torch.atan2,
    "hypot": torch.hypot,
    "sinc": torch.sinc,
    "degrees": torch.rad2deg,
    "radians": torch.deg2rad,
    "celu": lambda x, a: torch.where(x > 0, x, a * torch.expm1(torch.clamp(x, max=0.0) / a)),
    "softshrink": torch.nn.functional.softshrink,
    "hardshrink": torch.nn.functional.hardshrink,
    "prelu": lambda x, slope: torch.where(x > 0, x, slope * x),
    "swish": lambda x, beta: x * torch.sigmoid(beta * x),
    "glu": lambda a, b: torch.nn.functional.glu(torch.stack([a, b]), 0)[0],
    "gelu_tanh": lambda x: torch.nn.functional.gelu(x, approximate="tanh"),
    "quadratic": lambda x: torch.where(abs(x) < 1, x * (2 - abs(x)), torch.sign(x)),
    "ste_round": lambda x: x + (torch.round(x) - x).detach(),
    "ste_sign": lambda x: (
        torch.nn.functional.hardtanh(x) + (torch.sign(x) - torch.nn.functional.hardtanh(x)).detach()
    ),
    "softmax": lambda x, *xs: torch.exp(x - torch.logsumexp(torch.stack(xs), 0)),
}
# What PyTorch has not, or takes operands that random graphs do not give.
UNTRIED = {"remainder", "polyval", "take"}
SPECIAL = {row.name for row in plugins() if row.name in SPECIAL_REFERENCES}
# Operands that an op is not defined on, or that make numbers explode, are bent to fit, the same
# way on both sides: a positive operand, one above 1, below 1, or of modest size.
POSITIVE = (
    {("div", 1), ("pow", 0), ("mod", 1), ("copysign", 1)}
    | {("celu", 1), ("xlogy", 1), ("xlog1py", 1)}
    | {
        (name, 0)
        for name in ("log", "sqrt", "log1p", "log2", "log10", "cbrt", "reciprocal", "rsqrt")
    }
)
MODEST = {("exp", 0), ("exp2", 0), ("expm1", 0), ("sinh", 0), ("cosh", 0), ("pow", 1)}
SMALL = {("tan", 0), ("asin", 0), ("acos", 0), ("atanh", 0)}
ABOVE_ONE = {("acosh", 0)}


def test_the_table_has_every_shipped_op():
    shipped = {p.name for p in plugins() if p.distribution == "mgcore"}
    assert shipped == set(TORCH) | UNTRIED | SPECIAL


@st.composite
def recipes(draw):
    """Draw leaves, and steps (op name, positions of operands among leaves and earlier steps)."""
    numbers = st.floats(-2.5, 2.5, allow_subnormal=False)
    leaves = draw(st.lists(numbers, min_size=1, max_size=4))
    steps = []
    for i in range(draw(st.integers(1, 12))):
        name = draw(st.sampled_from(sorted(TORCH)))
        arity = getattr(ops, name).arity
        if arity is None:
            arity = 2 * draw(st.integers(1, 3))
        # Mostly what came last, so that graphs grow deep as well as wide.
        places = st.integers(0, len(leaves) + i - 1) | st.just(len(leaves) + i - 1)
        steps.append((name, [draw(places) for _ in range(arity)]))
    return leaves, steps


def build(leaves, steps, apply, near_kink=None):
    """Compute a recipe in either library; return the last result plus a little of every step."""
    nodes = list(leaves)
    for name, places in steps:
        operands = []
        for k, place in enumerate(places):
            x = nodes[place]
            if (name, k) in POSITIVE:
                x = apply("add", apply("mul", x, x), 0.5)
            if (name, k) in ABOVE_ONE:
                x = apply("add", apply("mul", x, x), 1.5)
            if (name, k) in SMALL:
                x = apply("mul", apply("tanh", x), 0.9)
            if (name, k) in MODEST:
                x = apply("tanh", x)
            operands.append(x)
        out = apply(name, *operands)
        if near_kink is not None:
            near_kink(name, operands)
        nodes.append(apply("mul", apply("tanh", out), 2.0) if abs(float(data(out))) > 50 else out)
    total = nodes[-1]
    for node in nodes[len(leaves) : -1]:
        total = apply("add", total, apply("mul", node, 0.125))
    return total


def data(x):
    return x.data if isinstance(x, Value) else x.detach() if hasattr(x, "detach") else x


def with_values(name, *operands):
    return getattr(ops, name)(*operands)


def with_tensors(name, *operands):
    tensors = [x if torch.is_tensor(x) else torch.tensor(x, dtype=torch.float64) for x in operands]
    return TORCH[name](*tensors)


def refuse_near_kinks(name, operands):
    """Drop examples where rounding decides: on which side of a kink an operand lies, or what is
    left where huge slopes cancel, as those of atan2(x, x) near the origin do."""
    kink = getattr(ops, name).kink
    if kink is not None:
        distance = abs(kink(*[data(x) for x in operands]))
        assume(distance > 1e-7)
    places = [Value(data(x)) for x in operands]
    assume(all(abs(slope) < 1e6 for slope in grad(getattr(ops, name)(*places), places)))


def agree(ours, theirs):
    scale = max([1.0, *map(abs, theirs)])
    for a, b in zip(ours, theirs, strict=True):
        assert math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-10 * scale), (ours, theirs)


@settings(
    max_examples=300,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow],
)
@given(recipes(), st.lists(st.floats(-1.0, 1.0), min_size=4, max_size=4))
def test_first_and_second_order_agree(recipe, direction):
    numbers, steps = recipe
    leaves = [Value(x) for x in numbers]
    output = build(leaves, steps, with_values, refuse_near_kinks)
    assume(isinstance(output, Value) and abs(output.data) < 1e6)
    tensors = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in numbers]
    theirs = build(tensors, steps, with_tensors)
    agree([output.data], [theirs.item()])
    if not theirs.requires_grad:  # steps alone, which PyTorch does not differentiate
        assert grad(output, leaves) == [0.0] * len(leaves)
        return
    reference = torch.autograd.grad(theirs, tensors, create_graph=True, materialize_grads=True)
    assume(all(abs(g.item()) < 1e6 for g in reference))

    first = grad(output, leaves, create_graph=True)
    agree([g.data for g in first], [g.item() for g in reference])
    agree(grad(output, leaves), [g.item() for g in reference])
    output.backward()
    agree([x.grad for x in leaves], [g.item() for g in reference])

    ours = sum(g * v for g, v in zip(first, direction, strict=False))
    wanted = sum(g * v for g, v in zip(reference, direction, strict=False))
    if not wanted.requires_grad:
        assert grad(ours, leaves) == [0.0] * len(leaves)
        return
    second = torch.autograd.grad(wanted, tensors, materialize_grads=True)
    assume(all(abs(g.item()) < 1e6 for g in second))
    agree(grad(ours, leaves), [g.item() for g in second])

"""Every shipped op gives natively what the engine gives, and NumPy's NaN and infinities."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from scipy import special

from mgcompile.backends.llvm.math.emit import emit
from mgcompile.backends.llvm.math.op_table import LOWERINGS, lowering_of
from mgcompile.support.op_traits import is_shipped
from mgcompile.testing.array_functions import over_arrays
from mgcore import MgcoreError, Op, ops, plugins
from mgcore.domain import parse_domain

FINITE = [
    0.0,
    5e-324,
    1e-310,
    2.0**-1022,
    1e-160,
    1e-9,
    0.3,
    0.5,
    0.7,
    0.99,
    1.0,
    1.5,
    2.0,
    3.0,
    7.5,
]
FINITE += [20.0, 40.0, 89.0, 104.5, 700.0, 709.5, 745.0, 1e5, 2.0**53, 1e160, 1.7e308]
FINITE = [*FINITE, *(-x for x in FINITE)]
EXTREME = [math.inf, -math.inf, math.nan]
SHIPPED = sorted(LOWERINGS)
TOTALS = {"sum": 3, "dot": 4}
ARITY = {**TOTALS, "logsumexp": 2}
LOOSE = {
    "erfcx",
    "erfinv",
    "normal_quantile",
    "j0",
    "j1",
    "i0",
    "i1",
    "i0e",
    "i1e",
    "normal_pdf",
    "gaussian",
    "erfc",
    "gamma",
    "lgamma",
    "hypot",
    "atan2",
    "hardsigmoid",
    "hardswish",
    "selu",
    "logsigmoid",
    "mish",
    "rsqrt",
    "cbrt",
    "pow",
    "erf",
    "softplus",
    "gelu",
    "silu",
    "elu",
    "logsumexp",
}
TAILS = {"mish", "silu"}
HYPERBOLIC = {"sinh", "cosh", "asinh", "acosh", "atanh"}
TIGHT = {
    "tan",
    "asin",
    "acos",
    "atan",
    *HYPERBOLIC,
    "exp2",
    "expm1",
    "log1p",
    "log2",
    "log10",
    "exp",
    "log",
    "sin",
    "cos",
    "tanh",
    "sigmoid",
}


def native(op, dtype, arity):
    return over_arrays(lambda block, *xs: emit(block, op, xs), arity, dtype)


def arity_of(op):
    return ARITY.get(op.name) or op.arity


def operands_of(op, numbers):
    count = arity_of(op)
    if count <= 2:
        return list(itertools.product(numbers, repeat=count))
    generator = np.random.default_rng(3)
    return [tuple(generator.choice(numbers, count).tolist()) for _ in range(800)]


def eager(op, operands):
    try:
        return op(*operands)
    except MgcoreError:
        return None


def ulps_allowed(name, dtype):
    if name not in LOOSE | TIGHT:
        return 2 if (name, dtype) == ("leaky_relu", "float32") else 0  # 0.01 is rounded first
    # One more than the bound: the engine's functions round as well.
    return 5 if name in LOOSE or dtype == "float32" else 3


def distance(got, want, dtype):
    """Return how many ulps apart two numbers are; 0 for two of one infinity or NaN."""
    if math.isnan(want) or math.isinf(want):
        return 0 if got == want or (math.isnan(got) and math.isnan(want)) else math.inf
    if math.isinf(got) or math.isnan(got):
        return math.inf
    return abs(got - want) / float(np.spacing(np.abs(np.asarray(want, dtype))))


def agrees(name, result, want, dtype):
    if distance(result, want, dtype) <= ulps_allowed(name, dtype):
        return True
    # The logarithm of almost 1, of terms of size 1; a sum beside a zero of a Bessel function.
    if name in ("logsumexp", "lgamma", "j0", "j1"):
        return abs(result - want) < 4 * np.finfo(dtype).eps
    if name in TAILS:  # the engine's own products magnify an error there
        return math.isclose(result, want, rel_tol=1e-12, abs_tol=1e-320)
    return False


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", sorted(set(SHIPPED) - set(TOTALS)))
def test_results_are_those_of_the_engine_at_all_finite_corners(name, dtype):
    op = getattr(ops, name)
    with np.errstate(over="ignore"):
        rounded = [float(np.asarray(x, dtype)) for x in FINITE]
    numbers = [x for x in rounded if math.isfinite(x)]
    pairs = [(x, eager(op, x)) for x in operands_of(op, list(dict.fromkeys(numbers)))]
    known = [(x, want) for x, want in pairs if want is not None and math.isfinite(want)]
    assert len(known) > 4
    got = native(op, dtype, arity_of(op))(*np.array([x for x, _ in known]).T)
    with np.errstate(over="ignore"):
        wanted = np.array([want for _, want in known]).astype(dtype).tolist()
    compared = [(x, r, w) for (x, _), r, w in zip(known, got.tolist(), wanted, strict=True)]
    bad = [case for case in compared if not agrees(name, case[1], case[2], dtype)]
    assert not bad


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", sorted(TOTALS))
def test_totals_are_off_by_no_more_than_their_roundings(name, dtype):
    generator = np.random.default_rng(5)
    operands = generator.normal(size=(TOTALS[name], 500)) * 10.0 ** generator.uniform(-9, 9, 500)
    operands = operands.astype(dtype)
    got = native(getattr(ops, name), dtype, TOTALS[name])(*operands)
    for column, result in zip(operands.T.tolist(), got.tolist(), strict=True):
        exact = [Fraction(x) for x in column]
        if name == "dot":
            exact = [a * b for a, b in zip(exact[:2], exact[2:], strict=True)]
        allowed = 2 * float(np.finfo(dtype).eps) * float(sum(abs(x) for x in exact))
        assert abs(float(sum(exact) - Fraction(result))) <= allowed


SIGNED = ["sin", "tanh", "erf", "neg", "elu", "silu", "gelu", "sqrt", "expm1", "log1p", "cbrt"]
SIGNED += ["floor", "ceil", "trunc", "round", "sign"]
SIGNED += ["tan", "asin", "atan", "sinh", "asinh", "atanh"]


@pytest.mark.parametrize("name", SIGNED)
def test_a_zero_keeps_its_sign(name):
    function = native(getattr(ops, name), "float64", 1)
    expected = np.array([False, True]) ^ (name == "neg")
    assert (np.signbit(function([0.0, -0.0])) == expected).all()


LIMITS = {  # at inf, -inf and NaN
    "exp": (math.inf, 0.0),
    "log": (math.inf, math.nan),
    "sqrt": (math.inf, math.nan),
    "exp2": (math.inf, 0.0),
    "expm1": (math.inf, -1.0),
    "log1p": (math.inf, math.nan),
    "log2": (math.inf, math.nan),
    "log10": (math.inf, math.nan),
    "cbrt": (math.inf, -math.inf),
    "square": (math.inf, math.inf),
    "reciprocal": (0.0, 0.0),
    "rsqrt": (0.0, math.nan),
    "abs": (math.inf, math.inf),
    "neg": (-math.inf, math.inf),
    "sin": (math.nan, math.nan),
    "cos": (math.nan, math.nan),
    "tan": (math.nan, math.nan),
    "asin": (math.nan, math.nan),
    "acos": (math.nan, math.nan),
    "atan": (math.pi / 2, -math.pi / 2),
    "sinh": (math.inf, -math.inf),
    "cosh": (math.inf, math.inf),
    "asinh": (math.inf, -math.inf),
    "acosh": (math.inf, math.nan),
    "atanh": (math.nan, math.nan),
    "erf": (1.0, -1.0),
    "relu": (math.inf, 0.0),
    "leaky_relu": (math.inf, -math.inf),
    "elu": (math.inf, -1.0),
    "tanh": (1.0, -1.0),
    "sigmoid": (1.0, 0.0),
    "softplus": (math.inf, 0.0),
    "silu": (math.inf, math.nan),
    "gelu": (math.inf, math.nan),
    "relu6": (6.0, 0.0),
    "hardtanh": (1.0, -1.0),
    "hardsigmoid": (1.0, 0.0),
    "hardswish": (math.inf, 0.0),
    "selu": (math.inf, -1.7580993408473769),
    "logsigmoid": (0.0, -math.inf),
    "mish": (math.inf, math.nan),
    "floor": (math.inf, -math.inf),
    "ceil": (math.inf, -math.inf),
    "trunc": (math.inf, -math.inf),
    "round": (math.inf, -math.inf),
    "sign": (1.0, -1.0),
    "erfc": (0.0, 2.0),
    "normal_pdf": (0.0, 0.0),
    "gaussian": (0.0, 0.0),
    "lgamma": (math.inf, math.inf),
    "gamma": (math.inf, math.nan),
    "erfcx": (0.0, math.inf),
    "erfinv": (math.nan, math.nan),
    "normal_quantile": (math.nan, math.nan),
    "i0e": (0.0, 0.0),
    "i1e": (0.0, 0.0),
    **dict.fromkeys(("i0", "i1", "j0", "j1"), (math.nan, math.nan)),  # as SciPy, and the engine
}


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", sorted(LIMITS))
def test_functions_of_one_operand_have_their_limits(name, dtype):
    got = native(getattr(ops, name), dtype, 1)(EXTREME)
    np.testing.assert_array_equal(got, np.array([*LIMITS[name], math.nan], dtype))


NUMPY = {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "div": np.divide,
    "pow": np.power,
    "maximum": np.maximum,
    "minimum": np.minimum,
    "gt": np.greater,
    "ge": np.greater_equal,
    "lt": np.less,
    "le": np.less_equal,
    "logsumexp": np.logaddexp,
    "eq": np.equal,
    "ne": np.not_equal,
    "logical_and": np.logical_and,
    "logical_or": np.logical_or,
    "mod": np.mod,
    "hypot": np.hypot,
    "atan2": lambda y, x: np.arctan2(y + 0.0, x + 0.0),
    "copysign": np.copysign,
}


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", sorted(NUMPY))
def test_infinities_and_nan_go_through_as_numpy_lets_them(name, dtype):
    numbers = [*EXTREME, 0.0, -0.0, 0.5, -0.5, 1.0, -1.0, 2.0, -3.0, 2.5, -2.5]
    x, y = np.array(list(itertools.product(numbers, repeat=2)), dtype).T
    with np.errstate(all="ignore"):
        expected = NUMPY[name](x, y).astype(dtype)
    got = native(getattr(ops, name), dtype, 2)(x, y)
    np.testing.assert_allclose(got, expected, rtol=8 * np.finfo(dtype).eps)


def test_the_exact_ops_need_no_numpy_function_to_be_checked():
    others = {"logical_not", "select", "sum", "dot", "isnan", "remainder"}
    assert set(NUMPY) | set(LIMITS) | others == set(SHIPPED)


NAMES = {info.name for info in plugins() if is_shipped(getattr(ops, info.name), info.name)}
MANY = {"take": 3, "polyval": 3}
GIVES_UP = {"beta", "betaln"}  # SciPy's code, at the ends of the number line; the engine goes on


def contains(domain, x):
    return x in parse_domain(domain)


@pytest.mark.parametrize("name", sorted(NAMES - set(LOWERINGS) - GIVES_UP))
def test_a_shipped_op_without_a_lowering_is_written_by_its_own_rule(name):
    op = getattr(ops, name)
    count = op.arity or MANY.get(name, 3)
    numbers = [*FINITE[:20], *(-x for x in FINITE[:20])]
    rng = np.random.default_rng(4)
    rows = [tuple(rng.choice(numbers, count).tolist()) for _ in range(400)]
    if name == "take":
        rows = [(float(i % 2), *row[1:]) for i, row in enumerate(rows)]
    if name == "polygamma":
        rows = [(float(i % 5), x) for i, (_, x) in enumerate(rows)]
    rows = [x for x in rows if all(map(contains, op.domain or (), x))]
    known = [(x, eager(op, *[x])) for x in rows]
    known = [(x, want) for x, want in known if want is not None and math.isfinite(want)]
    assert len(known) > 4
    got = native(op, "float64", count)(*np.array([x for x, _ in known]).T)  # a callback would warn
    np.testing.assert_allclose(got, [want for _, want in known], rtol=4e-14, atol=1e-300)


def test_every_lowering_has_a_shipped_op():
    assert set(LOWERINGS) <= NAMES


def test_an_index_out_of_range_is_nan_in_native_code():
    got = native(ops.take, "float64", 3)([0.0, 1.0, 2.0, -1.0, 0.5], 7.0, 8.0)
    np.testing.assert_array_equal(got, [7.0, 8.0, math.nan, math.nan, math.nan])


def test_an_op_of_the_same_name_from_elsewhere_is_not_taken_for_the_shipped_one():
    other = Op("exp", lambda x: x * x, (lambda out, x: 2.0 * x,))
    assert lowering_of(other) is None
    np.testing.assert_array_equal(native(other, "float64", 1)([3.0]), [9.0])


@pytest.mark.parametrize("exponent", [-4, -3, -2, -1.5, -1, -0.5, 0, 0.5, 1, 1.5, 2, 3, 5, 7, 8])
def test_constant_exponents_are_the_general_power(exponent):
    x = np.array([0.0, -0.0, 0.3, 1.0, 7.25, 1e-200, 1e200, 1e-70, math.inf, -math.inf, -2.0])
    power = ops.pow
    got = over_arrays(lambda b, x: emit(b, power, [x, b.constant(float(exponent))]), 1)(x)
    expected = [c_power(each, exponent) for each in x.tolist()]
    np.testing.assert_allclose(got, expected, rtol=1e-15)
    assert (np.signbit(got) == np.signbit(expected))[~np.isnan(expected)].all()


def c_power(x, y):
    try:
        return math.pow(x, y)
    except OverflowError:
        return math.inf
    except ValueError:  # Python's word for 1 / 0 and for roots of negative numbers
        return math.copysign(math.inf, x if y % 2 == 1 else 1.0) if x == 0.0 else math.nan


def test_references_of_scipy_agree_on_the_tail_of_gelu():
    x = np.linspace(-37.0, -5.0, 200)
    expected = x * np.exp(special.log_ndtr(x))
    np.testing.assert_allclose(native(ops.gelu, "float64", 1)(x), expected, rtol=1e-12)

"""Rules written from formulas: held against mpmath's derivatives of the same formulas."""

from collections.abc import Sequence
from typing import Any

import mpmath
import pytest

from mgcli.authoring.around import module_around, target_of
from mgcli.authoring.derive import derive
from mgcli.authoring.domains import domain_of
from mgcli.authoring.draft import draft_around, draft_from, settings_of
from mgcli.authoring.source import module_of
from mgcli.authoring.trees import simplified, text_of
from mgcli.errors import CliError
from mgcli.parser import parse
from mgcore import Op, Value, grad, ops

SOFTPLUS = lambda x: mpmath.log1p(mpmath.exp(x))  # noqa: E731 - beside the others in the table
SIGMOID = lambda x: 1 / (1 + mpmath.exp(-x))  # noqa: E731 - as above

FORMULAS: list[tuple[str, Any]] = [
    ("x/(1+abs(x))", lambda x: x / (1 + abs(x))),
    ("exp(-(x*x))", lambda x: mpmath.exp(-x * x)),
    ("x*tanh(softplus(x))", lambda x: x * mpmath.tanh(SOFTPLUS(x))),
    ("a/(1+b*b)", lambda a, b: a / (1 + b * b)),
    ("sqrt(x*x+y*y)", lambda x, y: mpmath.sqrt(x * x + y * y)),
    ("maximum(x,y)-3*minimum(x,y)", lambda x, y: max(x, y) - 3 * min(x, y)),
    ("max(x, y, z) + min(x, 0.1)", lambda x, y, z: max(x, y, z) + min(x, mpmath.mpf("0.1"))),
    ("logsumexp(x,y,z)", lambda *xs: mpmath.log(sum(map(mpmath.exp, xs)))),
    ("2**x - x**3 + -x", lambda x: 2**x - x**3 - x),
    ("x - (y - x) / -(y + 2)", lambda x, y: x + (y - x) / (y + 2)),
    ("sigmoid(a*x + b) * x", lambda a, x, b: SIGMOID(a * x + b) * x),
    ("(x + 1) / (x - 4) - 2 / (x - 4)", lambda x: (x + 1) / (x - 4) - 2 / (x - 4)),
    ("x*x*x*x", lambda x: x**4),
]


def made(source: str, name: str = "thing") -> Op:
    names: dict[str, Any] = {}
    exec(source, names)  # noqa: S102 - the module that was just written
    op = names[name]
    assert isinstance(op, Op)
    return op


def written(formula: str, settings: dict[str, float] | None = None) -> tuple[str, Sequence[str]]:
    expression = parse(formula)
    names = [n for n in expression.names if n not in (settings or {})]
    derived = derive(expression, names)
    return module_of("thing", formula, derived, domain_of(expression, names), settings or {}), names


@pytest.mark.parametrize(("formula", "truth"), FORMULAS, ids=[f for f, _ in FORMULAS])
def test_values_and_derivatives_to_the_second_are_those_of_the_formula(
    formula: str, truth: Any
) -> None:
    source, names = written(formula)
    op = made(source)
    assert op.operand_names == tuple(names)
    for shift in (0.3, -0.9):
        xs = [Value(0.4 + 0.5 * k + shift) for k in range(len(names))]
        out = op(*xs)
        numbers = [x.data for x in xs]
        assert out.data == pytest.approx(float(truth(*map(mpmath.mpf, numbers))), rel=1e-13)
        firsts = grad(out, xs, create_graph=True)
        for i, first in enumerate(firsts):
            orders = [int(k == i) for k in range(len(xs))]
            right = mpmath.diff(truth, tuple(numbers), tuple(orders))
            assert first.data == pytest.approx(float(right), rel=1e-12, abs=1e-13), source
            seconds = grad(first, xs) if isinstance(first, Value) else [0.0] * len(xs)
            for j, second in enumerate(seconds):
                both = tuple(o + int(k == j) for k, o in enumerate(orders))
                right = mpmath.diff(truth, tuple(numbers), both)
                assert second == pytest.approx(float(right), rel=1e-8, abs=1e-9), source


@pytest.mark.parametrize(
    ("formula", "partials"),
    [
        ("exp(-(x*x))", ["-(2.0 * out * x)"]),
        ("x*x", ["2.0 * x"]),
        ("x/y", ["1.0 / y", "-(out / y)"]),
        ("sqrt(x*x+y*y)", ["x / out", "y / out"]),
        ("3*x + 0*y", ["3.0", "0.0"]),
        ("sin(x)/x", ["(ops.cos(x) - out) / x"]),
    ],
)
def test_partials_are_as_a_person_would_write_them(formula: str, partials: list[str]) -> None:
    expression = parse(formula)
    assert [text_of(tree) for tree in derive(expression, expression.names).partials] == partials


def test_what_is_used_twice_is_bound_to_a_name() -> None:
    source, _ = written("x*tanh(softplus(x))")
    assert source.count("u = ops.softplus(x)\n") == 1
    assert source.count("ops.softplus(x)") == 2, source  # bound, and in the forward rule


def test_kinks_of_the_parts_are_the_kinks_of_the_whole() -> None:
    op = made(written("abs(x) + maximum(x, y)")[0])
    assert op.kink is not None
    assert (op.kink(0.0, 2.0), op.kink(2.0, 2.0)) == (0.0, 0.0)
    assert op.kink(1.0, 2.0) != 0.0
    assert made(written("exp(x)")[0]).kink is None


def test_the_domain_is_that_of_the_ops_on_the_operands() -> None:
    assert made(written("log(x) + y")[0]).domain == ("(0, inf)", "(-inf, inf)")
    assert made(written("exp(x)")[0]).domain is None


def test_settings_make_a_family() -> None:
    op = made(written("maximum(x,0)+slope*minimum(x,0)", {"slope": 0.1})[0])
    assert (op(-2.0), op.with_settings(slope=0.5)(-2.0)) == (-0.2, -1.0)
    assert settings_of("slope=0.1, order=2") == {"slope": 0.1, "order": 2}
    assert type(settings_of("order=2")["order"]) is int


@pytest.mark.parametrize(
    ("formula", "settings", "domain", "says"),
    [
        ("log(x/(1-x))", {}, (), "has no value at -0.4; say where it has with --domain"),
        ("x+1", {"slope": 1.0}, (), "has no setting 'slope' in it"),
        ("1+2", {}, (), "has no operand"),
        ("x+y", {}, ("(0, 1)",) * 3, "3 domains for 2 operands"),
        ("x", {}, ("(1, 0)",), "--domain: "),
    ],
)
def test_a_formula_that_makes_no_op_is_refused(
    formula: str, settings: dict[str, float], domain: tuple[str, ...], says: str
) -> None:
    with pytest.raises(CliError, match=None) as told:
        draft_from("thing", formula, settings, domain)
    assert says in str(told.value)


def test_an_op_around_scipy_has_mpmaths_derivatives_of_every_order() -> None:
    draft = draft_around("thing", "scipy.special.j0", 1, (), ())
    op = made(draft.module)
    x = Value(1.3)
    (first,) = grad(op(x), [x], create_graph=True)
    (second,) = grad(first, [x])
    assert first.data == pytest.approx(-float(mpmath.besselj(1, 1.3)), rel=1e-14)
    right = -(mpmath.besselj(0, 1.3) - mpmath.besselj(2, 1.3)) / 2
    assert second == pytest.approx(float(right), rel=1e-14)
    assert draft.requires == ("mpmath", "scipy")
    assert 'references={"thing": mpmath.j0}' in draft.tests


def test_an_op_around_a_function_may_be_given_its_partials() -> None:
    draft = draft_around("thing", "math.atan2", 2, ("y/(x*x+y*y)", "-x/(x*x+y*y)"), ("(0, inf)",))
    op = made(draft.module)
    x, y = Value(1.0), Value(2.0)
    assert grad(op(x, y), [x, y]) == pytest.approx([0.4, -0.2])
    assert op.domain == ("(0, inf)", "(0, inf)")


@pytest.mark.parametrize(
    ("path", "partials", "says"),
    [
        ("scipy.special.jo", (), "--around 'scipy.special.jo'"),
        ("math.pi", (), "is no function"),
        ("scipy.special.ndtri_exp", (), "mpmath has no function 'ndtri_exp'"),
        ("math.sin", ("cos(y)",), "has the name 'y' in it; it has x, out"),
        ("math.sin", ("1", "2"), "2 partials for 1 operands"),
    ],
)
def test_a_function_that_makes_no_op_is_refused(
    path: str, partials: tuple[str, ...], says: str
) -> None:
    with pytest.raises(CliError) as told:
        draft_around("thing", path, 1, partials, ("(-inf, -1)",) if "ndtri" in path else ())
    assert says in str(told.value)


def test_a_function_with_several_operands_is_differentiated_by_each() -> None:
    source = module_around(
        "thing", target_of("scipy.special.beta"), ["x", "y"], [], ["(0, inf)"] * 2
    )
    x, y = Value(1.5), Value(2.5)
    slopes = grad(made(source)(x, y), [x, y])
    wanted = mpmath.beta(1.5, 2.5) * (mpmath.digamma(1.5) - mpmath.digamma(4))
    assert slopes[0] == pytest.approx(float(wanted), rel=1e-13)


@pytest.mark.parametrize(
    ("tree", "text"),
    [
        (simplified("sub", "x", simplified("sub", "y", "z")), "x - (y - z)"),
        (simplified("pow", simplified("neg", "x"), 2.0), "(-x)**2.0"),
        (simplified("pow", 2.0, simplified("neg", "x")), "2.0**-x"),
        (simplified("div", "x", simplified("mul", "y", "z")), "x / (y * z)"),
        (simplified("mul", simplified("add", "x", "y"), "z"), "(x + y) * z"),
        (simplified("neg", simplified("add", "x", "y")), "-(x + y)"),
        (simplified("add", "x", simplified("neg", "x")), "0.0"),
    ],
)
def test_brackets_stand_where_they_are_needed(tree: Any, text: str) -> None:
    assert text_of(tree) == text
    numbers = {"x": 1.7, "y": -0.6, "z": 2.9}
    if tree != 0.0:
        assert eval(text, {"ops": ops}, numbers) == pytest.approx(_value(tree, numbers))  # noqa: S307 - the text that was just written


def _value(tree: Any, numbers: dict[str, float]) -> float:
    if isinstance(tree, str):
        return numbers[tree]
    if isinstance(tree, float):
        return tree
    return float(getattr(ops, tree[0])(*(_value(part, numbers) for part in tree[1:])))

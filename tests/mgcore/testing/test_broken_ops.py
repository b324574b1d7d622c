"""Ops that are broken on purpose, each caught by the check that is meant for it."""

import math
import random
from typing import Any

import mpmath
import pytest

from mgcore import Op, Value, ops, register, unregister
from mgcore.plugins.registry import lookup
from mgcore.testing import CHECKS, check_op

REFERENCES: dict[str, Any] = {
    "rough_erf": mpmath.erf,
    "lossy_log1p": mpmath.log1p,
    "lost_tanh": mpmath.tanh,
    "lost_normal_cdf": mpmath.ncdf,
    "unnormalised_logsumexp": lambda *xs: mpmath.log(mpmath.fsum(map(mpmath.exp, xs))),
}


def _captured_intermediate() -> Op:
    kept = [0.0]

    def forward(x: float) -> float:
        kept[0] = math.exp(x)
        return kept[0]

    return Op("captured_intermediate", forward, (lambda out, x: kept[0],))


def _leaking() -> Op:
    seen: list[float] = []

    def forward(x: float) -> float:
        seen.append(x)
        return 2.0 * x

    return Op("leaking", forward, (lambda out, x: 2.0,))


def _drifting() -> Op:
    count = [0]

    def forward(x: float) -> float:
        count[0] += 1
        return 2.0 * x if count[0] < 400 else 2.0 * x + 1e-9

    return Op("drifting", forward, (lambda out, x: 2.0,))


def _alternating() -> Op:
    count = [0]

    def partial(out: Any, x: Any) -> Any:
        count[0] += 1
        return 2.0 + count[0] % 2

    return Op("alternating", lambda x: 2.0 * x, (partial,))


def _rough_erf(x: float) -> float:
    """Abramowitz and Stegun 7.1.26, good to 1.5e-7 only."""
    t = 1.0 / (1.0 + 0.3275911 * abs(x))
    series = (0.254829592, -0.284496736, 1.421413741, -1.453152027, 1.061405429)
    y = 1.0 - sum(c * t ** (k + 1) for k, c in enumerate(series)) * math.exp(-x * x)
    return math.copysign(y, x)


def _half(x: float) -> float:
    return 0.5 * math.erf(x * math.sqrt(0.5))


def _refuse_large(x: float) -> float:
    if abs(x) > 1e3:
        raise ValueError("too large")
    return math.atan(x)


def _number(x: Any) -> Any:
    return x.data if isinstance(x, Value) else x


BROKEN: list[tuple[str, Op]] = [
    ("partials", Op("wrong_sign", math.tanh, (lambda out, x: out * out - 1.0,))),
    ("tails", Op("lost_tanh", math.tanh, (lambda out, x: 1.0 - out * out,))),
    (
        "tails",
        Op(
            "lost_normal_cdf",
            lambda x: 0.5 * math.erfc(-x * math.sqrt(0.5)),
            (
                lambda out, x: (
                    math.exp(-0.5 * x * x) / math.sqrt(2.0 * math.pi) + out - 0.5 - _half(x)
                ),
            ),
        ),
    ),
    (
        "tails",
        Op(
            "unnormalised_logsumexp",
            ops.logsumexp.forward,
            lambda out, *xs: tuple(ops.exp(x - out) for x in xs),
        ),
    ),
    ("partials", Op("wrong_factor", math.sqrt, (lambda out, x: 1.0 / out,), domain="[0, inf)")),
    ("partials", Op("wrong_below_zero", lambda x: x * abs(x), (lambda out, x: 2.0 * x,))),
    (
        "partials",
        Op(
            "swapped_partials",
            lambda x, y: x * x * y,
            (lambda out, x, y: x * x, lambda out, x, y: 2.0 * x * y),
        ),
    ),
    (
        "second",
        Op("detached", lambda x: x * x * x, (lambda out, x: 3.0 * x * _number(x),)),
    ),
    (
        "second",
        Op(
            "power_flat_at_0",
            lambda x, y: x**y,
            (
                lambda out, x, y: y * x ** (y - ops.select(y, 1.0, 0.0)),
                lambda out, x, y: out * ops.log(x),
            ),
            domain=("(0, inf)", "(-inf, inf)"),
        ),
    ),
    (
        "kinks",
        Op(
            "off_at_kink",
            abs,
            (lambda out, x: ops.select(x, ops.gt(x, 0.0) - ops.lt(x, 0.0), 2.0),),
            kink=lambda x: x,
        ),
    ),
    (
        "kinks",
        Op("undeclared_kink", lambda x: max(x, 0.1 * x), (lambda out, x: out / x,)),
    ),
    ("kinks", Op("undeclared_jump", lambda x: 1.0 if x > 0 else 0.0, (lambda out, x: 0.0,))),
    (
        "purity",
        Op("noisy", lambda x: x + random.random() * 1e-9, (lambda out, x: 1.0,)),
    ),
    ("purity", _drifting()),
    ("modes", _alternating()),
    ("captures", _captured_intermediate()),
    ("leaks", _leaking()),
    (
        "overflow",
        Op(
            "naive_sigmoid",
            lambda x: 1.0 / (1.0 + ops.exp(-x)),
            (lambda out, x: out * (1.0 - out),),
        ),
    ),
    (
        "overflow",
        Op(
            "naive_sigmoid_on_floats",
            lambda x: 1.0 / (1.0 + math.exp(-x)),
            (lambda out, x: out * (1.0 - out),),
        ),
    ),
    (
        "overflow",
        Op(
            "naive_softplus_slope",
            lambda x: ops.softplus(x),
            (lambda out, x: ops.exp(x) / (1.0 + ops.exp(x)),),
        ),
    ),
    ("overflow", Op("refuses_large", _refuse_large, (lambda out, x: 1.0 / (1.0 + x * x),))),
    (
        "arity",
        Op("takes_any_number", lambda *xs: xs[0], (lambda out, x, y: 1.0, lambda out, x, y: 0.0)),
    ),
    (
        "arity",
        Op("one_partial_short", lambda *xs: sum(xs), lambda out, *xs: (1.0,) * (len(xs) - 1)),
    ),
    ("arity", Op("gives_a_bool", lambda x: x > 0.0, (lambda out, x: 0.0,), kink=lambda x: x)),
    ("generic", Op("on_floats_alone", math.sin, (lambda out, x: math.cos(x),))),
    ("generic", Op("branching_partial", abs, (lambda out, x: 1.0 if x > 0 else -1.0,))),
    (
        "nonfinite",
        Op("hides_nan", lambda x: max(0.0, x), (lambda out, x: ops.gt(x, 0.0),), kink=lambda x: x),
    ),
    (
        "nonfinite",
        Op(
            "wrong_at_infinity",
            lambda x: 0.0 if math.isinf(x) else math.tanh(x),
            (lambda out, x: 1.0 - out * out,),
        ),
    ),
    (
        "zeros",
        Op(
            "sign_of_zero", lambda x: math.copysign(1.0, x), (lambda out, x: 0.0,), kink=lambda x: x
        ),
    ),
    (
        "borders",
        Op("log_at_zero", math.log, (lambda out, x: 1.0 / x,), domain="[0, inf)"),
    ),
    (
        "forward",
        Op(
            "rough_erf",
            _rough_erf,
            (lambda out, x: 2.0 / math.sqrt(math.pi) * ops.exp(-x * x),),
        ),
    ),
    (
        "forward",
        Op(
            "lossy_log1p",
            lambda x: math.log(1.0 + x),
            (lambda out, x: 1.0 / (1.0 + x),),
            domain="(-1, inf)",
        ),
    ),
    (
        "compiled_float32",
        Op(
            "tiny_constant",
            lambda x: x / (abs(x) + 1e-60),
            (lambda out, x: 1e-60 / (abs(x) + 1e-60) / (abs(x) + 1e-60),),
        ),
    ),
    (
        "compiled_float64",
        Op(
            "other_on_symbols",
            lambda x: x * x if isinstance(x, float) else x * x * x,
            (lambda out, x: 2.0 * x,),
        ),
    ),
]


# Right as formulas, and failed by floating-point arithmetic at some operands.
FRAGILE = {
    "lost_tanh",
    "unnormalised_logsumexp",
    "naive_sigmoid",
    "naive_sigmoid_on_floats",
    "naive_softplus_slope",
    "hides_nan",
}


@pytest.mark.parametrize(
    ("check", "op"), [pytest.param(c, op, id=f"{op.name}-{c}") for c, op in BROKEN]
)
def test_a_broken_op_fails_the_check_that_is_meant_for_it(check: str, op: Op) -> None:
    result = check_op(op, reference=REFERENCES.get(op.name), checks=[check], strict=True)[check]
    assert result.verdict == "fail", result
    assert result.level == ("fragile" if op.name in FRAGILE else "wrong"), result
    assert "could not be run" not in result.reason, result


@pytest.mark.parametrize(
    ("check", "op"), [pytest.param(c, op, id=op.name) for c, op in BROKEN if op.name in FRAGILE]
)
def test_a_fragile_op_passes_with_advice_unless_the_checks_are_strict(check: str, op: Op) -> None:
    report = check_op(op, reference=REFERENCES.get(op.name), checks=[check])
    (result,) = report.checks
    assert report.passed
    assert (result.verdict, result.level, result.word) == ("pass", "fragile", "fragile")
    assert report.fragile == (result,)
    assert result.operands is not None
    assert ".py, line " in result.reason, "it says where"
    assert 'robust="' in result.reason, "and how to mend it"
    assert "1 passed (1 fragile), 0 failed" in str(report)


def test_full_marks_are_asked_for_where_they_are_promised_and_nowhere_else() -> None:
    def sigmoid(robust: str | None) -> Op:
        return Op(
            "naive_sigmoid",
            lambda x: 1.0 / (1.0 + ops.exp(-x)),
            (lambda out, x: out * (1.0 - out),),
            robust=robust,
        )

    checks = ["overflow", "tails"]
    assert [c.level for c in check_op(sigmoid(None), checks=checks).checks] == ["fragile"] * 2
    kept = check_op(sigmoid("(-5, 5)"), checks=checks, strict=True)
    assert [c.word for c in kept.checks] == ["pass", "pass"], kept
    broken = check_op(sigmoid("(-1e4, 5)"), checks=checks)
    assert [c.word for c in broken.checks] == ["fail", "pass"], broken
    assert "the op declares these operands robust" in broken["overflow"].reason


def test_a_robust_range_does_not_excuse_what_is_wrong() -> None:
    op = Op("off", lambda x: x * x, (lambda out, x: 2.0 * x + ops.gt(x, 6.0),), robust="(-1, 1)")
    assert check_op(op, checks=["partials"])["partials"].level == "wrong"


@pytest.mark.parametrize(
    ("partial", "line"),
    [
        (lambda out, x: 1.0 if x > 0 else -1.0, "1.0 if x > 0 else -1.0"),
        (lambda out, x: 0.0 if x == 0 else 2.0 * x, "0.0 if x == 0 else 2.0 * x"),
        (lambda out, x: 2.0 * float(x), "2.0 * float(x)"),
        (lambda out, x: math.cos(x), "math.cos(x)"),
        (lambda out, x: x and 1.0, "x and 1.0"),
    ],
)
def test_a_rule_that_looks_at_values_is_named_with_its_line(partial: Any, line: str) -> None:
    result = check_op(Op("looking", abs, (partial,)), checks=["generic"])["generic"]
    assert result.level == "wrong"
    number = partial.__code__.co_firstlineno
    assert f"test_broken_ops.py, line {number})" in result.reason
    assert line in result.reason


class Forgetful(Op):
    """An op that comes back from a pickle as another one."""

    def __reduce__(self) -> tuple[Any, ...]:
        return lookup, ("tanh",)


def test_an_op_that_does_not_survive_a_pickle_fails_the_check_pickling() -> None:
    op = Forgetful("forgetful", math.tanh, (lambda out, x: 1.0 - out * out,))
    register(op)
    try:
        result = check_op(op, checks=["pickling"])["pickling"]
    finally:
        unregister("forgetful")
    assert result.verdict == "fail"
    assert "comes back as another one" in result.reason


def test_every_check_has_an_op_that_it_catches() -> None:
    assert set(CHECKS) - {check for check, _ in BROKEN} == {"pickling"}


@pytest.mark.parametrize("name", ["wrong_below_zero", "swapped_partials", "wrong_sign"])
def test_a_failure_comes_with_shrunken_operands_both_numbers_and_a_snippet_that_shows_it(
    name: str,
) -> None:
    op = next(op for _, op in BROKEN if op.name == name)
    result = check_op(op, checks=["partials"])["partials"]
    assert result.operands is not None
    assert all(x == round(x) and abs(x) <= 2 for x in result.operands)
    call = result.snippet.splitlines()[-1]
    assert eval(call, {name: op}) == result.got  # noqa: S307 - the line that was just written
    assert result.got != result.expected

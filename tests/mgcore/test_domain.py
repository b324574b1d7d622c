import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mgcore import Op
from mgcore.domain import REALS, parse_domain
from mgcore.errors import OpDefinitionError


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        ("(0, inf)", [5e-324, 1.0, 1e308], [0.0, -0.0, -1.0, math.inf]),
        ("[0, inf)", [0.0, -0.0], [-5e-324]),
        ("(-inf, 0) | (0, inf)", [-1.0, 1.0], [0.0]),
        ("[-1/e, inf)", [-0.36], [-0.37]),
        ("(-pi/2, pi/2)", [1.57, -1.57], [1.58]),
        ("[-1e3, 2.5]", [-1000.0, 2.5], [2.6]),
        (" [ 1 , 1 ] ", [1.0], [1.1]),
    ],
)
def test_a_domain_holds_the_numbers_of_its_intervals(
    text: str, inside: list[float], outside: list[float]
) -> None:
    domain = parse_domain(text)
    assert all(x in domain for x in inside)
    assert not any(x in domain for x in outside)
    assert math.nan not in domain


def test_borders_are_the_finite_ends_and_extremes_are_the_ends_that_floats_have() -> None:
    domain = parse_domain("(-inf, 0) | (0, 2]")
    assert domain.borders == (0.0, 2.0)
    assert domain.intervals[0].smallest == -1.7976931348623157e308
    assert domain.intervals[0].largest == -5e-324
    assert domain.intervals[1].largest == 2.0
    assert REALS.borders == ()


@given(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6))
def test_membership_agrees_with_comparison(a: float, x: float) -> None:
    domain = parse_domain(f"[{a:.17g}, inf)") if abs(a) > 1e-4 else parse_domain("[0, inf)")
    low = a if abs(a) > 1e-4 else 0.0
    assert (x in domain) == (x >= low)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("(1, 0)", "no number lies in"),
        ("(0, 0)", "no number lies in"),
        ("[inf, inf]", "no number lies in"),
        ("x > 0", "is no interval"),
        ("(0 inf)", "is no interval"),
        ("(0, inf) | ", "is no interval"),
        ("", "is no interval"),
        (3, "must be a string"),
    ],
)
def test_a_bad_domain_is_refused_with_op_operand_text_and_place(text: str, said: str) -> None:
    with pytest.raises(OpDefinitionError, match=said) as caught:
        Op("half_log", math.log, (lambda out, x: 1.0 / x,), domain=(text,))
    assert "operand 0 of half_log" in str(caught.value)
    assert repr(text) in str(caught.value)
    assert "test_domain.py, line" in str(caught.value)

"""Where the convention for zeros decides: expressions, points, and what their derivatives are.

Each number was found by hand, as the derivative of the function on the side where it is defined, or
is the price of the convention and says so. ``None`` for a Hessian stands where the convention
promises nothing. The convention itself stands in docs/derivatives.md.
"""

import math
from collections.abc import Callable
from typing import Any

import attrs

from mgcore import ops

__all__ = ["CASES", "Case"]


@attrs.frozen
class Case:
    """Hold an expression of n numbers, a point, and the derivatives there.

    Args:
        name: for node ids.
        function: of n Values, or n symbols.
        point: n numbers.
        gradient: n numbers.
        hessian: n rows of n numbers, or None.

    """

    name: str
    function: Callable[..., Any]
    point: tuple[float, ...]
    gradient: tuple[float, ...]
    hessian: tuple[tuple[float, ...], ...] | None


FLAT = ((0.0, 0.0), (0.0, 0.0))

CASES = (
    # u*u + v*v; that the second derivatives are lost at 0 is a price of the convention.
    Case("norm_squared", lambda u, v: ops.sqrt(u * u + v * v) ** 2, (0, 0), (0, 0), None),
    # x**1.5, whose second derivative 0.75/sqrt(x) grows without bound.
    Case("x_root_x", lambda x: x * x**0.5, (0,), (0,), ((math.inf,),)),
    # Constant near the point.
    Case(
        "guarded_norm",
        lambda x, y: ops.maximum(ops.sqrt(x * x + y * y), 1e-10),
        (0, 0),
        (0, 0),
        FLAT,
    ),
    # 0 for all w < 0.
    Case("switched_off", lambda w, x: ops.relu(w) * ops.sqrt(x), (-1, 0), (0, 0), FLAT),
    Case("times_zero", lambda x: 0.0 * ops.sqrt(x), (0,), (0,), ((0,),)),
    # The other branch is a constant, or 3x.
    Case(
        "untaken_root_at_its_border",
        lambda x: ops.select(ops.gt(x, 0.0), ops.sqrt(x), 0.0),
        (0,),
        (0,),
        ((0,),),
    ),
    Case(
        "untaken_root_outside",
        lambda x: ops.select(ops.gt(x, 0.0), ops.sqrt(x), 0.0),
        (-1,),
        (0,),
        ((0,),),
    ),
    Case(
        "untaken_logarithm",
        lambda x: ops.select(ops.gt(x, 0.0), ops.log(x), 3.0 * x),
        (-1,),
        (3,),
        ((0,),),
    ),
    Case(
        "untaken_division",
        lambda x, y: ops.select(x, y / x, x * y),
        (0, 2),
        (2, 0),
        ((0, 1), (1, 0)),
    ),
    Case(
        "untaken_overflow",
        lambda x: ops.select(ops.lt(x, 10.0), ops.exp(x), x * x),
        (1000,),
        (2000,),
        ((2,),),
    ),
    # 0 for all x < 0.
    Case(
        "clipped_entropy",
        lambda x: ops.maximum(x, 0.0) * ops.log(ops.maximum(x, 1e-300)),
        (-1,),
        (0,),
        ((0,),),
    ),
    # A power of a negative number: the exponent is no variable.
    Case("square_of_negative", lambda x: x**2, (-1,), (-2,), ((2,),)),
    Case("cube_of_negative", lambda x: x**3, (-2,), (12,), ((-12,),)),
    Case("square_of_zero", lambda x: x**2, (0,), (0,), ((2,),)),
    Case("power_nought_of_zero", lambda x: x**0, (0,), (0,), ((0,),)),
    Case("inverse_square", lambda x: x**-2, (-2,), (0.25,), ((0.375,),)),
    # At x = 0 both orders of the mixed derivative agree.
    Case("first_power_of_zero", lambda x, y: x**y, (0, 1), (1, 0), ((0, 1), (1, 0))),
    # sqrt(x) has no slope here, and abs'(0) = 0 hides it: the price of the convention.
    Case("hidden_slope", lambda x: abs(ops.sqrt(x)), (0,), (0,), None),
    # The zero stands below what is infinite, so nothing hides that there is no derivative.
    Case("root_of_square", lambda x: ops.sqrt(x * x), (0,), (math.nan,), None),
    Case("root_of_cube", lambda x: (x**3) ** (1 / 3), (0,), (math.nan,), None),
)
